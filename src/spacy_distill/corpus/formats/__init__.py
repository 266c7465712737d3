"""Readers of foreign files, one module for each kind of format."""
