"""The audit as a page for the browser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from markupsafe import Markup

from ..corpus.duplicates import MIN_TOKENS
from ..corpus.provenance import article_id, doc_id, record, views
from ..corpus.sampling import sample
from ..escapes import template_environment
from ..tasks.annotation import ERRORS, Annotation, Item
from .audit import CHOSEN, Audit, AuditedCorpus
from .highlighting import STYLE, Palette, highlight
from .quality import Confusion

TEMPLATES = Path(__file__).parent / "templates"
GOLD = "gold"
ERROR, MISSING, DISAGREE, UNUSABLE = "error", "missing", "disagree", "unusable"
KINDS = {MISSING: "missing", DISAGREE: "views disagree", UNUSABLE: "no usable answer"}


@dataclass(frozen=True)
class Row:
    """One annotation of a document: its name, the state of its answer, the text with its items.

    answer: what the model said, if it cannot be used.
    """

    name: str
    state: str
    html: Markup
    answer: str = ""


@dataclass(frozen=True)
class Card:
    """One document on the page.

    id, article: where it comes from.
    rows: gold, if there is some, the views, the document's own annotation.
    labels: all labels in it.
    marks: kinds of error, each alone and with each label concerned: "type", "type:ORG", …
    """

    id: str
    article: str
    rows: list[Row]
    labels: list[str]
    marks: list[str]


def render_page(audit: Audit, *, show: int = 1000) -> str:
    """Make the page.

    audit: what was found.
    show: how many documents are shown at most.
    RETURNS: HTML. All text of the corpus is escaped; nothing is loaded from elsewhere.
    """
    numbers = range(len(audit.audited.docs))
    marks = {number: _marks(audit.audited, number) for number in numbers}
    shown = _choose(marks, {number: _errors(audit.audited, number) for number in numbers}, show)
    # The colours do not depend on which documents are shown.
    palette = Palette({label for number in numbers for label in _labels(audit.audited, number)})
    labels = sorted({label for number in shown for label in _labels(audit.audited, number)})
    cards = [_card(audit.audited, number, marks[number], palette) for number in shown]
    kinds = {**audit.task.kinds, **KINDS}
    shown_marks = {mark for card in cards for mark in card.marks}
    return (
        template_environment(TEMPLATES, html=True)
        .get_template("audit.html.jinja")
        .render(
            audit=audit,
            task=audit.task,
            cards=cards,
            wrong=sum(map(bool, marks.values())),
            labels=labels,
            hue=palette.hue,
            style=STYLE,
            kinds=kinds,
            filters={
                kind: name for kind, name in {ERROR: "any error", **kinds}.items() if kind in shown_marks
            },
            matrices={quality.name: matrix(quality.confusion) for quality in audit.gold.quality}
            if audit.gold
            else {},
            titled={CHOSEN: _chosen_title(audit.audited)},
            min_tokens=MIN_TOKENS,
            percent=lambda value: f"{100 * value:.1f}",
            kappa=lambda value: "–" if value is None else f"{value:.2f}",
        )
    )


def _choose(marks: Mapping[int, list[str]], errors: Mapping[int, tuple[int, int]], limit: int) -> list[int]:
    """The documents to show: most errors first, then most missing, disputes, others; of too many a sample."""
    wrong = [number for number, found in marks.items() if found]
    chosen = sample(wrong, limit) if limit else []
    if len(chosen) < limit:
        chosen += sample([number for number, found in marks.items() if not found], limit - len(chosen))
    return sorted(chosen, key=lambda n: (*(-count for count in errors[n]), not marks[n], n))


def _errors(audited: AuditedCorpus, number: int) -> tuple[int, int]:
    """How many items of a document's own annotation are errors, and how many of gold are missing in it."""
    pairs = audited.compare(number, CHOSEN).pairs if number in audited.gold else ()
    return sum(pair.kind in ERRORS for pair in pairs), sum(pair.kind == "missing" for pair in pairs)


def _annotations(audited: AuditedCorpus, number: int) -> dict[str, Annotation]:
    return {name: audited.read(number, name) for name in audited.names}


