"""The corpus reader: sources, plan, draw, and the checks before a training."""
