"""A trained pipeline over a corpus of any size: chunks of its files in, shards with annotation out."""
