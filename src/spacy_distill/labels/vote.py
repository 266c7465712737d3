"""Several annotated corpora of the same documents, brought together document by document."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs, write_docs
from ..corpus.provenance import REJECTED, VIEW_PREFIX, doc_id, record, views
from ..errors import DistillError
from ..tasks.ner.views import keep_rejected, set_negatives
from ..tasks.votes import SAMPLE, Ballot, Election, Tally, ballots_of, declare, voters

Key = tuple[str, int]  # A document's id or text, and how often it came before.


class _Party(NamedTuple):
    """One corpus that votes: its documents, what its views are to be called, and those of them that vote."""

    docs: dict[Key, Doc]
    names: dict[str, str]
    voters: dict[str, str]


def vote_files(sources: Sequence[Path], out: Path, election: Election, *, negatives: bool = False) -> Tally:
    """Combine the views of several corpora by vote.

    Documents are matched by their ids, or by their text where they have none or the files share no id; a view
    whose file lacks a document is silent on it.

    sources: `.spacy` files with the views; one with several views will do.
    out: The file to write.
    election: How to combine them.
    negatives: Whether to make negative annotation of rejected candidates.
    RETURNS: What was voted on and what came of it.
    RAISES DistillError: If there are fewer than two views, the files share no document, one of them has other
        tokens in two files, no document would get a label, or the file to write is there and was not made by
        a vote.
    """
    _check_out(out)
    parties = _parties(sources, _matched(sources))
    names = [name for party in parties for name in party.voters.values()]
    if len(names) < 2:
        raise DistillError(
            f"There is only one view to vote on: {', '.join(names)}. Give the files of two or more, "
            "or one file whose documents hold several."
        )
    election.needed(len(names))
    labels = sorted({ent.label_ for party in parties for doc in party.docs.values() for ent in doc.ents})
    tally, voted = Tally(), []
    for key in dict.fromkeys(key for party in parties for key in party.docs):
        doc, ballots = _merge(parties, key)
        verdict = election.hold(list(ballots.values()), len(doc))
        declare(doc, verdict, election, ballots)
        if negatives:
            tally.negatives += set_negatives(doc, labels)
        tally.add(ballots, verdict, len(doc))
        voted.append(doc)
    if tally.unlabelled == tally.documents and not tally.negatives:
        raise DistillError(
            f"None of the {tally.documents} documents would get a label: too few of the views "
            f"{', '.join(names)} have a usable answer on any of them. Nothing was written."
        )
    write_docs(voted, out)
    return tally


def _check_out(out: Path) -> None:
    """Refuse to write over what may be a view: the last path is easily forgotten."""
    if out.is_file() and any("vote" not in record(doc) for doc in islice(read_docs(out, Vocab()), 1)):
        raise DistillError(
            f"{out} is there and was not made by a vote. The last path is the file to write: "
            "name another one, or remove it first."
        )


def _matched(sources: Sequence[Path]) -> list[dict[Key, Doc]]:
    """The documents of each file by what they are matched by.

    RAISES DistillError: If there is no document in a file, or no two files share one.
    """
    vocab = Vocab()
    corpora = [list(read_docs(source, vocab)) for source in sources]
    if empty := [str(source) for source, docs in zip(sources, corpora, strict=True) if not docs]:
        raise DistillError(f"There is no document in {', '.join(empty)}.")
    for name in (lambda doc: doc_id(doc) or doc.text, lambda doc: doc.text):
        found = [_by_key(docs, name) for docs in corpora]
        if len(found) == 1 or max(Counter(key for docs in found for key in docs).values()) > 1:
            return found
    raise DistillError(
        f"{', '.join(map(str, sources))} share no document, neither by id nor by text. "
        "Vote on views of the same corpus."
    )


def _by_key(docs: Sequence[Doc], name: Callable[[Doc], str]) -> dict[Key, Doc]:
    seen: Counter[str] = Counter()
    found: dict[Key, Doc] = {}
    for doc in docs:
        key = name(doc)
        found[key, seen[key]] = doc
        seen[key] += 1
    return found


def _parties(sources: Sequence[Path], corpora: Sequence[dict[Key, Doc]]) -> list[_Party]:
    """The corpora with what their views are called from now on: numbered where two files share a name."""
    taken: set[str] = set()
    parties: list[_Party] = []
    for source, docs in zip(sources, corpora, strict=True):
        voting = voters(docs.values(), source.stem)
        known = {name for doc in docs.values() for name in views(doc)}
        free: dict[str, str] = {}
        for base in sorted({name.partition(SAMPLE)[0] for name in known.union(voting)}):
            free[base] = _free(base, taken)
            taken.add(free[base])
        names = {name: _renamed(name, free) for name in sorted(known.union(voting))}
        parties.append(_Party(docs, names, {name: names[name] for name in voting}))
    return parties


def _renamed(name: str, bases: dict[str, str]) -> str:
    base, slash, sample = name.partition(SAMPLE)
    return bases[base] + slash + sample


def _free(name: str, taken: set[str]) -> str:
    number = 1
    while (made := f"{name}-{number}" if number > 1 else name) in taken:
        number += 1
    return made


def _merge(parties: Sequence[_Party], key: Key) -> tuple[Doc, dict[str, Ballot | None]]:
    """One document with the views of all its copies, and their ballots."""
    first = next(party.docs[key] for party in parties if key in party.docs)
    words = [token.text for token in first]
    made = Doc(first.vocab, words, [bool(token.whitespace_) for token in first])
    record(made).update({name: value for name, value in record(first).items() if name != "views"})
    ballots: dict[str, Ballot | None] = {}
    rejected: list[Span] = []
    for party in parties:
        doc = party.docs.get(key)
        if doc is not None and [token.text for token in doc] != words:
            raise DistillError(
                f"The document {key[0][:60]!r} has other tokens in one file than in another. "
                "Vote on views of the same corpus."
            )
        cast = ballots_of(doc, list(party.voters)) if doc is not None else {}
        ballots |= {new: cast.get(old) for old, new in party.voters.items()}
        rejected += _move_views(doc, made, party.names) if doc is not None else []
    for name, ballot in ballots.items():
        if VIEW_PREFIX + name not in made.spans:
            spans = sorted(ballot.spans) if ballot else []
            made.spans[VIEW_PREFIX + name] = [Span(made, *place) for place in spans]
    keep_rejected(made, rejected)
    return made, ballots


def _move_views(source: Doc, target: Doc, names: dict[str, str]) -> list[Span]:
    """Copy a document's views under their new names; gives its rejected candidates."""
    for old, new in names.items():
        if old in views(source):
            views(target)[new] = views(source)[old]
        if VIEW_PREFIX + old in source.spans:
            target.spans[VIEW_PREFIX + new] = _copies(source, VIEW_PREFIX + old, target)
    return _copies(source, REJECTED, target)


def _copies(source: Doc, group: str, target: Doc) -> list[Span]:
    return [Span(target, span.start, span.end, span.label_) for span in source.spans.get(group, [])]
