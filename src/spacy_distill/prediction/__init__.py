"""A trained pipeline over a corpus of any size: chunks of its files in, shards with annotation out."""

from enum import StrEnum


class ShardFormat(StrEnum):
    """The formats of the output; the suffix of a shard is its name."""

    jsonl = "jsonl"
    parquet = "parquet"
    spacy = "spacy"
