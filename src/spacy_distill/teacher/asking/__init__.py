"""Getting answers: requests, limits, money, retries, batches."""
