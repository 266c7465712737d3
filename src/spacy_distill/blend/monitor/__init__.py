"""What a blend is going to be and what it was: preview, log, record, pictures."""
