"""Few-shot examples: read, checked, and written as the answers that the model is asked for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import srsly

from ..reading.candidates import Candidate, LabelSet
from ..reading.folding import WordIndex
from ..reading.parsing import AnswerFormat


class Shot(NamedTuple):
    """One few-shot example.

    text (str): The text.
    candidates (tuple[Candidate, ...]): Entities and rejected candidates, in text order.
    understanding (str): What the text is about, for the first step of a chain of thought; may be empty.
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

    text (str): The text, safe to show.
    understanding (str): What it is about.
    candidates (tuple[Candidate, ...]): Entities and rejected candidates.
    reasons (tuple[Candidate, ...]): Those of them that say why.
    answer (str): The structured answer: entities and labels.
    reasoned_answer (str): The structured answer with reasons and rejected candidates.
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

    path (Path): The file.
    labels (LabelSet): The labels that its entities may have.
    RETURNS (list[Shot]): The examples, in the order of the file.
    RAISES (ValueError): If the file cannot be read, or an example has an unknown label or names what is not
        in its text.
    """
    found = read_structured(path)
    if not isinstance(found, list):
        raise ValueError(
            f"{path} holds {type(found).__name__}. Expected a list of examples: - text: … entities: […]"
        )
    return [_shot(entry, labels, f"{path}, example {number}") for number, entry in enumerate(found, 1)]


def read_definitions(path: Path, labels: LabelSet) -> dict[str, str]:
    """Read the definitions of labels from a YAML or JSON file that maps each label to its definition.

    RETURNS (dict[str, str]): Label to definition, in the order of the labels.
    RAISES (ValueError): If the file cannot be read, is not such a mapping, or defines a label that the task
        lacks.
    """
    found = read_structured(path)
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ValueError(f"{path} must map each label to its definition: LOC: places …")
    if strange := [label for label in found if label not in labels.labels]:
        raise ValueError(
            f"{path} defines {strange}, which the task does not have. Its labels are {list(labels.labels)}: "
            "change `labels` in [components.llm.task], or the file."
        )
    return {label: " ".join(found[label].split()) for label in labels.labels if label in found}


def read_structured(path: Path) -> Any:
    """The content of a YAML or JSON file.

    RAISES (ValueError): If there is no such file or it is neither.
    """
    try:
        text = Path(path).read_text("utf8")
        return srsly.yaml_loads(text)
    except OSError as error:
        raise ValueError(
            f"Cannot read {path}: {error.strerror}. Change the path in [components.llm.task]; "
            "a relative path starts at the folder you work in."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is neither YAML nor JSON: {error}") from error


def _shot(entry: Any, labels: LabelSet, where: str) -> Shot:
    if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
        raise ValueError(f"{where}: expected `text` and a list `entities`, found {entry!r}.")
    accepted = [_candidate(item, True, where) for item in entry.get("entities") or []]
    rejected = [_candidate(item, False, where) for item in entry.get("rejected") or []]
    for candidate in accepted:
        if candidate.label not in labels.labels:
            raise ValueError(
                f"{where}: {candidate.text!r} has the label {candidate.label!r}. "
                f"The labels of the task are {list(labels.labels)}."
            )
    text = " ".join(entry["text"].split())
    ordered = _in_text_order(text, accepted + rejected, where)
    return Shot(text, ordered, str(entry.get("understanding") or ""))


def _candidate(item: Any, accepted: bool, where: str) -> Candidate:
    if not isinstance(item, dict) or "text" not in item or (accepted and "label" not in item):
        raise ValueError(f"{where}: expected `text` and `label` (and perhaps `reason`), found {item!r}.")
    return Candidate(str(item["text"]), str(item.get("label") or ""), accepted, str(item.get("reason") or ""))


def _in_text_order(text: str, candidates: Sequence[Candidate], where: str) -> tuple[Candidate, ...]:
    """Sort candidates by their places; of two that may stand in the same place the longer one has it."""
    index = WordIndex(text.split(" "))
    taken: set[int] = set()
    placed: list[tuple[int, int, Candidate]] = []
    for number, candidate in sorted(enumerate(candidates), key=lambda item: -len(item[1].text)):
        places = index.find(candidate.text)
        if places is None:
            raise ValueError(f"{where}: {candidate.text!r} is not in its text.")
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
