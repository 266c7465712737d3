"""Label Studio's JSON, whole and short."""

import json
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from spacy.tokens import Doc

from ...errors import DistillError
from ..categories import classes_of
from ..files import write_bytes
from .base import PARTS, Head
from .json_formats import JsonLines, whole_problem
from .rows import Row, is_known, json_rows, row_of

# What Label Studio's short export has beside the data.
SHORT_FIELDS = ("annotator", "annotation_id", "lead_time", "created_at", "updated_at")
REGIONS = ("labels", "hypertextlabels")
# Data that are no choice wherever they stand.
OWN_FIELDS = ("text", "doc_id", "document")


class LabelStudio(JsonLines):
    """What Label Studio exports as JSON, and imports."""

    name: ClassVar[str] = "labelstudio"
    about: ClassVar[str] = "Label Studio's JSON"
    drafts: ClassVar[bool] = True
    endings: ClassVar[tuple[str, ...]] = (".json", ".jsonl")
    holds: ClassVar[frozenset[str]] = frozenset(PARTS) - {"tokens", "missing"}

    def recognise(self, head: Head) -> str:
        tasks = isinstance(head.row.get("data"), dict) and {"annotations", "predictions"} & set(head.row)
        return "data beside annotations" if tasks else ""

    def adapt(self, row: Row, label: str | None) -> Row:
        data = row.get("data")
        if not isinstance(data, dict):
            raise DistillError('expected a task of Label Studio, an object with "data" and "annotations"')
        key, text = _only_text(data)
        found: Row = {**_origin(data, row), "text": text}
        annotations = row.get("annotations") or []
        kept = [one for one in annotations if not one.get("was_cancelled")]
        if annotations and not kept:
            return {**found, "answer": "ignore"}
        marked = [one for one in kept if one.get("ground_truth")]
        said = [_said(one.get("result") or [], text, label) for one in marked or kept]
        if any(one != said[0] for one in said[1:]):
            raise DistillError(
                f"{len(said)} annotations of {key!r} differ; mark the right one as ground truth"
            )
        return {**found, **said[0]} if said else found

    def shape(self, doc: Doc, number: int) -> Row:
        row = row_of(doc)
        names = {"text": "text", "doc_id": "id", "document": "document", "meta": "meta"}
        task: Row = {"id": number, "data": {key: row[name] for key, name in names.items() if name in row}}
        named = {"from_name": "label", "to_name": "text"}
        if doc.cats:
            result = [{**named, "type": "choices", "value": {"choices": classes_of(doc)}}]
        else:
            regions = [_region(span, doc.text) for span in row.get("spans", [])]
            result = [{**named, "type": "labels", "value": region} for region in regions]
        result = [{"id": f"{number}-{i}", **one} for i, one in enumerate(result)]
        annotated = bool(doc.cats) or is_known(doc)
        task["annotations"] = [{"id": number, "result": result}] if annotated else []
        return task

    def draft(self, doc: Doc, number: int) -> Row:
        """As a prediction, which is no annotation yet."""
        task = self.shape(doc, number)
        task["predictions"] = [{**one, "model_version": "spacy-distill"} for one in task.pop("annotations")]
        return task

    def problem(self, doc: Doc) -> str:
        return whole_problem(doc)

    def write_rows(self, rows: Sequence[Row], out: Path) -> None:
        write_bytes(json.dumps(rows, ensure_ascii=False, indent=1).encode(), out)


class LabelStudioShort(LabelStudio):
    """What Label Studio exports as JSON_MIN: the data of each task, and its regions."""

    name: ClassVar[str] = "labelstudio-min"
    about: ClassVar[str] = "Label Studio's JSON_MIN"
    drafts: ClassVar[bool] = False

    def recognise(self, head: Head) -> str:
        return next((field for field in SHORT_FIELDS if field in head.row and "data" not in head.row), "")

    def rows(self, file: Path) -> Iterator[tuple[int, str | Row]]:
        found = list(json_rows(file))
        rows = [row for _, row in found if isinstance(row, dict)]
        regions = {key for row in rows for key, value in row.items() if _is_regions(value)}
        for number, given in found:
            yield number, _whole(given, regions) if isinstance(given, dict) else given

    def shape(self, doc: Doc, number: int) -> Row:
        task = super().shape(doc, number)
        row: Row = {**task["data"], "id": number}
        if task["annotations"]:
            values = [one["value"] for one in task["annotations"][0]["result"]]
            chosen = values[0]["choices"] if doc.cats else []
            # One choice stands alone.
            label = chosen[0] if len(chosen) == 1 else values[0] if doc.cats else values
            row |= {"label": label} if values else {}
            row |= {"annotator": 1, "annotation_id": number}
        return row


