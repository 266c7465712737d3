"""Distil a large language model's knowledge into a small spaCy NER pipeline."""

__version__ = "0.1.0"
