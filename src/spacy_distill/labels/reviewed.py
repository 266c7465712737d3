"""What people answered to a review becomes gold: checked against the pool, several reviewers together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..corpus.categories import complete_categories
from ..corpus.detect import files_of
from ..corpus.docbin import read_docs, write_docs
from ..corpus.exporting import ORIGIN
from ..corpus.files import check_outputs, source_name
from ..corpus.formats.base import ImportOptions
from ..corpus.importing import blank, format_of, read_source
from ..corpus.provenance import LABELS, REVIEW, doc_id, record
from ..corpus.text import ReadIssues
from ..errors import DistillError, shorten
from ..tasks.annotation import Annotation
from ..tasks.base import Task, find_task, set_task, task_of
from ..tasks.votes import VoteRule
from .review import pool_hash

# What a row says of its review.
FACTS = {"pool": str, "task": str, "labels": list, "documents": int}
AGREED = VoteRule("intersection", "missing")


@dataclass(frozen=True)
class Dispute:
    """A document that reviewers labelled differently.

    id: of the document, or how its text begins.
    said: by reviewer the items, in words.
    """

    id: str
    said: dict[str, str]


@dataclass
class ReviewedReport:
    """What became of people's answers.

    items: what the task calls them.
    reviewers: how many documents each answered, by the name of the file.
    skipped: answers that say that a document is to be skipped.
    open: documents in the files that have no answer yet.
    asked: how many documents the review has; 0 if the files do not say.
    written: documents of the gold corpus.
    disputes: those of them on which reviewers differ; what they differ in is missing.
    bad_rows: rows that could not be used and were left out, each with the reason.
    misfits: spans that do not fit token borders, which became missing.
    """

    items: str = ""
    reviewers: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    open: int = 0
    asked: int = 0
    written: int = 0
    disputes: list[Dispute] = field(default_factory=list)
    bad_rows: list[str] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)


DEFAULTS = ImportOptions()


def import_review(src: Path, out: Path, pool: Path, options: ImportOptions = DEFAULTS) -> ReviewedReport:
    """Read what people answered to a review of a pool, check it against the pool, and write it as gold.

    Where two files have a document, what both say is gold, and what they differ in is missing; each keeps
    what it said as a view, by the name of its file.

    src: a file of answers, or a folder with one for each reviewer, in any format.
    out: the `.spacy` file to write.
    pool: the corpus that was reviewed: tokens and origin of the documents are taken from there.
    options: how to read the files: format, language, fields, and whether bad rows are left out.
    RAISES DistillError: if a text is none of the pool's, a label is none of those that could be given, the
        answers are to another review, or nothing is done.
    """
    check_outputs([out], [src, pool])
    read = ImportOptions(options.format, options.lang, fields=options.fields, skip_bad=options.skip_bad)
    if options != read:
        raise DistillError("With --pool only --format, --lang, --skip-bad and fields can be given.")
    nlp = blank(options.lang)
    texts = list(read_docs(pool, nlp.vocab))
    nlp.tokenizer = _PoolTokenizer(texts, nlp.tokenizer)
    report = ReviewedReport()
    found: dict[str, list[Doc]] = {}
    for reviewer, file in _reviewers(src, options).items():
        issues = ReadIssues(options.skip_bad)
        found[reviewer] = list(read_source(file, nlp, options, issues))
        report.skipped += issues.rejected
        report.bad_rows += issues.skipped
        report.misfits += issues.misfits
    facts = [_facts(doc) for docs in found.values() for doc in docs]
    task = find_task(str(facts[0]["task"])) if facts and "task" in facts[0] else task_of(texts)
    report.items, report.asked = task.items, max((int(one.get("documents", 0)) for one in facts), default=0)
    offered = facts[0].get("labels", ()) if facts else ()
    places = _Places(texts, pool, task)
    answers: dict[int, dict[str, Annotation]] = {}
    for reviewer, docs in found.items():
        complete_categories(docs, {"one": False, "any": True}.get(task.marked), offered)
        report.reviewers[reviewer] = 0
        for i, doc in places.find(docs, reviewer):
            annotation = places.read(i, doc, reviewer)
            report.open += not annotation.usable
            if annotation.usable:
                report.reviewers[reviewer] += 1
                answers.setdefault(i, {})[reviewer] = annotation
    if not answers:
        raise DistillError(
            f"Nothing in {src} is gold: {report.skipped} documents were skipped, {report.open} are open. "
            "Accept documents on the page, and download it again."
        )
    report.written = write_docs([_gold(places, i, said, report) for i, said in sorted(answers.items())], out)
    return report


def _reviewers(src: Path, options: ImportOptions) -> dict[str, Path]:
    """The file of each reviewer, by its name without the ending.

    RAISES DistillError: if two files, of several folders or of other endings, have one name.
    """
    found: dict[str, Path] = {}
    for file in files_of(src, format_of(src, options)[0]):
        reviewer = Path(source_name(file)).stem
        if reviewer in found:
            raise DistillError(
                f"{found[reviewer]} and {file} would be one reviewer, {reviewer!r}. A reviewer is known by "
                "the file's name: rename one of them."
            )
        found[reviewer] = file
    return found


def _facts(doc: Doc) -> dict[str, Any]:
    """What a row says of the review that it answers; nothing if it was not written by `review`.

    RAISES DistillError: if that was changed by hand, and cannot be read.
    """
    facts = record(doc).get("meta", {}).get(REVIEW, {})
    if not isinstance(facts, dict):
        facts = {"pool": facts}
    for name, kind in FACTS.items():
        value = facts.get(name, kind())
        parts = value if isinstance(value, list) else []
        if not isinstance(value, kind) or not all(isinstance(part, str) for part in parts):
            raise DistillError(
                f"{doc_id(doc)!r}: in what the row says of its review {name} is {value!r}. Restore the "
                "row, or download it from the page again."
            )
    return facts


def _gold(places: "_Places", i: int, said: Mapping[str, Annotation], report: ReviewedReport) -> Doc:
    """A document with what all reviewers say of it; each one's own answer is kept if there are several."""
    task, doc = places.task, places.bare[i]
    task.write(doc, task.combine(list(said.values()), AGREED).annotation)
    if len(report.reviewers) > 1:
        for reviewer, annotation in said.items():
            task.write_view(doc, reviewer, annotation)
    if len(set(said.values())) > 1:
        words = {
            name: ", ".join(f"{shorten(task.text(doc, item))} {item.label}" for item in one.items)
            or "nothing"
            for name, one in said.items()
        }
        report.disputes.append(Dispute(doc_id(doc) or shorten(doc.text, length=40), words))
    return doc