def _only_text(data: Row) -> tuple[str, str]:
    """The field of a task that has its text."""
    texts = [
        key
        for key, value in data.items()
        if isinstance(value, str) and key not in ("doc_id", "document", "id")
    ]
    key = "text" if "text" in texts else texts[0] if len(texts) == 1 else None
    if key is None:
        raise DistillError(
            f'expected "data" with "text", or with one field that is a string, found {sorted(data)}'
        )
    return key, data[key]


def _origin(data: Row, row: Row) -> Row:
    ids = {
        "id": data.get("doc_id", row.get("id")),
        "document": data.get("document"),
        "meta": data.get("meta"),
    }
    return {key: value for key, value in ids.items() if value is not None}


def _said(result: list[Any], text: str, label: str | None) -> Row:
    """What an annotation says: regions, or the choices for the whole task.

    label: the name of what to read, where there are several.
    """
    found = [one for one in result if isinstance(one, dict) and label in (None, one.get("from_name"))]
    # A choice with a place is of a region, not of the task.
    chosen = [
        one for one in found if one.get("type") == "choices" and "start" not in (one.get("value") or {})
    ]
    regions = _regions(found, text)
    names = sorted(
        {str(one.get("from_name")) for one in found if one in chosen or one.get("type") in REGIONS}
    )
    if chosen and (regions or len(chosen) > 1):
        raise DistillError(
            f"there are answers in {' and '.join(names)}; choose one of them with --label-field"
        )
    if chosen:
        return {label or "accept": sorted(chosen[0]["value"]["choices"])}
    return {"spans": regions} if found or label is None else {}


def _regions(result: list[Any], text: str) -> list[Row]:
    values = [one.get("value") for one in result if isinstance(one, dict) and one.get("type") in REGIONS]
    return sorted(_spans(values, text), key=lambda span: (span["start"], span["end"], span["label"]))


def _whole(row: Row, regions: Container[str]) -> Row:
    """A row of the short export as a task.

    What a person said stands behind the number of the task, beside data where these have such a field too.

    regions: the fields that have regions somewhere in the file.
    """
    names = list(row)
    first = names.index("id") if "id" in row else len(names)
    data, result = {}, []
    for at, (name, value) in enumerate(row.items()):
        if name in regions or _is_regions(value):
            result += [{"type": "labels", "from_name": name, "value": one} for one in value or ()]
        elif isinstance(value, dict) and "choices" in value:
            result.append({"type": "choices", "from_name": name, "value": value})
        elif (
            at > first and isinstance(value, str) and not regions and name not in (*SHORT_FIELDS, *OWN_FIELDS)
        ):
            result.append({"type": "choices", "from_name": name, "value": {"choices": [value]}})
        elif name not in SHORT_FIELDS:
            data[name] = value
    annotated = bool(result) or row.get("annotation_id") is not None
    return {"id": row.get("id"), "data": data, "annotations": [{"result": result}] if annotated else []}


def _is_regions(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(one, dict) and {"start", "end"} <= set(one) and set(REGIONS) & set(one)
            for one in value
        )
    )


def _spans(values: list[Any], text: str) -> list[Row]:
    """The spans of regions; a region with several labels is as many spans."""
    spans: list[Row] = []
    for value in values:
        labels = next((value[key] for key in REGIONS if isinstance(value, dict) and key in value), None)
        start, end = (value.get("start"), value.get("end")) if isinstance(value, dict) else (None, None)
        if isinstance(start, str):
            raise DistillError("regions in HTML are not read; annotate the plain text")
        if not isinstance(labels, list) or not isinstance(start, int) or not isinstance(end, int):
            raise DistillError(f"expected a region with start, end and labels, found {value!r}")
        start, end = _offsets(text, start, end, value.get("text"))
        spans += [{"start": start, "end": end, "label": label} for label in labels]
    return spans


def _offsets(text: str, start: int, end: int, said: Any) -> tuple[int, int]:
    """The characters of a region, checked by the text that it says it has.

    Old versions of Label Studio count as JavaScript does, where an emoji is two characters.
    """
    if not isinstance(said, str) or _same(text[start:end], said):
        return start, end
    units = text.encode("utf-16-le")
    before, inside = (
        units[2 * a : 2 * b].decode("utf-16-le", "replace") for a, b in ((0, start), (start, end))
    )
    if not _same(inside, said):
        raise DistillError(
            f"the region {said!r} does not stand at [{start}, {end}], where {text[start:end]!r} is"
        )
    return len(before), len(before) + len(inside)


def _same(a: str, b: str) -> bool:
    return "".join(a.split()) == "".join(b.replace("\\n", "\n").split())


def _region(span: Row, text: str) -> Row:
    start, end = span["start"], span["end"]
    return {"start": start, "end": end, "text": text[start:end], "labels": [span["label"]]}
