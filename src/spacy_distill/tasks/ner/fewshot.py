"""Few-shot examples of entities: read, checked, and written as the answers that are asked for."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...corpus.docbin import read_docs
from ...errors import DistillError
from ..fewshot import is_corpus
from ..labels import LabelSet, read_structured
from .candidates import Candidate
from .mention_search import WordIndex
from .parsing import AnswerFormat


class Shot(NamedTuple):
    """One few-shot example.

    text: the text.
    candidates: entities and rejected candidates, in text order.
    understanding: what the text is about, for the first step of a chain of thought; may be empty.
    """

    text: str
    candidates: tuple[Candidate, ...]
    understanding: str = ""

    @property
    def reasons(self) -> tuple[Candidate, ...]:
        """The candidates that say why they are, or are not, entities."""
        return tuple(candidate for candidate in self.candidates if candidate.reason)


@dataclass(frozen=True)
class ShownShot:
    """A few-shot example as a template sees it: a `Shot`, with the answer in the format that is asked for.

    text: the text, safe to show.
    understanding: what it is about.
    candidates: entities and rejected candidates.
    reasons: those of them that say why.
    answer: the structured answer: entities and labels.
    reasoned_answer: the structured answer with reasons and rejected candidates.
    """

    text: str
    understanding: str
    candidates: tuple[Candidate, ...]
    reasons: tuple[Candidate, ...]
    answer: str
    reasoned_answer: str


def show(shot: Shot, answer_format: AnswerFormat) -> ShownShot:
    """Write an example's answer in a format."""
    write = _write_json if answer_format == "json" else _write_lines
    plain = tuple(candidate._replace(reason="") for candidate in shot.candidates)
    if answer_format == "json":
        plain = tuple(candidate for candidate in plain if candidate.accepted)
    return ShownShot(
        text=shot.text,
        understanding=shot.understanding,
        candidates=shot.candidates,
        reasons=shot.reasons,
        answer=write(plain, False),
        reasoned_answer=write(shot.candidates, True),
    )


def read_shots(path: Path, labels: LabelSet) -> list[Shot]:
    """Read few-shot examples from a YAML or JSON file: a list of `text`, `entities` and, if they are to be
    shown in a chain of thought, `understanding`, `rejected` and a `reason` for each entity and rejected
    candidate.

    path: the file.
    labels: the labels that its entities may have.
    RETURNS: the examples, in the order of the file.
    RAISES DistillError: if the file cannot be read, or an example has an unknown label or names what is not
        in its text.
    """
    return parse_shots(read_structured(path), labels, str(path))


def parse_shots(found: Any, labels: LabelSet, where: str) -> list[Shot]:
    """Few-shot examples from plain data, see `read_shots`.

    found: the data.
    labels: the labels that its entities may have.
    where: the file, for messages.
    RETURNS: the examples, in their order.
    RAISES DistillError: as `read_shots`.
    """
    if not isinstance(found, list):
        raise DistillError(
            f"{where} holds {type(found).__name__}. Expected a list of examples: - text: … entities: […]"
        )
    return [_shot(entry, labels, f"{where}, example {number}") for number, entry in enumerate(found, 1)]


def _shot(entry: Any, labels: LabelSet, where: str) -> Shot:
    if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
        raise DistillError(f"{where}: expected `text` and a list `entities`, found {entry!r}.")
    accepted = [_candidate(item, True, where) for item in entry.get("entities") or []]
    rejected = [_candidate(item, False, where) for item in entry.get("rejected") or []]
    for candidate in accepted:
        if candidate.label not in labels.labels:
            raise DistillError(
                f"{where}: {candidate.text!r} has the label {candidate.label!r}. "
                f"The labels of the task are {list(labels.labels)}."
            )
    text = " ".join(entry["text"].split())
    ordered = _in_text_order(text, accepted + rejected, where)
    return Shot(text, ordered, str(entry.get("understanding") or ""))


def _candidate(item: Any, accepted: bool, where: str) -> Candidate:
    if not isinstance(item, dict) or "text" not in item or (accepted and "label" not in item):
        raise DistillError(f"{where}: expected `text` and `label` (and perhaps `reason`), found {item!r}.")
    return Candidate(str(item["text"]), str(item.get("label") or ""), accepted, str(item.get("reason") or ""))


def _in_text_order(text: str, candidates: Sequence[Candidate], where: str) -> tuple[Candidate, ...]:
    """Sort candidates by their places; of two that may be in the same place the longer one has it."""
    index = WordIndex(text.split(" "))
    taken: set[int] = set()
    placed: list[tuple[int, int, Candidate]] = []
    for number, candidate in sorted(enumerate(candidates), key=lambda item: -len(item[1].text)):
        places = index.find(candidate.text)
        if places is None:
            raise DistillError(f"{where}: {candidate.text!r} is not in its text.")
        free = [span for span in places.spans if taken.isdisjoint(range(*span))]
        start, end = (free or places.spans)[0]
        taken.update(range(start, end))
        placed.append((start, number, candidate))
    return tuple(candidate for _, _, candidate in sorted(placed, key=lambda item: item[:2]))


def _write_json(candidates: Sequence[Candidate], reasoned: bool) -> str:
    answer: dict[str, list[dict[str, str]]] = {"entities": []}
    if reasoned:
        answer["rejected"] = []
    for candidate in candidates:
        item = {"text": candidate.text, "label": candidate.label, "reason": candidate.reason}
        answer["entities" if candidate.accepted else "rejected"].append({k: v for k, v in item.items() if v})
    return json.dumps(answer, ensure_ascii=False)


def _write_lines(candidates: Sequence[Candidate], reasoned: bool) -> str:
    lines = []
    for number, item in enumerate(candidates, 1):
        label = f"({item.label})" if item.label else ""
        why = " ".join(filter(None, (item.reason if reasoned else "", label))) or "None"
        lines.append(f"{number}. {item.text} | {item.accepted} | {why}")
    return "\n".join(lines) or "None"


def read_pool(path: Path, labels: LabelSet, seed: int) -> list[Shot]:
    """Read the examples that can be shown.

    path: a YAML or JSON file of examples, kept in its order; or a gold corpus (`.spacy` file or
        folder), shuffled, of which wholly labelled documents of at least three tokens are used.
    labels: the labels of the task.
    seed: for shuffling.
    RETURNS: the examples.
    RAISES DistillError: if the file cannot be used, or holds a label that the task lacks.
    """
    if not is_corpus(path):
        return read_shots(path, labels)
    docs = read_docs(path, Vocab())
    pool = [_shot_of_doc(doc, labels, path) for doc in docs if len(doc) > 2 and all(t.ent_iob for t in doc)]
    if not pool:
        raise DistillError(
            f"{path} has no wholly labelled document of at least three tokens to show as an example."
        )
    random.Random(seed).shuffle(pool)
    return pool


def _shot_of_doc(doc: Doc, labels: LabelSet, path: Path) -> Shot:
    candidates = []
    for ent in doc.ents:
        label = labels.resolve(ent.label_)
        if label is None:
            raise DistillError(
                f"{path}, from which examples are drawn, has the label {ent.label_!r}. The task's labels are "
                f"{list(labels.labels)}: change `labels`, or map it in [components.llm.task.aliases]."
            )
        if label != "O":
            candidates.append(Candidate(ent.text, label, True))
    return Shot(" ".join(doc.text.split()), tuple(candidates))