class _PoolTokenizer:
    """Gives texts of a pool the tokens that they have there: tools that know no tokens lose them."""

    def __init__(self, docs: Sequence[Doc], other: Callable[[str], Doc]) -> None:
        self._docs, self._other = {doc.text: doc for doc in docs}, other

    def __call__(self, text: str) -> Doc:
        doc = self._docs.get(text)
        if doc is None:
            return self._other(text)
        return Doc(doc.vocab, [token.text for token in doc], [bool(token.whitespace_) for token in doc])


class _Places:
    """The documents of a pool, and how answers find theirs."""

    def __init__(self, docs: Sequence[Doc], path: Path, task: Task) -> None:
        self.task, self.path = task, path
        self.hash = pool_hash(docs)
        self.bare = [set_task(task.make_bare(doc, doc.vocab), task.name) for doc in docs]
        for doc, bare in zip(docs, self.bare, strict=True):
            record(bare).update({name: record(doc)[name] for name in ORIGIN if name in record(doc)})
        self._labels = {
            item.label
            for doc in docs
            for one in (task.read(doc), *(task.read_view(doc, name) for name in task.view_names(doc)))
            for item in one.items
        }
        self._by_id = {doc_id(doc): i for i, doc in enumerate(docs)}
        self._by_text: dict[str, list[int]] = {}
        for i, doc in enumerate(docs):
            self._by_text.setdefault(_spaced(doc), []).append(i)

    def find(self, docs: Sequence[Doc], reviewer: str) -> Iterator[tuple[int, Doc]]:
        """The place in the pool of each document: by its text, and of several by its id, or in order.

        RAISES DistillError: if a text is not in the pool, or the answers are to another pool.
        """
        taken: set[int] = set()
        for doc in docs:
            same, by_id = self._by_text.get(_spaced(doc), []), self._by_id.get(doc_id(doc))
            i = by_id if by_id in same else next((i for i in same if i not in taken), None)
            name, text = f"{reviewer}, {doc_id(doc)!r}", shorten(doc.text, length=60)
            if _facts(doc).get("pool", self.hash) != self.hash or not (same or by_id is not None):
                raise DistillError(
                    f"{name}: {text!r} answers a review of another pool than {self.path}. Give the corpus "
                    "that the review was made from as --pool."
                )
            if not same and by_id is not None:
                raise DistillError(
                    f"{name}: the text is {text!r}, and in {self.path} "
                    f"{shorten(self.bare[by_id].text, length=60)!r}. A review changes labels and no text: "
                    "restore it, or remove the row."
                )
            if i is None or i in taken:
                raise DistillError(
                    f"{name}: {text!r} is answered a second time. Remove one of the rows; of two reviewers "
                    "each has a file."
                )
            taken.add(i)
            yield i, doc

    def read(self, i: int, doc: Doc, reviewer: str) -> Annotation:
        """What an answer says, in the places of the pool's document.

        RAISES DistillError: if it has a label that could not be given.
        """
        facts, bare = _facts(doc), self.bare[i]
        allowed = set(facts.get("labels", self._labels))
        record(bare)[LABELS] = record(bare).get(LABELS) or record(doc).get(LABELS, ())
        annotation = self.task.project(self.task.read(doc), doc, bare)
        if unknown := sorted({item.label for item in annotation.items} - allowed):
            raise DistillError(
                f"{reviewer}, {doc_id(doc)!r}: the label {unknown[0]!r} is none of those that could be "
                f"given, {', '.join(sorted(allowed))}. Correct it, or make the review with --labels."
            )
        return annotation


def _spaced(doc: Doc) -> str:
    """A text by which documents of other tools are recognised: they change the space."""
    return " ".join(doc.text.split())
