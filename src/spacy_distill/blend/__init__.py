"""Gold and distilled examples blended by a schedule while `spacy train` runs."""
