"""How pages show annotation: a document's text with its items in colour, errors outlined."""

from collections.abc import Iterable, Mapping, Sequence
from zlib import crc32

from markupsafe import Markup
from spacy.tokens import Doc

from ..tasks.annotation import Annotation, Item, Pair, places_of
from ..tasks.base import Task

# Hues that stay apart for most kinds of colour vision; the label stands beside each colour.
HUES = (215, 28, 150, 285, 350, 185, 55, 120, 255, 320)
# With this start of the checksum the labels of CoNLL-2003 and WNUT-17 and the commonest of OntoNotes have
# hues of their own: so they are the same on a page that has but some of them.
START = 1398
ITEM = Markup('<mark class="ent{}" dir="auto" style="--hue: {}"{}>{}<i>{}</i></mark>')
TITLE = Markup(' title="{}"')
MISSING = Markup('<span class="missing">{}</span>')
# A page that includes it sets --tint, --tint-s, --edge, --bad and --soft.
STYLE = Markup("""\
.ent { background: hsl(var(--hue) var(--tint-s) var(--tint)); color: inherit; border-radius: 5px; \
padding: .12em .3em; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.ent i { font-style: normal; font-size: .68em; font-weight: 700; margin-inline-start: .45em; \
vertical-align: .1em; color: hsl(var(--hue) 70% var(--edge)); }
.ent.alone i { margin: 0; }
.ent.wrong { outline: 2px solid var(--bad); margin-inline: 3px; }
.ent.missed { outline: 2px dashed var(--bad); background: none; margin-inline: 3px; }
.ent[title] { cursor: help; }
.missing { border-bottom: 2px dotted var(--soft); color: var(--soft); }
""")


class Palette:
    """The hue of each label, in degrees: a label has the same one on all pages that show the same labels.

    labels: all labels of a page. Each has the hue that its name gives, or the next that is free.
    """

    def __init__(self, labels: Iterable[str] = ()) -> None:
        self._hues: dict[str, int] = {}
        for label in sorted(set(labels)):
            self.hue(label)

    def hue(self, label: str) -> int:
        """The hue of a label, the same at each call."""
        if label not in self._hues:
            first = crc32(label.encode(), START) % len(HUES)
            hues = HUES[first:] + HUES[:first]
            taken = set(self._hues.values())
            self._hues[label] = next((hue for hue in hues if hue not in taken), hues[0])
        return self._hues[label]


def highlight(
    task: Task,
    doc: Doc,
    annotation: Annotation,
    palette: Palette,
    errors: Mapping[Item, str] = {},
    reasons: Mapping[tuple[int, int], str] = {},
) -> Markup:
    """A document's text as HTML: items highlighted, missing places underlined.

    errors: kind of error of each item that is one; "missed" is drawn dashed, others solid.
    reasons: the teacher's own words for an item, by its first place and the one after the last.
    """
    html = Markup()
    for segment in task.segments(doc, annotation):
        if segment.item is not None:
            kind = errors.get(segment.item, "")
            outline = {"": "", "missed": " missed"}.get(kind, " wrong")
            said = ": ".join(filter(None, (task.kinds.get(kind, kind), reasons.get(segment.item[:2], ""))))
            title = TITLE.format(said) if said else ""
            label = segment.item.label
            # What stands on no characters of its own, such as a class of the document, stands before them.
            alone = "" if segment.text else " alone"
            html += ITEM.format(outline + alone, palette.hue(label), title, segment.text, label)
            html += " " if alone else ""
        else:
            html += MISSING.format(segment.text) if segment.missing else segment.text
    return html


def highlight_errors(task: Task, doc: Doc, pairs: Sequence[Pair], palette: Palette) -> Markup:
    """A gold document's text with what was found in it, the errors outlined.

    A gold item that was not found is drawn dashed, unless what was found overlaps it.
    """
    shown = {pair.found: pair.kind for pair in pairs if pair.found is not None}
    taken = places_of(shown)
    for pair in pairs:
        if pair.kind == "missed" and pair.gold and taken.isdisjoint(range(pair.gold.start, pair.gold.end)):
            shown[pair.gold] = pair.kind
    errors = {item: kind for item, kind in shown.items() if kind != "correct"}
    return highlight(task, doc, Annotation(task.size(doc), tuple(sorted(shown))), palette, errors)
