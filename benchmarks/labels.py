"""What voting does for labels: precision and recall of kept tokens, the share left missing, the errors left.

python benchmarks/labels.py --data DIR
"""

import ast
from collections.abc import Iterable
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from parsing import read
from real_answers import CONLL, PROMPTS, WIKIGOLD, conll_answers, data_folder, wikigold_answers, with_spans
from spacy_distill import Annotation, Item, VoteRule
from spacy_distill.labels.clean import label_quality
from spacy_distill.tasks.base import find_task
from spacy_distill.tasks.ner.alignment import Alignment, align
from spacy_distill.tasks.ner.candidates import Candidate
from spacy_distill.tasks.ner.mention_search import WordIndex
from spacy_distill.tasks.scores import Counts, micro, prf

NER = find_task("ner")
RULES = {
    "union": VoteRule("union"),
    "majority, disputed O": VoteRule("majority", "O"),
    "majority, disputed missing": VoteRule("majority", "missing"),
    "all agree, disputed O": VoteRule("intersection", "O"),
    "all agree, disputed missing": VoteRule("intersection", "missing"),
    "all agree, disputed by majority": VoteRule("intersection", "majority"),
}


def main(data: Path) -> None:
    """Print both tables."""
    vocab = Vocab()
    prompts(data, vocab)
    thresholds(data, vocab)


def prompts(data: Path, vocab: Vocab) -> None:
    """Three prompts, alone and together, on the sentences that all of them have an answer to."""
    views: dict[str, dict[str, Annotation]] = {}
    gold: dict[str, Doc] = {}
    for prompt in PROMPTS:
        for item in conll_answers(data, prompt, vocab):
            name = item.gold.user_data["distill"]["id"]
            gold[name] = item.gold
            found = read(item.answer, [token.text for token in item.gold], CONLL)
            views.setdefault(name, {})[prompt] = annotation(len(item.gold), found)
    views = {name: votes for name, votes in views.items() if len(votes) == len(PROMPTS)}
    print(f"CoNLL testb, {len(views)} sentences with answers to {', '.join(PROMPTS)}")
    header()
    for prompt in PROMPTS:
        alone = [(gold[name], labelled(gold[name], votes[prompt])) for name, votes in views.items()]
        report(f"{prompt} alone", alone)
    for title, rule in RULES.items():
        voted = []
        for name, votes in views.items():
            result = NER.combine(list(votes.values()), rule)
            voted.append((gold[name], labelled(gold[name], result.annotation)))
        report(title, voted)


def thresholds(data: Path, vocab: Vocab) -> None:
    """The answers that five samples voted on, by the number of votes that an entity needs."""
    rows = list(wikigold_answers(data, "std_c5", vocab))
    print(f"\nWikiGold, {len(rows)} sentences, five samples; entities with fewer votes are O, or missing")
    header()
    for disputed in ("O", "missing"):
        for needed in range(2, 6):
            pairs = [(gold, by_votes(gold, row, needed, disputed == "missing")) for gold, row in rows]
            report(f"{needed} of 5 votes, else {disputed}", pairs)


def by_votes(gold: Doc, row: dict[str, dict[str, str]], needed: int, missing: bool) -> Doc:
    """The entities that have enough votes."""
    votes = ast.literal_eval(row["self_annotate"]["consistency_score"])["entities"]
    words = [token.text for token in gold]

    def found(keep: bool) -> Alignment:
        chosen = [Candidate(text, label, True) for (text, label), n in votes.items() if (n >= needed) is keep]
        return align(WordIndex(words), chosen, WIKIGOLD)

    entities = [(e.start, e.end, e.label) for e in found(True).entities]
    open_tokens = {i for e in found(False).entities for i in range(e.start, e.end)} if missing else set()
    return with_spans(gold, entities, open_tokens - {i for s, e, _ in entities for i in range(s, e)})


def annotation(size: int, found: Alignment) -> Annotation:
    """What one answer says."""
    items = sorted(Item(e.start, e.end, e.label) for e in found.entities)
    return Annotation(size, tuple(items), frozenset(found.missing))


def labelled(gold: Doc, view: Annotation) -> Doc:
    """The document as one view labels it."""
    return with_spans(gold, list(view.items), set(view.missing))


def header() -> None:
    """Print the table's head."""
    columns = "".join(f"{label:>14}" for label in CONLL.labels)
    print(f"{'':34}{'missing':>9}{'wrong':>8}{'P':>7}{'R':>6}{'F1':>6}{columns}   (P R of each label)")


def report(title: str, pairs: Iterable[tuple[Doc, Doc]]) -> None:
    """Print one row: over the tokens that were kept."""
    found = label_quality(NER, ((NER.read(gold), NER.read(doc)) for gold, doc in pairs))
    total = prf(micro(found.counts))
    scores = [prf(found.counts.get(label, Counts())) for label in CONLL.labels]
    by_label = "".join(f"{100 * score.p:8.1f}{100 * score.r:6.1f}" for score in scores)
    print(
        f"  {title:32}{found.missing / (found.places or 1):9.2%}{found.error_rate:8.2%}"
        f"{100 * total.p:7.1f}{100 * total.r:6.1f}{100 * total.f:6.1f}{by_label}"
    )


if __name__ == "__main__":
    main(data_folder(__doc__ or ""))
