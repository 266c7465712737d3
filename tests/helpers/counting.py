"""Counts, scores and the statistics of them, for tests of one of them."""

from spacy_distill.study.scoring import character_counts, count_items, score_models
from spacy_distill.study.statistics import ArmCounts, Resampler, claim, difference, holm, score_arm, t_test
from spacy_distill.tasks.scores import PRF, Counts, add_counts, bootstrap_scores, macro_f, micro, prf

__all__ = [
    "PRF",
    "ArmCounts",
    "Counts",
    "Resampler",
    "add_counts",
    "bootstrap_scores",
    "character_counts",
    "claim",
    "count_items",
    "difference",
    "holm",
    "macro_f",
    "micro",
    "prf",
    "score_arm",
    "score_models",
    "t_test",
]
