"""Annotations scored against gold, with intervals."""

from collections.abc import Iterable
from dataclasses import dataclass

from spacy.tokens import Doc

from ...corpus.scores import (
    PRF,
    RESAMPLES,
    Counts,
    Interval,
    PRFInterval,
    add_counts,
    bootstrap_scores,
    macro_f,
    micro,
    prf,
)
from ...tasks.ner.errors import count_pairs
from .annotation import Judged, judge
from .errors import Confusion, FrequentError, confusions, frequent_errors


@dataclass(frozen=True)
class Score:
    """Strict scores of one label, or of all.

    counts: True positives, false positives, false negatives.
    prf: Precision, recall, F1.
    intervals: Of the three, from resampled articles.
    """

    counts: Counts
    prf: PRF
    intervals: PRFInterval


@dataclass(frozen=True)
class Scores:
    """Strict scores of an annotation.

    labels: By label.
    micro: Of all labels together.
    macro_f, macro_interval: The mean of the labels' F1.
    """

    labels: dict[str, Score]
    micro: Score
    macro_f: float
    macro_interval: Interval


@dataclass(frozen=True)
class Quality:
    """An annotation against gold.

    name: "labels" or a view's name.
    documents: Documents that have gold.
    usable: Of these, those that the annotation says anything of.
    open: Gold entities over tokens that it leaves without a label.
    scores: Of what it says: open gold entities are set aside.
    all_scores: Open gold entities count as not found, as they do to spaCy's scorer.
    confusion: Gold against found labels.
    errors: The most frequent ones, most frequent first.
    """

    name: str
    documents: int
    usable: int
    open: int
    scores: Scores
    all_scores: Scores
    confusion: list[Confusion]
    errors: list[FrequentError]


def score(
    pairs: Iterable[tuple[Doc, Doc]], name: str, *, resamples: int = RESAMPLES, seed: int = 0
) -> Quality:
    """Score an annotation of some documents against gold.

    pairs: Gold and distilled document, at least one pair (`match_gold`).
    name: "labels", or a view's name.
    resamples: Resamples of the articles for the intervals.
    seed: Their seed.
    RETURNS: Scores, confusions and errors.
    """
    all_judged = [judge(gold, doc, name) for gold, doc in pairs]
    return Quality(
        name=name,
        documents=len(all_judged),
        usable=sum(one.usable for one in all_judged),
        open=sum(pair.kind == "open" for one in all_judged for pair in one.pairs),
        scores=_scores(all_judged, True, resamples, seed),
        all_scores=_scores(all_judged, False, resamples, seed),
        confusion=confusions(all_judged),
        errors=frequent_errors(all_judged),
    )


def _scores(all_judged: list[Judged], set_aside: bool, resamples: int, seed: int) -> Scores:
    per_doc = [count_pairs(one.pairs, set_aside=set_aside) for one in all_judged]
    counts = add_counts(per_doc)
    intervals = bootstrap_scores(per_doc, [one.article for one in all_judged], resamples=resamples, seed=seed)
    total = micro(counts)
    return Scores(
        labels={label: Score(c, prf(c), intervals.labels[label]) for label, c in counts.items()},
        micro=Score(total, prf(total), intervals.micro),
        macro_f=macro_f(counts),
        macro_interval=intervals.macro_f,
    )
