"""The formats that predictions are written in."""

from enum import StrEnum


class Format(StrEnum):
    """The formats of the output; the suffix of a shard is its name."""

    jsonl = "jsonl"
    parquet = "parquet"
    spacy = "spacy"
