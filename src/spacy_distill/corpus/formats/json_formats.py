"""Rows of JSON, of this package and of other tools: JSON Lines, doccano and Prodigy."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from spacy.language import Language
from spacy.tokens import Doc

from ...errors import DistillError
from ..categories import classes_of, open_classes, read_table
from ..entities import ENTITY_TASK, char_spans_of
from ..provenance import LABELS, TASK, record
from ..text import ReadIssues
from .base import PARTS, Format, Head, ImportOptions, write_text
from .rows import Row, answered, is_known, json_rows, read_rows, row_of

# Views of Prodigy in which everything that an annotator accepts is marked.
WHOLE_VIEWS = ("ner_manual", "spans_manual")
# Its view of one candidate at a time, which says nothing of the rest of the text.
CANDIDATE_VIEW = "ner"


class JsonLines(Format):
    """Rows with the fields of this package, and those of other tools that mean the same.

    drafts: whether suggestions can be written for a person to correct.
    """

    name: ClassVar[str] = "jsonl"
    about: ClassVar[str] = "JSON Lines, or a JSON list, with text or tokens, and spans or tags"
    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".json")
    drafts: ClassVar[bool] = False
    holds: ClassVar[frozenset[str]] = frozenset(PARTS)

    def recognise(self, head: Head) -> str:
        return "objects of JSON" if head.row else ""

    def read(
        self, file: Path, name: str, nlp: Language, options: ImportOptions, issues: ReadIssues
    ) -> Iterator[Doc]:
        def adapt(row: Row) -> Row:
            return self.adapt(row, options.fields.label)

        yield from read_rows(self.rows(file), file, name, nlp, issues, options.fields, adapt)

    def rows(self, file: Path) -> Iterator[tuple[int, str | Row]]:
        """The rows of a file with their numbers, parsed or not."""
        return json_rows(file)

    def adapt(self, row: Row, label: str | None) -> Row:
        """The row in the fields of this package.

        label: the field of the class, as it was asked for.
        RAISES DistillError: if it cannot be read.
        """
        return answered(row)

    def shape(self, doc: Doc, number: int) -> Row:
        """The row of a document.

        number: of the document in the file, from 1.
        """
        return row_of(doc)

    def draft(self, doc: Doc, number: int) -> Row:
        """The row of a document whose annotation is a suggestion, for a person to correct."""
        return self.shape(doc, number)

    def count(self, file: Path) -> int:
        return sum(1 for _ in self.rows(file))

    def write(self, docs: Sequence[Doc], out: Path) -> None:
        self.write_rows([self.shape(doc, number) for number, doc in enumerate(docs, start=1)], out)

    def write_drafts(self, docs: Sequence[Doc], out: Path) -> None:
        """Write documents for a person to correct: of missing places nothing is suggested."""
        self.write_rows([self.draft(doc, number) for number, doc in enumerate(docs, start=1)], out)

    def write_rows(self, rows: Sequence[Row], out: Path) -> None:
        """Write rows in the form of the format's files."""
        write_text((json.dumps(row, ensure_ascii=False) + "\n" for row in rows), out)


class Csv(JsonLines):
    """Tables with a header, whose columns are named as the fields of JSON Lines."""

    name: ClassVar[str] = "csv"
    about: ClassVar[str] = "a table with a header: text and class"
    endings: ClassVar[tuple[str, ...]] = (".csv",)
    written: ClassVar[bool] = False

    def recognise(self, head: Head) -> str:
        return "its name ends with .csv" if head.ending == ".csv" else ""

    def rows(self, file: Path) -> Iterator[tuple[int, str | Row]]:
        # In the tables of doccano, which have comments, # separates classes.
        joined = "Comments" in re.split(r"[,;\t|]", next(iter(Head(file).lines), "").strip())
        for number, row in read_table(file):
            split = {"label": row["label"].split("#")} if joined and "label" in row else {}
            yield number, row | split

    def adapt(self, row: Row, label: str | None) -> Row:
        if "annotation_id" in row and (label is None or str(row.get(label)).startswith(("[", "{"))):
            raise DistillError(
                "Label Studio's tables do not say what its columns are: export JSON or JSON_MIN, or name the "
                "column of a class with --label-field"
            )
        return row


