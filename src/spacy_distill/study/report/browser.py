"""The browser of errors: sentences that some student got wrong, with all readings, drawn by displaCy."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape
from spacy.displacy.render import EntityRenderer
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...corpus.docbin import read_docs
from ...corpus.files import digest
from ...corpus.provenance import article_id
from ...tasks.ner.errors import Pairing, pair_spans
from ..corpora import HELDOUT_FILE, doc_key, heldout_teacher
from ..lineage import Piece, View, view_of
from ..results import HELDOUT, TEST, read_predictions
from ..run import PREDICTIONS
from ..runner import CORPORA
from ..summary import Summary

# Sentences shown of each corpus, those that most students got wrong first.
LIMIT = 120
KINDS = {
    "missed": "not found",
    "spurious": "not an entity",
    "type": "wrong label",
    "boundary": "wrong borders",
    "both": "wrong label and borders",
}
INHERITED, OWN = "inherited", "own"
# Hues that stay apart for most kinds of colour vision; the label stands beside each colour.
HUES = (215, 28, 150, 285, 350, 185, 55, 120, 255, 320)
MARK = '<mark class="ent{wrong}" style="--hue: {hue}" title="{title}">{text}<i>{label}</i></mark>'


@dataclass
class Reading:
    """What one or several arms' students (first seed) make of a sentence.

    names: Who reads it so: arms, or "gold", or "teacher …".
    html: The sentence with its entities.
    marks: Kinds of its errors, and with a teacher whether they are inherited or own.
    student: Whether it is a student's.
    """

    names: list[str]
    html: Markup
    marks: set[str] = field(default_factory=set)
    student: bool = False


@dataclass
class Sentence:
    """A sentence with all its readings, gold first.

    name: The corpus.
    id: The document.
    article: Its article.
    readings: The readings.
    labels: The labels concerned by errors.
    """

    name: str
    id: str
    article: str
    readings: list[Reading]
    labels: set[str]

    @property
    def marks(self) -> set[str]:
        """All kinds of errors of the students."""
        return set().union(*(reading.marks for reading in self.readings))

    @property
    def wrong(self) -> int:
        """How many arms got it wrong."""
        return sum(len(reading.names) for reading in self.readings if reading.marks)


@dataclass(frozen=True)
class Browser:
    """Sentences to look at.

    sentences: The sentences.
    total: How many sentences of each corpus some student got wrong.
    notes: What cannot be shown, and why.
    """

    sentences: Sequence[Sentence]
    total: Mapping[str, int]
    notes: Sequence[str] = ()


def make_browser(summary: Summary, limit: int = LIMIT) -> Browser | None:
    """Collect the sentences that some student got wrong.

    summary: A study whose folder and corpora are at hand.
    limit: Sentences of each corpus, at most.
    RETURNS: The sentences, and why some are not shown; None if the texts or the
        predictions are not at hand.
    """
    if summary.folder is None:
        return None
    sentences: list[Sentence] = []
    total: dict[str, int] = {}
    notes: list[str] = []
    corpora = {TEST: Path(summary.study.corpora.test), HELDOUT: summary.folder / CORPORA / HELDOUT_FILE}
    for name, path in corpora.items():
        if not path.exists():
            continue
        if not _is_unchanged(summary, name, path):
            notes.append(f"{path} is not what the runs were scored on, so its sentences are not shown.")
            continue
        docs, twins = _unambiguous(path)
        if twins:
            notes.append(f"{twins} documents of {path} share their id with another one and are not shown.")
        found = sorted(_sentences(summary, name, docs, summary.folder), key=lambda sentence: -sentence.wrong)
        total[name] = len(found)
        sentences += found[:limit]
    return Browser(sentences, total, notes) if sentences or notes else None


def _is_unchanged(summary: Summary, name: str, path: Path) -> bool:
    """Whether a corpus is still the one that the runs were scored on: what they found are places in it."""
    scored = {
        result.record["scored"][name]["sha256"]
        for result in summary.results
        if name in result.record["scored"]
    }
    return not scored or scored == {digest(path)}


def _unambiguous(path: Path) -> tuple[list[tuple[str, Doc]], int]:
    """The documents of a corpus by key, and how many are left out.

    Of documents that share an id nobody knows whose predictions are whose. Those without a token are not
    scored, and do not count.
    """
    docs = [doc for doc in read_docs(path, Vocab()) if len(doc)]
    keyed = [(doc_key(doc, i), doc) for i, doc in enumerate(docs)]
    counts = Counter(key for key, _ in keyed)
    kept = [(key, doc) for key, doc in keyed if counts[key] == 1]
    return kept, len(keyed) - len(kept)


def _sentences(
    summary: Summary, name: str, docs: Iterable[tuple[str, Doc]], folder: Path
) -> Iterator[Sentence]:
    students = {}
    for arm, results in summary.by_arm.items():
        place = folder / results[0].run.folder / PREDICTIONS
        if place.is_file():
            students[_short(summary, arm)] = (arm.variant, read_predictions(place, name))
    teachers = _teachers(summary, folder / CORPORA) if name == HELDOUT else {}
    labels: dict[str, int] = {}
    for key, doc in docs:
        gold = view_of(doc)
        if gold is not None:
            yield from _sentence(name, key, doc, gold, students, teachers, labels)


def _short(summary: Summary, arm: Any) -> str:
    """The arm's name, with student and size where the study has several."""
    several = {axis: len({getattr(a, axis) for a in summary.by_arm}) > 1 for axis in ("student", "gold_size")}
    parts = [arm.student] if several["student"] else []
    parts += [arm.name]
    parts += [f"{arm.gold_size or 'all'} gold"] if several["gold_size"] else []
    return ", ".join(parts)