def _labels(audited: AuditedCorpus, number: int) -> set[str]:
    known = list(_annotations(audited, number).values())
    if number in audited.gold:
        known.append(audited.task.read(audited.gold[number]))
    return {item.label for annotation in known for item in annotation.items}


def _marks(audited: AuditedCorpus, number: int) -> list[str]:
    """What a filter finds the document by: errors of its own annotation, disputes, unusable answers."""
    annotations = _annotations(audited, number)
    found: list[tuple[str, set[str]]] = [(UNUSABLE, set()) for one in annotations.values() if not one.usable]
    usable = [one for name, one in annotations.items() if one.usable and name != CHOSEN]
    for a, b in combinations(usable, 2):
        differing = set(a.items) ^ set(b.items)
        labels = {i.label for i in differing if not a.touches_missing(i) and not b.touches_missing(i)}
        if labels:
            found.append((DISAGREE, labels))
    for pair in audited.compare(number, CHOSEN).pairs if number in audited.gold else ():
        if pair.kind != "correct":
            labels = {item.label for item in pair.items}
            found += [(pair.kind, labels), *([(ERROR, labels)] if pair.kind in ERRORS else [])]
    return sorted({f"{mark}{label}" for mark, labels in found for label in ("", *(f":{n}" for n in labels))})


def _card(audited: AuditedCorpus, number: int, marks: list[str], palette: Palette) -> Card:
    doc = audited.docs[number]
    rows = [_gold_row(audited, number, palette)] if number in audited.gold else []
    rows += [_row(audited, number, name, palette) for name in audited.names]
    labels = sorted(_labels(audited, number))
    return Card(doc_id(doc) or str(number + 1), article_id(doc) or "", rows, labels, marks)


def _gold_row(audited: AuditedCorpus, number: int, palette: Palette) -> Row:
    task, gold = audited.task, audited.gold[number]
    pairs = audited.compare(number, CHOSEN).pairs
    errors = {pair.gold: pair.kind for pair in pairs if pair.gold is not None and pair.kind == "missed"}
    return Row(GOLD, "", highlight(task, gold, task.read(gold), palette, errors))


def _row(audited: AuditedCorpus, number: int, name: str, palette: Palette) -> Row:
    task, doc, annotation = audited.task, audited.docs[number], audited.read(number, name)
    errors: dict[Item, str] = {}
    if number in audited.gold:
        pairs = audited.compare(number, name).pairs
        wrong = {pair.found: pair.kind for pair in pairs if pair.found is not None and pair.kind != "correct"}
        for item in annotation.items:
            alone = Annotation(annotation.size, (item,))
            for there in task.project(alone, doc, audited.gold[number]).items:
                errors[item] = wrong.get(there, "")
    reasons = {(start, end): text for start, end, text in views(doc).get(name, {}).get("reasons", ())}
    # A view that says no more than the labels has no row of its own.
    own = [name] if name != CHOSEN else [view for view in views(doc) if view not in audited.names]
    said = "\n\n".join(filter(None, (str(views(doc).get(view, {}).get("answer", "")) for view in own)))
    html = highlight(task, doc, annotation, palette, errors, reasons)
    return Row(name, audited.state(number, name), html, said)


def _chosen_title(audited: AuditedCorpus) -> str:
    """What the page calls the documents' own annotation: "cleaned", "relabelled", "voted" or "labels"."""
    steps = {"clean": "cleaned", "relabel": "relabelled", "vote": "voted"}
    made = {step for doc in audited.docs for step in steps if step in record(doc)}
    return next((name for step, name in steps.items() if step in made), CHOSEN)


def matrix(cells: Sequence[Confusion]) -> tuple[list[str], list[list[Confusion]]]:
    """Confusions as a square.

    RETURNS: names of rows (gold) and columns (found), with "" last, and the rows.
    """
    names = [*sorted({name for cell in cells for name in (cell.gold, cell.found)} - {""}), ""]
    known = {(cell.gold, cell.found): cell for cell in cells}
    return names, [[known.get((g, f), Confusion(g, f, 0, 0)) for f in names] for g in names]
