"""The audit as one HTML page that needs nothing else."""

from collections.abc import Iterable

from jinja2 import Environment, PackageLoader, StrictUndefined
from spacy.tokens import Doc

from ..provenance import record
from .annotation import CHOSEN
from .cards import DISAGREE, OPEN, UNUSABLE, make_cards
from .errors import Confusion
from .leaks import MIN_TOKENS
from .report import Audit, Material

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

    audit (Audit): What was found.
    material (Material): The documents to show.
    show (int): How many of them at most.
    RETURNS (str): HTML. All text of the corpus is escaped; nothing is loaded from elsewhere.
    """
    environment = Environment(
        loader=PackageLoader("spacy_distill.corpus.audit"),
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

    RETURNS (tuple[list[str], list[list[Confusion]]]): Names of rows (gold) and columns (found), with "" last,
        and the rows.
    """
    names = [*sorted({name for cell in cells for name in (cell.gold, cell.found)} - {""}), ""]
    known = {(cell.gold, cell.found): cell for cell in cells}
    return names, [[known.get((g, f), Confusion(g, f, 0, 0)) for f in names] for g in names]
