"""From a teacher's answers to labels to trust: audit, vote, clean."""
