"""Fast training of a transformer on a CPU; knows nothing of blends."""
