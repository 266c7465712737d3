"""Several annotated corpora of the same documents become one by vote, document by document."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin import read_docs, write_docs
from ..corpus.files import check_outputs
from ..corpus.provenance import RELABELLED, doc_id, record, views
from ..errors import DistillError
from ..tasks.annotation import Annotation
from ..tasks.base import Task, task_of
from ..tasks.votes import SAMPLE, VoteRule
from .committee import Committee

Key = tuple[str, int]  # A document's id or text, and how often it came before.


@dataclass
class VoteReport:
    """What a vote did to a corpus.

    items, places: what the task calls them.
    documents: number of documents.
    unlabelled: how many of them are wholly missing.
    size, missing: number of places, and how many of them are missing.
    found: items by view and label.
    voted: items of the result by label.
    negatives: items of the negative annotation made of rejected candidates.
    """

    items: str
    places: str
    documents: int = 0
    unlabelled: int = 0
    size: int = 0
    missing: int = 0
    found: dict[str, Counter[str]] = field(default_factory=dict)
    voted: Counter[str] = field(default_factory=Counter)
    negatives: int = 0

    def add(self, annotations: dict[str, Annotation], voted: Annotation) -> None:
        """Count one document."""
        self.documents += 1
        self.unlabelled += not voted.usable
        self.size += voted.size
        self.missing += len(voted.missing)
        self.voted.update(item.label for item in voted.items)
        for name, annotation in annotations.items():
            self.found.setdefault(name, Counter()).update(item.label for item in annotation.items)


class _Source(NamedTuple):
    """One corpus: its documents, and its views' names in the outcome by their names in it.

    voters: those of the views that vote.
    """

    docs: dict[Key, Doc]
    names: dict[str, str]
    voters: dict[str, str]


MAJORITY = VoteRule()


def vote(
    sources: Sequence[Path], out: Path, rule: VoteRule = MAJORITY, *, negatives: bool = False
) -> VoteReport:
    """Combine the views of one or several corpora by vote, and write the outcome.

    Documents are matched by their ids, or by their text where they have none or the files share no id; a view
    whose file lacks a document does not vote on it.

    sources: `.spacy` files with the views; one with several views will do.
    out: the file to write.
    rule: how to combine them.
    negatives: whether to make negative annotation of rejected candidates.
    RAISES DistillError: if there are fewer than two views, the files share no document, one of them has other
        tokens in two files, no document would get a label, or the file to write is there and was not made by
        a vote.
    """
    if not sources:
        raise DistillError("Give the views to vote on, and as the last path the file to write.")
    check_outputs([out], sources)
    check_result(out, "vote", "a vote")
    merged = merge_views(sources)
    if len(merged.names) < 2:
        raise DistillError(
            f"There is only one view to vote on: {', '.join(merged.names)}. Give the files of two or more, "
            "or one file whose documents hold several."
        )
    rule.needed(len(merged.names))
    task = merged.task
    report, voted = VoteReport(task.items, task.places), []
    for doc, annotations in merged.docs:
        result = task.combine(list(annotations.values()), rule)
        task.write_vote(doc, result, rule, annotations)
        if negatives:
            report.negatives += task.set_negatives(doc, merged.labels)
        report.add(annotations, result.annotation)
        voted.append(doc)
    if report.unlabelled == report.documents and not report.negatives:
        raise DistillError(
            f"None of the {report.documents} documents would get a label: too few of the views "
            f"{', '.join(merged.names)} have a usable answer on any of them. Nothing was written."
        )
    write_docs(voted, out)
    return report


class MergedViews(NamedTuple):
    """The views of one or several corpora, document by document.

    task: what they annotate.
    names: the views that vote.
    left_out: documents of further files that the first one lacks; 0 if they are taken too.
    labels: all labels that they use.
    docs: each document with the views of all its copies, and what each voter says of it.
    """

    task: Task
    names: list[str]
    left_out: int
    labels: list[str]
    docs: Iterator[tuple[Doc, dict[str, Annotation]]]


def merge_views(
    sources: Sequence[Path], committee: Committee | None = None, *, of_first: bool = False
) -> MergedViews:
    """Bring the views of one or several corpora together.

    Documents are matched by their ids, or by their text where they have none or the files share no id; a view
    whose file lacks a document says nothing of it.

    sources: `.spacy` files with the views; the labels of one without any are a view of their own. Text
        without labels says nothing.
    committee: of its task are documents without any annotation.
    of_first: whether only documents of the first file are taken.
    RAISES DistillError: if a file is named twice or holds no document, the files share none, or one has other
        tokens in two.
    """
    if repeated := [str(path) for path, n in Counter(path.resolve() for path in sources).items() if n > 1]:
        raise DistillError(f"{', '.join(repeated)}: named twice, and would vote twice. Name each file once.")
    corpora = _matched(sources)
    docs = [doc for corpus in corpora for doc in corpus.values()]
    task = task_of(docs, committee.task) if committee else task_of(docs)
    inputs = _rename(sources, corpora, task)
    names = [name for source in inputs for name in source.voters.values()]
    labels = sorted({item.label for doc in docs for item in task.read(doc).items})
    keys = dict.fromkeys(key for source in inputs for key in source.docs)
    left_out = len(keys) - len(inputs[0].docs) if of_first else 0
    keys = dict.fromkeys(inputs[0].docs) if of_first else keys
    return MergedViews(task, names, left_out, labels, (_merge(task, inputs, key) for key in keys))


def check_result(out: Path, made: str, maker: str) -> None:
    """Refuse to write over what may be a view: the last path is easily forgotten.

    made: what the record of a document has that such a command wrote.
    maker: what the command does, for the message.
    RAISES DistillError: if the file is there, and something else made it.
    """
    if out.is_file() and any(made not in record(doc) for doc in islice(read_docs(out, Vocab()), 1)):
        raise DistillError(
            f"{out} is there and was not made by {maker}. The last path is the file to write: "
            "name another one, or remove it first."
        )


def _matched(sources: Sequence[Path]) -> list[dict[Key, Doc]]:
    """The documents of each file by what they are matched by.

    RAISES DistillError: if there is no document in a file, or no two files share one.
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


