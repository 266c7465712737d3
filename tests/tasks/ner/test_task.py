"""The task as spacy-llm and `annotate` use it."""

import warnings
from pathlib import Path
from typing import Any, Iterable  # noqa: UP035

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from spacy_llm.registry import registry
from spacy_llm.util import assemble

from helpers.reading import make_ner_task
from spacy_distill import Answer, set_origin, views

ROOT = Path(__file__).parents[3]
ANSWER = (
    '{"entities": [{"text": "Rome", "label": "LOC", "reason": "a city"}, ["Carthage", "LOC"], '
    '{"text": "Monday", "label": "DAY"}], "rejected": [{"text": "He", "reason": "a pronoun"}]}'
)


@pytest.fixture
def task():
    return make_ner_task(["LOC", "PER"], prompt="cot")


@pytest.fixture
def doc():
    words = ["He", "left", "Rome", "on", "Monday", "."]
    return set_origin(Doc(Vocab(), words), id="x:1", document="x", source="x.txt")


def iob(doc):
    return [token.ent_iob_ for token in doc]


def test_an_answer_labels_its_document(task, doc):
    task.annotate(doc, Answer(ANSWER, key="k", model="m", source="file.jsonl"))
    assert [(e.text, e.label_) for e in doc.ents] == [("Rome", "LOC")]
    assert iob(doc) == ["O", "O", "B", "O", "", "O"]
    assert [s.text for s in doc.spans["teacher:cot"]] == ["Rome"]
    assert [(s.text, s.label_) for s in doc.spans["rejected"]] == [("He", "")]


def test_the_record_says_where_the_labels_come_from(task, doc):
    task.annotate(doc, Answer(ANSWER, key="k", model="m", source="file.jsonl"))
    view = views(doc)["cot"]
    assert {
        key: view[key] for key in ("model", "prompt", "key", "state", "source", "template", "candidates")
    } == {
        "model": "m",
        "prompt": task.prompt_hash,
        "key": "k",
        "state": "ok",
        "source": "file.jsonl",
        "template": "cot",
        "candidates": 4,
    }
    assert view["dropped"] == {
        "invented": 1,
        "unsearched": 0,
        "misaligned": 0,
        "unknown_label": 1,
        "duplicate": 0,
        "overlap": 0,
    }
    assert view["reasons"] == ((2, 3, "a city"), (0, 1, "a pronoun"))
    assert doc.user_data["distill"]["id"] == "x:1"


def test_view_and_record_survive_a_docbin(task, doc):
    task.annotate(doc, ANSWER)
    data = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    (again,) = DocBin(store_user_data=True).from_bytes(data).get_docs(Vocab())
    assert views(again) == views(doc)
    assert iob(again) == iob(doc)
    assert [s.text for s in again.spans["rejected"]] == ["He"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer("", state="refused"), "refused"),
        (Answer(ANSWER[:90], state="truncated"), "truncated"),
        (Answer(ANSWER, state="failed"), "failed"),
        (Answer("", state="unanswered"), "unanswered"),
        ("I cannot do that.", "unparsable"),
        ('{"entities": [{"text": "Rome", "label": "LOC"}, {"text": "Mon', "truncated"),
    ],
)
def test_a_failure_is_never_a_label(task, doc, answer, state):
    task.annotate(doc, answer)
    assert not doc.has_annotation("ENT_IOB")
    assert iob(doc) == [""] * 6
    assert views(doc)["cot"]["state"] == state
    assert doc.user_data["distill"]["id"] == "x:1"


def test_no_entity_is_a_label(task, doc):
    task.annotate(doc, '{"entities": []}')
    assert iob(doc) == ["O"] * 6


def test_complaint_says_what_was_wrong(task):
    assert task.complaint(ANSWER) is None
    assert "JSON" in task.complaint("Rome is a city.")
    assert "breaks off" in task.complaint('{"entities": [{"text": "Ro')
    assert "lines" in make_ner_task(["LOC"], answer_format="lines").complaint("Rome is a city.")


def test_a_document_without_words_or_with_too_many_is_not_asked_about(doc):
    task = make_ner_task(["LOC"], max_words=5)
    assert task.render(doc) == ""
    assert task.render(Doc(Vocab(), [])) == ""
    assert task.render(Doc(Vocab(), ["\n", " "])) == ""
    assert task.render(doc[:5].as_doc()) != ""
    task.annotate(doc, '{"entities": []}')
    assert not doc.has_annotation("ENT_IOB")
    assert views(doc)["standard"]["state"] == "unanswered"


def test_names_of_view_and_prompt(tmp_path, doc):
    (tmp_path / "mine.jinja").write_text("{{ text }}")
    assert make_ner_task(["LOC"]).view == "standard"
    assert make_ner_task(["LOC"], prompt=str(tmp_path / "mine.jinja")).view == "mine"
    assert make_ner_task(["LOC"], view="first").view == "first"


def test_repeats_and_aliases_are_passed_on():
    answer = '{"entities": [["Rome", "City"]]}'
    for repeats, count in (("all", 2), ("listed", 1)):
        task = make_ner_task(["LOC"], repeats=repeats, aliases={"city": "LOC"})
        assert len(task.annotate(Doc(Vocab(), ["Rome", "Rome"]), answer).ents) == count


def test_bad_arguments():
    with pytest.raises(ValueError, match="max_words"):
        make_ner_task(["LOC"], max_words=0)


def fake_model(prompts: Iterable[Iterable[Any]]) -> Iterable[Iterable[Any]]:
    for nested in prompts:
        yield [ANSWER if "Rome" in prompt else Answer("", state="refused") for prompt in nested]


def test_spacy_llm_takes_the_task_without_a_warning(monkeypatch):
    registry.llm_models.register("spacy_distill_tests.Fake.v1", func=lambda: fake_model)
    nlp = spacy.blank("en")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp.add_pipe(
            "llm",
            config={
                "task": {"@llm_tasks": "spacy_distill.NER.v1", "labels": ["LOC", "PER"]},
                "model": {"@llm_models": "spacy_distill_tests.Fake.v1"},
            },
        )
        first, second = nlp.pipe(["Rome fell.", "It fell."])
    assert [e.text for e in first.ents] == ["Rome"]
    assert not second.has_annotation("ENT_IOB")


@pytest.mark.parametrize("name", ["standard", "cot", "wnut"])
def test_shipped_configs_assemble_and_render(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    nlp = assemble(
        f"configs/teacher_{name}.cfg",
        overrides={"components.llm.model.@llm_models": "spacy_distill.Replay.v1"},
    )
    task = nlp.get_pipe("llm").task
    prompt = task.render(nlp.make_doc("Rome fell."))
    assert prompt.endswith("</text>\nAnswer:")
    assert "Rome fell." in prompt
    assert all(f"- {label}: " in prompt for label in task.labels)


@pytest.mark.parametrize("name", ["standard", "cot"])
def test_the_documentation_shows_the_prompts_as_they_are(name):
    prompts = ROOT / "assets" / "prompts"
    task = make_ner_task(
        ["LOC", "MISC", "ORG", "PER"],
        prompt=name,
        definitions=prompts / "conll_labels.yml",
        examples=prompts / "conll_examples.yml",
        shots=2,
    )
    prompt = task.render(Doc(Vocab(), ["Lisbon", "beat", "Porto", "2-1", "on", "Friday", "."]))
    assert f"`{name}`:\n\n```text\n{prompt}\n```" in (ROOT / "docs" / "prompts.md").read_text(encoding="utf8")
