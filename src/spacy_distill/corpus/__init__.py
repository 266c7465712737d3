"""Corpora in and out: `.spacy` files, foreign formats, samples, duplicates, provenance, strict scores."""
