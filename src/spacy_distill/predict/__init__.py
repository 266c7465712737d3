"""A trained pipeline over a corpus of any size: pieces of its files in, shards with entities out."""
