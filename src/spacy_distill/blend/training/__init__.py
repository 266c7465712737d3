"""Updates of the encoder: precision and optimizer."""