def _teachers(summary: Summary, corpora: Path) -> dict[str, dict[str, View]]:
    found = {}
    for variant in summary.study.teachers:
        place = corpora / heldout_teacher(summary.study.labels_of(variant, summary.study.seeds[0]))
        if place.is_file():
            views = ((doc_key(doc, i), view_of(doc)) for i, doc in enumerate(read_docs(place, Vocab())))
            found[variant] = {key: view for key, view in views if view is not None}
    return found


def _sentence(
    name: str,
    key: str,
    doc: Doc,
    gold: View,
    students: Mapping[str, tuple[str, Mapping[str, list[Piece]]]],
    teachers: Mapping[str, Mapping[str, View]],
    hues: dict[str, int],
) -> Iterator[Sentence]:
    readings: dict[tuple[tuple[Piece, ...], frozenset[str]], Reading] = {}
    labels: set[str] = set()
    for student, (variant, found) in students.items():
        spans = tuple(sorted(set(map(gold.in_words, found.get(key, [])))))
        pairs = _pairs(gold, spans)
        wrong = [pair for pair in pairs if pair.kind != "correct"]
        taught = teachers.get(variant, {}).get(key)
        marks = {str(pair.kind) for pair in wrong} | (
            {_origin(pair, taught) for pair in wrong} if taught else set()
        )
        labels |= {side[0] for pair in wrong for side in (pair.gold, pair.found) if side is not None}
        known = readings.setdefault(
            (spans, frozenset(marks)), Reading([], _draw(doc.text, pairs, hues), marks, True)
        )
        known.names.append(student)
    if labels:
        right = Reading(["gold labels"], _draw(doc.text, _pairs(gold, sorted(gold.pieces)), hues))
        told = [
            Reading([f"teacher {variant}"], _draw(doc.text, _pairs(gold, sorted(views[key].pieces)), hues))
            for variant, views in teachers.items()
            if key in views
        ]
        yield Sentence(name, key, article_id(doc) or "", [right, *told, *readings.values()], labels)


def _pairs(gold: View, spans: Sequence[Piece]) -> list[Pairing]:
    silent = gold.silent
    judged = [s for s in spans if not any(a < s[1] and s[0] < b for a, b in silent)]
    return pair_spans(
        [(p[2], p[0], p[1]) for p in gold.pieces], [(s[2], s[0], s[1]) for s in judged], frozenset()
    )


def _origin(pair: Pairing, teacher: View) -> str:
    """Whether an error is the teacher's too: it found the same, or missed the same."""
    if pair.found is not None:
        label, start, end = pair.found
        return INHERITED if (start, end, label) in teacher.pieces else OWN
    label, start, end = pair.gold or ("", 0, 0)
    return OWN if (start, end, label) in teacher.pieces else INHERITED


def _draw(text: str, pairs: Sequence[Pairing], hues: dict[str, int]) -> Markup:
    """A sentence with the entities found, the wrong and the missed ones marked."""
    ents = []
    for pair in pairs:
        label, start, end = pair.found or pair.gold or ("", 0, 0)
        hue = HUES[hues.setdefault(label, len(hues)) % len(HUES)]
        wrong = {"correct": "", "missed": " missed"}.get(pair.kind, " wrong")
        params = {"wrong": wrong, "hue": hue, "title": KINDS.get(pair.kind, "")}
        ents.append({"start": start, "end": end, "label": str(escape(label)), "params": params})
    ents = _without_overlap(ents)
    renderer = EntityRenderer({"template": MARK})
    return Markup(renderer.render_ents(text, ents, None))


def _without_overlap(ents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entities in text order; of two that overlap the one that was found stays."""
    kept: list[dict[str, Any]] = []
    for ent in sorted(ents, key=lambda ent: (ent["params"]["wrong"] == " missed", ent["start"])):
        if all(ent["end"] <= other["start"] or other["end"] <= ent["start"] for other in kept):
            kept.append(ent)
    return sorted(kept, key=lambda ent: int(ent["start"]))