class Doccano(JsonLines):
    """What doccano exports for sequence labelling, with relations or without, and imports."""

    name: ClassVar[str] = "doccano"
    about: ClassVar[str] = "doccano's JSONL, with `label`, `labels` or `entities`"
    drafts: ClassVar[bool] = True
    holds: ClassVar[frozenset[str]] = frozenset(PARTS) - {"tokens", "missing"}

    def recognise(self, head: Head) -> str:
        row = head.row
        if isinstance(row.get("relations"), list) and isinstance(row.get("entities"), list):
            return "entities beside relations"
        labels = row.get("labels") if row.get("label") is None else row["label"]
        if isinstance(labels, list) and "Comments" in row and "text" in row:
            return "Comments beside labels"
        lists = isinstance(labels, list) and all(isinstance(one, list) and len(one) == 3 for one in labels)
        return "lists of start, end and label" if lists and "text" in row and "tokens" not in row else ""

    def adapt(self, row: Row, label: str | None) -> Row:
        # They are about entities, and no annotation of ours.
        return {key: value for key, value in row.items() if key not in ("relations", "Comments")}

    def shape(self, doc: Doc, number: int) -> Row:
        row = row_of(doc)
        found: Row = {key: row[key] for key in ("id", "document", "text", "meta") if key in row}
        if doc.cats:
            return {**found, "label": classes_of(doc)}
        return {**found, "label": [list(span) for span in char_spans_of(doc)]} if is_known(doc) else found

    def problem(self, doc: Doc) -> str:
        if doc.cats and not classes_of(doc):
            return "it has none of the classes, which would become no entities"
        return whole_problem(doc)


class Prodigy(JsonLines):
    """What Prodigy exports (`db-out`) and imports (`db-in`)."""

    name: ClassVar[str] = "prodigy"
    about: ClassVar[str] = "Prodigy's JSONL, with `tokens`, `spans` and `answer`"
    drafts: ClassVar[bool] = True
    holds: ClassVar[frozenset[str]] = frozenset(PARTS) - {"missing"}

    def recognise(self, head: Head) -> str:
        for field in ("_task_hash", "_input_hash", "_view_id"):
            if field in head.row:
                return field
        tokens = head.row.get("tokens")
        objects = isinstance(tokens, list) and tokens and isinstance(tokens[0], dict)
        return "tokens as objects" if objects else ""

    def adapt(self, row: Row, label: str | None) -> Row:
        row = answered(row)
        view, spans, offered = row.get("_view_id"), row.get("spans"), row.get("label")
        if isinstance(offered, str) and not spans and row.get("answer") in ("accept", "reject"):
            # One class is offered, and chosen or not.
            return {**row, "label": None, "cats": {offered: row["answer"] == "accept"}, "answer": "accept"}
        if row.get("answer") == "accept" and not spans and view in WHOLE_VIEWS:
            return {**row, "spans": []}
        if view == CANDIDATE_VIEW and spans and isinstance(row.get("text"), str):
            return {**row, "missing": _between(spans, len(row["text"]))}
        return row

    def shape(self, doc: Doc, number: int) -> Row:
        row = row_of(doc)
        row["tokens"] = [
            {"text": token.text, "start": token.idx, "end": token.idx + len(token), "id": token.i}
            | {"ws": bool(token.whitespace_)}
            for token in doc
        ]
        if cats := row.pop("cats", None):
            row |= {"options": [{"id": label, "text": label} for label in cats], "accept": classes_of(doc)}
            row["answer"] = "accept"
        elif is_known(doc):
            first = {token.idx: token.i for token in doc}
            last = {token.idx + len(token): token.i for token in doc}
            row["spans"] = [
                {**span, "token_start": first[span["start"]], "token_end": last[span["end"]]}
                for span in row["spans"]
            ]
            row["answer"] = "accept"
        return row

    def draft(self, doc: Doc, number: int) -> Row:
        """Without an answer; with all classes to choose from."""
        row = self.shape(doc, number)
        offered = record(doc).get(LABELS, ())
        if offered and record(doc).get(TASK) != ENTITY_TASK:
            row["options"] = [{"id": label, "text": label} for label in offered]
        return {name: value for name, value in row.items() if name not in ("answer", "missing")}

    def problem(self, doc: Doc) -> str:
        return whole_problem(doc)


def whole_problem(doc: Doc) -> str:
    """Why classes cannot be a list of those that apply, which denies all others; empty if they can."""
    unknown = open_classes(doc) if doc.cats else []
    return f"nothing is known of the class {unknown[0]!r}, which would be denied" if unknown else ""


def _between(spans: list[Any], length: int) -> list[list[int]]:
    """The characters that no span covers."""
    edges = [0, *(edge for span in sorted((s["start"], s["end"]) for s in spans) for edge in span), length]
    return [[a, b] for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
