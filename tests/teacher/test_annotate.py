import inspect
import json
import os
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, Span

from helpers.asking import Ledger
from helpers.loopback import Server, completion
from helpers.warm import CONFIG
from spacy_distill import annotate, doc_id, load_teacher, read_docs, views
from spacy_distill.corpus.provenance import VIEW_PREFIX
from spacy_distill.teacher.teacher import bare
from spacy_distill.teacher.transfer import import_recorded

TEXTS = ["Ada met Bob .", "", "Nobody came .", "Ada met Bob .", "Cleo left early ."]
ANSWERS = [
    {"text": "Ada met Bob .", "answer": '["Ada", "Bob"]', "model": "big"},
    {"text": "Nobody came .", "answer": "[]", "model": "big"},
    {"tokens": ["Cleo", "left", "early", "."], "answer": '["Cl', "finish_reason": "length", "model": "big"},
]


@pytest.fixture
def recorded(tmp_path, make_config, make_corpus):
    """Config, corpus and ledger with these recorded answers."""

    def make(lines=ANSWERS, texts=TEXTS, **model):
        config, corpus, path = make_config(**model), make_corpus(texts), tmp_path / "answers.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        with Ledger(tmp_path / "ledger.sqlite") as ledger:
            done = import_recorded(ledger, path, load_teacher(config, {}), corpus, model=None)
        return config, corpus, done

    return make


def read(path: Path):
    return list(read_docs(path, spacy.blank("en").vocab))


def test_sentences_of_an_article_stay_and_labels_do_not_pass():
    nlp = spacy.blank("en")
    doc = Doc(
        nlp.vocab, words=["Ada", "left", ".", "Bob", "came"], sent_starts=[True, False, False, True, False]
    )
    doc.ents = [Span(doc, 0, 1, label="GOLD")]
    made = bare(doc)
    assert [str(sentence) for sentence in made.sents] == ["Ada left .", "Bob came"]
    assert not made.has_annotation("ENT_IOB")
    assert not bare(nlp("Ada left.")).has_annotation("SENT_START")


def test_replay_annotates_from_recorded_answers(tmp_path, recorded):
    config, corpus, done = recorded()
    assert (done.documents, done.answered, done.stored, done.unused, done.repeated) == (4, 4, 3, 0, 0)
    out = tmp_path / "out.spacy"
    report = annotate(config, corpus, out)
    assert report.states == {"ok": 3, "truncated": 1, "unanswered": 1}
    assert (report.statistics.kept, report.statistics.asked) == (4, 0)
    docs = read(out)
    assert [doc.text for doc in docs] == [doc.text for doc in read(corpus)]
    assert [doc_id(doc) for doc in docs] == [f"d:{i}" for i in range(5)]
    assert [[str(span) for span in doc.ents] for doc in docs] == [["Ada", "Bob"], [], [], ["Ada", "Bob"], []]
    assert [doc.has_annotation("ENT_IOB") for doc in docs] == [
        True,
        True,
        True,
        True,
        False,
    ]  # an empty one counts as annotated
    assert views(docs[0])["names"]["source"] == "answers.jsonl"


def test_gold_labels_of_the_input_do_not_pass(tmp_path, recorded):
    config, corpus, _ = recorded()
    annotate(config, corpus, tmp_path / "out.spacy")
    for doc in read(tmp_path / "out.spacy"):
        assert "GOLD" not in {span.label_ for span in doc.ents}
        assert not [name for name in doc.spans if not name.startswith(VIEW_PREFIX)]


def test_replay_that_lacks_answers_says_how_many_and_writes_nothing(tmp_path, recorded):
    config, corpus, _ = recorded(ANSWERS[:1])
    with pytest.raises(ValueError, match=r"lacks 2 of 4 answers.*ledger .* import"):
        annotate(config, corpus, tmp_path / "out.spacy")
    assert not (tmp_path / "out.spacy").exists()
    report = annotate(config, corpus, tmp_path / "out.spacy", allow_missing=True)
    assert report.states == {"ok": 2, "unanswered": 3}
    assert (report.statistics.kept, report.statistics.asked) == (2, 0)


def test_a_corpus_without_documents_is_refused(tmp_path, make_config, make_corpus):
    with pytest.raises(ValueError, match=r"in\.spacy holds no document"):
        annotate(make_config(), make_corpus([]), tmp_path / "out.spacy")
    assert not (tmp_path / "out.spacy").exists()


def test_a_config_with_two_teachers_is_refused(tmp_path, make_config):
    text = make_config().read_text()
    second = text[text.index("[components.llm]") :].replace("components.llm", "components.llm2")
    both = text.replace('["llm"]', '["llm", "llm2"]') + second
    (tmp_path / "two.cfg").write_text(both)
    with pytest.raises(ValueError, match='has 2 components with factory = "llm"'):
        load_teacher(tmp_path / "two.cfg", {})


def frames():
    """The functions of the package that are on the way from the test to this call, outermost first."""
    stack = [frame for frame in inspect.stack(0) if f"{os.sep}spacy_distill{os.sep}" in frame.filename]
    return [frame.function for frame in reversed(stack)]


def test_a_request_passes_few_functions_on_its_way(tmp_path, make_corpus, monkeypatch):
    """From `annotate` to the `openai` client."""
    from openai import AsyncOpenAI

    seen, post = [], AsyncOpenAI.post

    def spy(self, *args, **kwargs):
        seen.append(frames())
        return post(self, *args, **kwargs)

    monkeypatch.setattr(AsyncOpenAI, "post", spy)
    with Server(lambda call: completion("[]")) as server:
        (tmp_path / "chat.cfg").write_text(CONFIG.replace("LEDGER", str(tmp_path / "ledger.sqlite")))
        overrides = {"components.llm.model.endpoint": server.url}
        report = annotate(
            tmp_path / "chat.cfg", make_corpus(["Ada"]), tmp_path / "out.spacy", overrides=overrides
        )
    assert report.statistics.asked == 1
    assert seen[0][0] == "annotate"
    assert len(seen[0]) <= 8, seen[0]


def test_documents_name_the_task(tmp_path, recorded):
    config, corpus, _ = recorded()
    annotate(config, corpus, tmp_path / "out.spacy")
    assert {doc.user_data["distill"]["task"] for doc in read(tmp_path / "out.spacy")} == {"ner"}


def test_a_model_of_another_package_is_refused(tmp_path, make_config, make_corpus):
    config = tmp_path / "foreign.cfg"
    section = '@llm_models = "spacy.GPT-4.v2"\n'
    config.write_text(make_config().read_text().split("@llm_models")[0] + section)
    monkey = {"OPENAI_API_KEY": "sk-1"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spacy_llm.models.rest.openai.model.OpenAI._verify_auth", lambda self: None)
        for name, value in monkey.items():
            patch.setenv(name, value)
        with pytest.raises(ValueError, match=r"needs @llm_models spacy_distill\.ChatModel"):
            annotate(config, make_corpus(["Ada"]), tmp_path / "out.spacy")
