"""Runs, scores, statistics and the report."""
