"""DocBin corpora in and out: import, sampling, leak checks, label statistics, strict scores."""
