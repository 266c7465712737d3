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
from spacy_distill.corpus.scores import Counts, micro, prf
from spacy_distill.labels.clean import quality
from spacy_distill.tasks.ner.alignment import Alignment, align
from spacy_distill.tasks.ner.candidates import Candidate
from spacy_distill.tasks.ner.mention_search import WordIndex
from spacy_distill.tasks.votes import Ballot, Election

ELECTIONS = {
    "union": Election("union"),
    "majority, disputed O": Election("majority", "O"),
    "majority, disputed missing": Election("majority", "missing"),
    "all agree, disputed O": Election("intersection", "O"),
    "all agree, disputed missing": Election("intersection", "missing"),
    "all agree, disputed by majority": Election("intersection", "majority"),
}


def main(data: Path) -> None:
    """Print both tables."""
    vocab = Vocab()
    prompts(data, vocab)
    thresholds(data, vocab)


def prompts(data: Path, vocab: Vocab) -> None:
    """Three prompts, alone and together, on the sentences that all of them have an answer to."""
    views: dict[str, dict[str, Ballot]] = {}
    gold: dict[str, Doc] = {}
    for prompt in PROMPTS:
        for item in conll_answers(data, prompt, vocab):
            name = item.gold.user_data["distill"]["id"]
            gold[name] = item.gold
            found = read(item.answer, [token.text for token in item.gold], "lines", CONLL)
            views.setdefault(name, {})[prompt] = ballot(found)
    views = {name: votes for name, votes in views.items() if len(votes) == len(PROMPTS)}
    print(f"CoNLL testb, {len(views)} sentences with answers to {', '.join(PROMPTS)}")
    header()
    for prompt in PROMPTS:
        alone = [(gold[name], labelled(gold[name], votes[prompt])) for name, votes in views.items()]
        report(f"{prompt} alone", alone)
    for title, election in ELECTIONS.items():
        voted = []
        for name, votes in views.items():
            verdict = election.hold(list(votes.values()), len(gold[name]))
            voted.append((gold[name], with_spans(gold[name], list(verdict.entities), set(verdict.missing))))
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


def ballot(found: Alignment) -> Ballot:
    """What one answer votes for."""
    return Ballot(frozenset((e.start, e.end, e.label) for e in found.entities), frozenset(found.missing))


def labelled(gold: Doc, view: Ballot) -> Doc:
    """The document as one view labels it."""
    return with_spans(gold, sorted(view.spans), set(view.unknown))


def header() -> None:
    """Print the table's head."""
    columns = "".join(f"{label:>14}" for label in CONLL.labels)
    print(f"{'':34}{'missing':>9}{'wrong':>8}{'P':>7}{'R':>6}{'F1':>6}{columns}   (P R of each label)")


def report(title: str, pairs: Iterable[tuple[Doc, Doc]]) -> None:
    """Print one row: over the tokens that were kept."""
    found = quality(pairs)
    total = prf(micro(found.counts))
    scores = [prf(found.counts.get(label, Counts())) for label in CONLL.labels]
    by_label = "".join(f"{100 * score.p:8.1f}{100 * score.r:6.1f}" for score in scores)
    print(
        f"  {title:32}{found.share_missing:9.2%}{found.error_rate:8.2%}"
        f"{100 * total.p:7.1f}{100 * total.r:6.1f}{100 * total.f:6.1f}{by_label}"
    )


if __name__ == "__main__":
    main(data_folder(__doc__ or ""))
