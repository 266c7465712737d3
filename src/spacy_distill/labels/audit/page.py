"""The audit as a page for the browser."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from jinja2 import Environment, PackageLoader, StrictUndefined
from spacy.tokens import Doc
from spacy.util import filter_spans

from ...corpus.leaks import MIN_TOKENS
from ...corpus.provenance import article_id, doc_id, record, views
from ...corpus.sampling import sample
from ...corpus.scores import Key, judged
from .annotation import CHOSEN, Annotation, annotation, judge, view_state
from .errors import Confusion
from .report import Audit, Material

GOLD = "gold"
DISAGREE, UNUSABLE, OPEN = "disagree", "unusable", "open"


@dataclass(frozen=True)
class Piece:
    """A piece of a document's text.

    text: The text.
    label: The label of an entity; "" outside of one.
    mark: What is wrong with the entity, see `Pairing`; "open" for text left without a label; else "".
    reason: The teacher's own words for it, if it gave any.
    """

    text: str
    label: str = ""
    mark: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Row:
    """One annotation of a document: its name, the state of its answer, its text in pieces."""

    name: str
    state: str
    pieces: list[Piece]


@dataclass(frozen=True)
class Card:
    """One document on the page.

    id, article: Where it comes from.
    rows: Gold, if there is some, the views, the chosen labels.
    labels: All labels in it.
    marks: Kinds of error, each alone and with each label concerned: "type", "type:ORG", …
    """

    id: str
    article: str
    rows: list[Row]
    labels: list[str]
    marks: list[str]


def make_cards(material: Material, limit: int) -> tuple[list[Card], int]:
    """The documents to show: those in which something is wrong or in dispute, then others.

    material: The corpus and its gold.
    limit: How many to show at most. Of too many a random sample is shown.
    RETURNS: The documents in their order, and in how many something is wrong.
    """
    marks = {i: _marks(material, i) for i in range(len(material.docs))}
    order = [doc for i, doc in enumerate(material.docs) if marks[i]]
    rest = [doc for i, doc in enumerate(material.docs) if not marks[i]]
    wrong = len(order)
    shown = _at_most(order, limit)
    shown += _at_most(rest, limit - len(shown))
    chosen = {id(doc) for doc in shown}
    cards = [_card(material, i, marks[i]) for i, doc in enumerate(material.docs) if id(doc) in chosen]
    return cards, wrong


def _at_most(docs: list[Doc], limit: int) -> list[Doc]:
    return sample(docs, limit) if limit > 0 else []


def _card(material: Material, i: int, marks: list[str]) -> Card:
    doc, gold = material.docs[i], material.gold.get(i)
    rows = [_gold_row(gold, doc)] if gold is not None else []
    rows += [_row(doc, name, gold) for name in material.names]
    labels = {piece.label for row in rows for piece in row.pieces if piece.label}
    return Card(doc_id(doc) or str(i + 1), article_id(doc) or "", rows, sorted(labels), marks)


def _marks(material: Material, i: int) -> list[str]:
    """What a filter finds the document by: errors of its chosen labels, disputes, unusable answers."""
    doc, gold = material.docs[i], material.gold.get(i)
    marks: set[str] = set()
    said = [annotation(doc, name) for name in material.names]
    if any(not one.usable for one in said):
        marks.add(UNUSABLE)
    marks |= {f"{mark}{label}" for mark, labels in _disputes(said) for label in ["", *labels]}
    for pair in judge(gold, doc, CHOSEN).pairs if gold is not None else ():
        if pair.kind != "correct":
            labels = {f":{key[0]}" for key in (pair.gold, pair.found) if key is not None}
            marks |= {f"{pair.kind}{label}" for label in ["", *labels]}
    return sorted(marks)


def _disputes(said: list[Annotation]) -> Iterator[tuple[str, list[str]]]:
    """Where the views say different things of tokens that both speak of."""
    spoken = [one for one in said if one.usable and one.name != CHOSEN]
    for a, b in combinations(spoken, 2):
        open_ = a.open | b.open
        differing = set(a.spans) ^ set(b.spans)
        labels = {key[0] for key in differing if open_.isdisjoint(range(key[1], key[2]))}
        if labels:
            yield DISAGREE, [f":{label}" for label in sorted(labels)]


def _gold_row(gold: Doc, doc: Doc) -> Row:
    pairs = judge(gold, doc, CHOSEN).pairs
    wrong: dict[Key | None, str] = {
        pair.gold: pair.kind for pair in pairs if pair.gold is not None and pair.kind == "missed"
    }
    own = annotation(gold, CHOSEN)
    return Row(GOLD, "", list(_pieces(gold, own, wrong, {})))


def _row(doc: Doc, name: str, gold: Doc | None) -> Row:
    said = annotation(doc, name)
    kinds: dict[Key | None, str] = {}
    if gold is not None:
        found = {pair.found: pair.kind for pair in judge(gold, doc, name).pairs if pair.kind != "correct"}
        for span in said.spans:
            in_gold = next(judged(gold, doc, [span]), None)
            kinds[span] = found.get(in_gold, "") if in_gold is not None else ""
    reasons = {(start, end): text for start, end, text in views(doc).get(name, {}).get("reasons", ())}
    state = _state(doc, name)
    return Row(name, state, list(_pieces(doc, said, kinds, reasons)))


def _state(doc: Doc, name: str) -> str:
    if name != CHOSEN:
        return view_state(doc, name)
    return "ok" if doc.has_annotation("ENT_IOB") else "unlabelled"


def _pieces(
    doc: Doc, said: Annotation, marks: dict[Key | None, str], reasons: dict[tuple[int, int], str]
) -> Iterator[Piece]:
    """The text cut at the borders of entities and of open tokens; of overlapping entities the longest."""
    kept = filter_spans([doc[start:end] for _, start, end in said.spans])
    labels = {(start, end): (label, start, end) for label, start, end in said.spans}
    position = 0
    for span in kept:
        yield from _outside(doc, position, span.start, said.open)
        key = labels[span.start, span.end]
        reason = reasons.get((span.start, span.end), "")
        yield Piece(span.text, key[0], marks.get(key, ""), reason)
        if doc[span.end - 1].whitespace_:
            yield Piece(" ")
        position = span.end
    yield from _outside(doc, position, len(doc), said.open)


def _outside(doc: Doc, start: int, end: int, open_: Iterable[int]) -> Iterator[Piece]:
    left_open = set(open_)
    text, is_open = "", False
    for token in doc[start:end]:
        if (token.i in left_open) != is_open and text:
            yield Piece(text, mark=OPEN if is_open else "")
            text = ""
        is_open = token.i in left_open
        text += token.text_with_ws
    if text:
        yield Piece(text, mark=OPEN if is_open else "")


# In words, as filters, tables and tool tips show them.
KINDS = {
    "type": "wrong label",
    "boundary": "wrong borders",
    "both": "wrong label and borders",
    "missed": "not found",
    "spurious": "not an entity",
    OPEN: "left open",
    DISAGREE: "views disagree",
    UNUSABLE: "no usable answer",
}
# Hues that stay apart for most kinds of colour vision; the label stands beside each colour.
HUES = (215, 28, 150, 285, 350, 185, 55, 120, 255, 320)


def render_page(audit: Audit, material: Material, *, show: int = 1000) -> str:
    """Make the page.

    audit: What was found.
    material: The documents to show.
    show: How many of them at most.
    RETURNS: HTML. All text of the corpus is escaped; nothing is loaded from elsewhere.
    """
    environment = Environment(
        loader=PackageLoader("spacy_distill.labels.audit"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cards, wrong = make_cards(material, show)
    labels = sorted({label for card in cards for label in card.labels})
    shown_marks = {mark for card in cards for mark in card.marks}
    return environment.get_template("page.html.jinja").render(
        audit=audit,
        cards=cards,
        wrong=wrong,
        labels=labels,
        hues={label: HUES[i % len(HUES)] for i, label in enumerate(labels)},
        kinds=KINDS,
        filters={kind: name for kind, name in KINDS.items() if kind in shown_marks},
        matrices={quality.name: matrix(quality.confusion) for quality in audit.gold.quality}
        if audit.gold
        else {},
        titled={CHOSEN: chosen_title(material.docs)},
        min_tokens=MIN_TOKENS,
        percent=lambda value: f"{100 * value:.1f}",
        kappa=lambda value: "–" if value is None else f"{value:.2f}",
    )


def chosen_title(docs: Iterable[Doc]) -> str:
    """What the page calls the documents' own entities: "cleaned", "voted" or "labels", as they were made."""
    made = {step for doc in docs for step in ("clean", "vote") if step in record(doc)}
    return "cleaned" if "clean" in made else "voted" if "vote" in made else CHOSEN


def matrix(cells: list[Confusion]) -> tuple[list[str], list[list[Confusion]]]:
    """Confusions as a square.

    RETURNS: Names of rows (gold) and columns (found), with "" last,
        and the rows.
    """
    names = [*sorted({name for cell in cells for name in (cell.gold, cell.found)} - {""}), ""]
    known = {(cell.gold, cell.found): cell for cell in cells}
    return names, [[known.get((g, f), Confusion(g, f, 0, 0)) for f in names] for g in names]