def _rename(sources: Sequence[Path], corpora: Sequence[dict[Key, Doc]], task: Task) -> list[_Source]:
    """Number the views of which two files share a name."""
    taken: set[str] = set()
    renamed: list[_Source] = []
    for source, docs in zip(sources, corpora, strict=True):
        known = {name for doc in docs.values() for name in views(doc)}
        voting = _voters(known)
        if not voting and any(task.read(doc).usable for doc in docs.values()):
            voting = [source.stem]
        bases: dict[str, str] = {}
        for base in sorted({name.partition(SAMPLE)[0] for name in known.union(voting)}):
            bases[base] = _free(base, taken)
            taken.add(bases[base])
        names = {}
        for name in sorted(known.union(voting)):
            base, slash, sample = name.partition(SAMPLE)
            names[name] = bases[base] + slash + sample
        renamed.append(_Source(docs, names, {name: names[name] for name in voting}))
    return renamed


def _voters(names: set[str]) -> list[str]:
    """The views that vote.

    Samples of one prompt are represented by their view, unless a single view is all there is: then they vote.
    """
    whole = sorted(view for view in names if SAMPLE not in view)
    samples = sorted(names.difference(whole))
    return samples if samples and len(whole) == 1 else whole


def _free(name: str, taken: set[str]) -> str:
    number = 1
    while (made := f"{name}-{number}" if number > 1 else name) in taken:
        number += 1
    return made


def _merge(task: Task, sources: Sequence[_Source], key: Key) -> tuple[Doc, dict[str, Annotation]]:
    """One document with the views of all its copies, and what each voter says of it.

    A corpus with one voter votes with its documents' own annotation, so that what was masked or corrected by
    hand counts; not where relabelling made it, which is the word of others too.
    """
    first = next(source.docs[key] for source in sources if key in source.docs)
    made = task.make_bare(first, first.vocab)
    record(made).update({name: value for name, value in record(first).items() if name != "views"})
    annotations: dict[str, Annotation] = {}
    for source in sources:
        doc = source.docs.get(key)
        if doc is not None and [token.text for token in doc] != [token.text for token in made]:
            raise DistillError(
                f"The document {key[0][:60]!r} has other tokens in one file than in another. "
                "Vote on views of the same corpus."
            )
        for old, new in source.voters.items():
            if doc is None:
                annotations[new] = Annotation.unknown(task.size(made))
            else:
                own = len(source.voters) == 1 and RELABELLED not in record(doc)
                annotations[new] = task.read(doc) if own else task.read_view(doc, old)
        if doc is not None:
            task.copy_views(doc, made, source.names)
    kept = task.view_names(made)
    for name, annotation in annotations.items():
        if name not in kept:
            task.write_view(made, name, annotation, {} if annotation.usable else {"state": "absent"})
    return made, annotations
