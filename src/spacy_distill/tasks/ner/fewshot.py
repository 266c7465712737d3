"""Few-shot examples: read, checked, chosen for a document, and written as the answers that are asked for."""

import json
import math
import random
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import srsly
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...corpus.docbin import read_docs
from ...corpus.duplicates import MIN_TOKENS, NEAR, Shingles, likeness, shingles
from ...errors import DistillError
from .candidates import Candidate, LabelSet
from .mention_search import WordIndex, normalize_loosely
from .parsing import AnswerFormat


class Shot(NamedTuple):
    """One few-shot example.

    text: The text.
    candidates: Entities and rejected candidates, in text order.
    understanding: What the text is about, for the first step of a chain of thought; may be empty.
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

    text: The text, safe to show.
    understanding: What it is about.
    candidates: Entities and rejected candidates.
    reasons: Those of them that say why.
    answer: The structured answer: entities and labels.
    reasoned_answer: The structured answer with reasons and rejected candidates.
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

    path: The file.
    labels: The labels that its entities may have.
    RETURNS: The examples, in the order of the file.
    RAISES DistillError: If the file cannot be read, or an example has an unknown label or names what is not
        in its text.
    """
    found = read_structured(path)
    if not isinstance(found, list):
        raise DistillError(
            f"{path} holds {type(found).__name__}. Expected a list of examples: - text: … entities: […]"
        )
    return [_shot(entry, labels, f"{path}, example {number}") for number, entry in enumerate(found, 1)]


def read_definitions(path: Path, labels: LabelSet) -> dict[str, str]:
    """Read the definitions of labels from a YAML or JSON file that maps each label to its definition.

    RETURNS: Label to definition, in the order of the labels.
    RAISES DistillError: If the file cannot be read, is not such a mapping, or defines a label that the task
        lacks.
    """
    found = read_structured(path)
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise DistillError(f"{path} must map each label to its definition: LOC: places …")
    if strange := [label for label in found if label not in labels.labels]:
        raise DistillError(
            f"{path} defines {strange}, which the task does not have. Its labels are {list(labels.labels)}: "
            "change `labels` in [components.llm.task], or the file."
        )
    return {label: " ".join(found[label].split()) for label in labels.labels if label in found}


def read_structured(path: Path) -> Any:
    """The content of a YAML or JSON file.

    RAISES DistillError: If there is no such file or it is neither.
    """
    try:
        text = Path(path).read_text("utf8")
        return srsly.yaml_loads(text)
    except OSError as error:
        raise DistillError(
            f"Cannot read {path}: {error.strerror}. Change the path in [components.llm.task]; "
            "a relative path starts at the folder you work in."
        ) from error
    except (ValueError, RecursionError) as error:
        raise DistillError(f"{path} is neither YAML nor JSON: {error}") from error


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
    """Sort candidates by their places; of two that may stand in the same place the longer one has it."""
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


Choice = Literal["fixed", "random", "nearest"]
FEW = 5
CLAUSE = 12  # Letters from which on a text that stands in another one is no coincidence.
PAIRS = MIN_TOKENS - 1  # Pairs of words from which on two texts that share most of them are no coincidence.
Floats = NDArray[np.float32]


def read_pool(path: Path, labels: LabelSet, seed: int) -> list[Shot]:
    """Read the examples that can be shown.

    path: A YAML or JSON file of examples, kept in its order; or a gold corpus (`.spacy` file or
        folder), shuffled, of which wholly labelled documents of at least three tokens are used.
    labels: The labels of the task.
    seed: For shuffling.
    RETURNS: The examples.
    RAISES DistillError: If the file cannot be used, or holds a label that the task lacks.
    """
    if not is_corpus(path):
        return read_shots(path, labels)
    docs = read_docs(path, Vocab())
    pool = [_shot_fewshot(doc, labels, path) for doc in docs if len(doc) > 2 and all(t.ent_iob for t in doc)]
    if not pool:
        raise DistillError(
            f"{path} has no wholly labelled document of at least three tokens to show as an example."
        )
    random.Random(seed).shuffle(pool)
    return pool


def is_corpus(path: Path) -> bool:
    """Whether examples are drawn from a corpus, not read from a file of examples."""
    return Path(path).suffix == ".spacy" or Path(path).is_dir()


def _shot_fewshot(doc: Doc, labels: LabelSet, path: Path) -> Shot:
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


