"""A corpus, a small task with nothing to it, and a config that uses both."""

import json
import typing
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy_llm.registry import registry

from helpers.support import teacher_config
from spacy_distill import Answer, set_origin, views, write_docs

CONFIG = teacher_config(
    """
@llm_tasks = "test.Names.v1"
""",
    """
@llm_models = "spacy_distill.Replay.v1"
ledger = "LEDGER"
""",
)


class Names:
    """Asks for names; an answer is a JSON list of them."""

    task = "ner"
    labels = ("NAME",)
    view = "names"
    prompt_hash = "0123456789abcdef"

    def render(self, doc: Doc) -> str:
        return f"Names in: {doc.text}" if doc.text.strip() else ""

    def complaint(self, answer: str) -> str | None:
        try:
            right = isinstance(json.loads(answer), list)
        except ValueError:
            right = False
        return None if right else "That is no JSON list."

    def generate_prompts(self, docs: typing.Iterable[Doc]) -> typing.Iterable[str]:
        return (self.render(doc) for doc in docs)

    # The type that spacy-llm wants of a task that does not shard; it passes a list of answers per document.
    def parse_responses(
        self, docs: typing.Iterable[Doc], responses: typing.Iterable[str]
    ) -> typing.Iterable[Doc]:
        for doc, (answer,) in zip(docs, responses, strict=True):
            yield self.annotate(doc, answer)

    def annotate(self, doc: Doc, answer: str) -> Doc:
        state: str = answer.state if isinstance(answer, Answer) else "ok"
        if state == "ok" and self.complaint(answer):
            state = "unparsable"
        if state == "ok":
            names = json.loads(answer)
            doc.set_ents([Span(doc, t.i, t.i + 1, label="NAME") for t in doc if t.text in names])
        views(doc)[self.view] = {
            "state": state,
            "key": getattr(answer, "key", None),
            "model": getattr(answer, "model", None),
            "source": getattr(answer, "source", None),
            "samples": 1 + len(getattr(answer, "others", ())),
        }
        return doc


@registry.llm_tasks("test.Names.v1")
def make_names() -> Names:
    return Names()


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries that failed are repeated at once."""
    monkeypatch.setattr("spacy_distill.teacher.limits.FIRST_WAIT", 0.001)


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Path]:
    """Writes a config; values of its model section are given as keywords."""

    def make(**model: object) -> Path:
        path = tmp_path / "teacher.cfg"
        text = CONFIG.replace("LEDGER", str(tmp_path / "ledger.sqlite"))
        path.write_text(text + "".join(f"{name} = {json.dumps(value)}\n" for name, value in model.items()))
        return path

    return make


@pytest.fixture
def make_corpus(tmp_path: Path) -> Callable[..., Path]:
    """Writes a corpus of these texts, each with a gold label that no one may see."""

    def make(texts: list[str], name: str = "in.spacy") -> Path:
        nlp = spacy.blank("en")
        docs = []
        for i, text in enumerate(texts):
            doc = set_origin(nlp(text), id=f"d:{i}", document=f"a:{i // 3}", source="texts")
            doc.ents = [Span(doc, 0, 1, label="GOLD")] if len(doc) else []
            docs.append(doc)
        write_docs(docs, tmp_path / name)
        return tmp_path / name

    return make
