"""Readers of foreign files: CoNLL columns, JSON Lines, plain text."""
