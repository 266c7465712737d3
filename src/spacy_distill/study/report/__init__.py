"""Findings as a page, Markdown, CSV, a table and a model card."""