class Chooser(ABC):
    """Chooses examples for a document, never one that shares its text.

    pool: The examples.
    count: How many to choose; all that can be shown if there are fewer.
    """

    def __init__(self, pool: Sequence[Shot], count: int) -> None:
        self.pool, self.count = pool, count
        self._own = [_Text.of(shot.text) for shot in pool]

    @abstractmethod
    def ranked(self, doc: Doc) -> Iterable[int]:
        """Numbers of all examples, the best one first."""

    def choose(self, doc: Doc) -> list[int]:
        """Numbers of the examples to show, in the order to show them.

        An example with the document's text or nearly so, or with a stretch of it as long as a clause, is
        passed over.
        """
        own = _Text.of(doc.text)
        chosen: list[int] = []
        for number in self.ranked(doc):
            if len(chosen) == self.count:
                break
            if not own.stands_in(self._own[number]):
                chosen.append(number)
        return self.arranged(chosen)

    def arranged(self, chosen: list[int]) -> list[int]:
        return chosen


class _Text(NamedTuple):
    """A text made comparable: without case, accents, spacing; and its pairs of successive words."""

    normalized: str
    pairs: Shingles

    @classmethod
    def of(cls, text: str) -> "_Text":
        return cls(normalize_loosely(text), shingles(text))

    def stands_in(self, other: "_Text") -> bool:
        """Whether they are the same text, nearly so if long enough, or one is a part of the other."""
        shorter, longer = sorted((self.normalized, other.normalized), key=len)
        if shorter == longer or (len(shorter) >= CLAUSE and shorter in longer):
            return True
        return min(len(self.pairs), len(other.pairs)) >= PAIRS and likeness(self.pairs, other.pairs) >= NEAR


class Fixed(Chooser):
    """The first ones, for every document."""

    def ranked(self, doc: Doc) -> Iterable[int]:
        return range(len(self.pool))


class Random(Chooser):
    """Drawn for each document, by seed and text: the same document is always shown the same ones."""

    def __init__(self, pool: Sequence[Shot], count: int, seed: int) -> None:
        super().__init__(pool, count)
        self._seed = seed

    def ranked(self, doc: Doc) -> Iterator[int]:
        drawn = random.Random(f"{self._seed}:{doc.text}")
        seen: set[int] = set()
        while len(seen) < len(self.pool):
            number = drawn.randrange(len(self.pool))
            if number not in seen:
                seen.add(number)
                yield number


class Nearest(Chooser):
    """The most similar ones, the nearest last, next to the document.

    Similarity is the cosine of the mean word vectors if the pipeline has vectors, else that of the sets of
    words, weighted by how rare each word is among the examples.
    """

    def __init__(self, pool: Sequence[Shot], count: int) -> None:
        super().__init__(pool, count)
        words = [sorted(set(shot.text.casefold().split())) for shot in pool]
        frequency = Counter(word for some in words for word in some)
        self._weights = {word: math.log(1 + len(pool) / n) for word, n in frequency.items()}
        norms = [math.sqrt(sum(self._weights[word] ** 2 for word in some)) for some in words]
        places: dict[str, list[int]] = defaultdict(list)
        for number, some in enumerate(words):
            for word in some:
                places[word].append(number)
        self._places = {word: np.array(numbers) for word, numbers in places.items()}
        self._norms = np.array(norms, dtype="f")
        self._vectors: Floats | None = None

    def ranked(self, doc: Doc) -> Iterable[int]:
        by_vectors = doc.vocab.vectors_length > 0 and bool(doc.vector_norm)
        scores = self._by_vectors(doc) if by_vectors else self._by_words(doc)
        ranked: list[int] = np.argsort(-scores, kind="stable").tolist()
        return ranked

    def arranged(self, chosen: list[int]) -> list[int]:
        return chosen[::-1]

    def _by_words(self, doc: Doc) -> Floats:
        scores = np.zeros(len(self.pool), dtype="f")
        for word in set(doc.text.casefold().split()) & self._places.keys():
            scores[self._places[word]] += self._weights[word] ** 2
        found: Floats = scores / np.maximum(self._norms, 1e-6)
        return found

    def _by_vectors(self, doc: Doc) -> Floats:
        if self._vectors is None:
            made = [Doc(doc.vocab, shot.text.split()).vector for shot in self.pool]
            matrix = np.array(made, dtype="f")
            self._vectors = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-6)
        found: Floats = self._vectors @ np.asarray(doc.vector, dtype="f")
        return found


def make_chooser(pool: Sequence[Shot], choose: Choice, shots: int | None, seed: int) -> Chooser:
    """Make the chooser that a config asks for.

    pool: The examples.
    choose: "fixed", "random" or "nearest".
    shots: How many to show. None: 5.
    seed: For random ones.
    RETURNS: The chooser.
    RAISES DistillError: If the way to choose is unknown, or the number is negative.
    """
    if shots is not None and shots < 0:
        raise DistillError(f"`shots` is {shots}. Give a number of examples, 0 or more.")
    count = FEW if shots is None else shots
    if choose == "fixed":
        return Fixed(pool, count)
    if choose == "random":
        return Random(pool, count, seed)
    if choose == "nearest":
        return Nearest(pool, count)
    raise DistillError(f"`choose` is {choose!r}. Allowed are {', '.join(get_args(Choice))}.")
