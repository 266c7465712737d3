"""What finished runs say: scores, intervals, comparisons, lineage, cost."""
