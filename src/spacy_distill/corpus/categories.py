"""Classes of foreign files, put on a Doc: one a document, or any number."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from ..errors import DistillError
from .files import read_text
from .provenance import LABELS, TASK, record

# The tasks whose annotation `doc.cats` is.
EXCLUSIVE, MULTILABEL = "textcat", "textcat_multilabel"
# Fields that hold classes, as annotation tools and data sets call them.
CATEGORY_FIELDS = ("cats", "accept", "label", "labels", "category", "categories", "class")
# Those that hold spans or tags as well.
AMBIGUOUS = ("label", "labels")
# In the record of a document while it is read: whether all classes that it does not name are denied.
WHOLE = "whole"
# From this score on a class applies.
HALF = 0.5


@dataclass(frozen=True)
class CategoryFields:
    """Where a row has its text and its class.

    text: fields that make up the text, in this order; none: "text" alone.
    label: the field of the class or classes; None: one of the usual ones.
    names: the names of classes that are given as numbers from 0 on.
    multilabel: whether a document may have any number of classes; None: what it looks like.
    """

    text: tuple[str, ...] = ()
    label: str | None = None
    names: tuple[str, ...] = ()
    multilabel: bool | None = None


def set_categories(doc: Doc, row: Mapping[str, Any], fields: CategoryFields) -> str | None:
    """Set a row's classes, if it has some.

    `cats` says of each class whether it applies; other fields name those that do, and deny all others.

    RETURNS: the field that has them; None if there is none.
    RAISES DistillError: if they cannot be read.
    """
    name = fields.label or _field_of(row)
    if name is None or row.get(name) is None:
        return None
    value = row[name]
    if isinstance(value, dict):
        cats = {str(label): _score(label, score) for label, score in value.items()}
    else:
        named = value if isinstance(value, list) else [value]
        cats = dict.fromkeys((_label(label, name, fields.names) for label in named), 1.0)
    if name == "accept" and isinstance(row.get("options"), list):
        offered = [option.get("id") if isinstance(option, dict) else option for option in row["options"]]
        cats = {str(label): 0.0 for label in offered} | cats
    doc.cats = cats
    record(doc)[WHOLE] = not isinstance(value, dict)
    return name


def _field_of(row: Mapping[str, Any]) -> str | None:
    """The field of a row that holds classes, as far as its value shows; lists of spans and tags do not."""
    for name in CATEGORY_FIELDS:
        value = row.get(name)
        if isinstance(value, str | int) or (value is not None and name not in AMBIGUOUS):
            return name
        named = isinstance(value, list) and value and all(isinstance(one, str | int) for one in value)
        if named and "tokens" not in row:
            return name
    return None


def _label(value: Any, name: str, names: Sequence[str]) -> str:
    if isinstance(value, str) and value.isdigit() and names:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value < len(names):
            raise DistillError(
                f'the class in "{name}" is the number {value}: name all classes in their order with '
                "--label-names"
            )
        return names[value]
    if not isinstance(value, str) or not value.strip():
        raise DistillError(f'expected the name of a class in "{name}", found {value!r}')
    return value


def _score(label: Any, score: Any) -> float:
    if isinstance(score, bool | int | float) and score in (0, 1):
        return float(score)
    raise DistillError(f"expected 0 or 1, true or false for the class {label!r}, found {score!r}")


def classes_of(doc: Doc) -> list[str]:
    """The classes that apply to a document."""
    return [label for label, score in doc.cats.items() if score >= HALF]


def open_classes(doc: Doc) -> list[str]:
    """The classes of which a document says nothing, of those that it may have."""
    return [label for label in record(doc).get(LABELS, ()) if label not in doc.cats]


def is_exclusive(docs: Iterable[Doc]) -> bool:
    """Whether all documents that have classes have exactly one, as their corpus says."""
    return all(record(doc).get(TASK) == EXCLUSIVE for doc in docs if doc.cats)


def complete_categories(docs: Sequence[Doc], multilabel: bool | None, offered: Sequence[str] = ()) -> None:
    """Give all documents of a corpus that have classes the same task and labels.

    Beside them, documents with an empty list of labels are unlabelled.

    multilabel: whether any number of classes may apply; None: if some document has none or several.
    offered: of any number the classes that a person chose from: an empty list denies all of them.
    RAISES DistillError: if a document has not just one class, and may not; or has entities instead.
    """
    for doc in docs if multilabel and offered else ():
        if TASK in record(doc) and not doc.cats and not doc.ents:
            _leave_unlabelled(doc)
            doc.cats = dict.fromkeys(offered, 0.0)
    # What another command of this package wrote says itself what it is.
    own = [doc for doc in docs if (doc.cats or WHOLE in record(doc)) and TASK not in record(doc)]
    labels = sorted({label for doc in own for label in doc.cats})
    odd = next((doc for doc in own if sum(score >= HALF for score in doc.cats.values()) != 1), None)
    if multilabel is False and odd is not None:
        found = sorted(label for label, score in odd.cats.items() if score >= HALF)
        raise DistillError(
            f"The document {record(odd).get('id')!r} has the classes {found}, and exactly one is expected. "
            "Correct it, or import with --multilabel."
        )
    exclusive = odd is None and not multilabel
    for doc in docs if own else ():
        if doc.ents and not doc.cats:
            raise DistillError(
                f"The document {record(doc).get('id')!r} has entities, and others have classes. Import those "
                "with classes and those with entities as two files."
            )
        if not doc.cats and TASK in record(doc):
            _leave_unlabelled(doc)
    for doc in own:
        whole = record(doc).pop(WHOLE, False)
        if whole or exclusive:
            doc.cats = {label: doc.cats.get(label, 0.0) for label in labels}
        record(doc).update({TASK: EXCLUSIVE if exclusive else MULTILABEL, LABELS: tuple(labels)})


def _leave_unlabelled(doc: Doc) -> None:
    """Take an empty list of labels for what it is beside classes: nothing is known of entities."""
    doc.set_ents([], default="missing")
    del record(doc)[TASK]


def read_table(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a table with a header, CSV or TSV, by the names of its columns.

    path: the file, gzip or not.
    YIELDS: the number of a row's last line, and the row; a cell that is empty is not there.
    RAISES DistillError: if it has no header with several columns, or a row has more cells than it.
    """
    lines = read_text(path).splitlines(keepends=True)
    header = lines[0] if lines else ""
    delimiter = max(",\t;|", key=header.count)
    rows = csv.DictReader(lines, delimiter=delimiter, restkey="")
    if len(rows.fieldnames or ()) < 2:
        raise DistillError(f"{path} has no header with several columns, such as text,label: {header!r:.80}")
    for row in rows:
        if "" in row:
            raise DistillError(f"{path}, line {rows.line_num}: more cells than the header has columns.")
        yield rows.line_num, {name: cell for name, cell in row.items() if cell not in (None, "")}
