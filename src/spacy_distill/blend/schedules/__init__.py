"""What share of a step is distilled, and at what rate it is learnt."""
