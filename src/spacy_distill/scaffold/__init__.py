"""A spaCy project of a user's own: what its data are, and the files to begin with."""
