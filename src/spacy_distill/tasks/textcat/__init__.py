"""Text classification: classes of documents."""
