"""From the text of an answer to spans of a document."""
