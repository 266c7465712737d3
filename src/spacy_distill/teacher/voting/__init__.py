"""Several views of a document in one annotation."""
