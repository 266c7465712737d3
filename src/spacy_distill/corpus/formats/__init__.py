"""Formats of files: each one is recognised by its content, read, and written."""
