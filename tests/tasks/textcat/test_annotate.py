"""`annotate` with a teacher of classes, behind a real connection."""

import math

import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from helpers.docs import read_docs, write_docs
from helpers.loopback import Server, completion
from helpers.support import teacher_config
from spacy_distill import annotate, find_task, views
from spacy_distill.tasks.answer import Answer
from spacy_distill.tasks.labels import LabelSet
from spacy_distill.tasks.textcat.answers import find_label

CONFIG = teacher_config(
    """
@llm_tasks = "spacy_distill.TextCat.v1"
labels = ["sport","tech"]
max_words = 8
""",
    """
@llm_models = "spacy_distill.ChatModel.v1"
name = "toy"
endpoint = "URL"
api_key_env = null
ledger = "LEDGER"
reask = 0
""",
)


def test_what_came_to_nothing_and_what_was_cut_is_counted(tmp_path):
    texts = ["They won again .", "A new phone . It is blue . Nobody knows what it costs , or why ."]
    write_docs(tmp_path / "in.spacy", *(Doc(Vocab(), text.split()) for text in texts))
    with Server(lambda call: completion("sport" if "won" in call.prompt else "Gadgets")) as server:
        config = CONFIG.replace("URL", server.url).replace("LEDGER", str(tmp_path / "answers.sqlite"))
        (tmp_path / "teacher.cfg").write_text(config, encoding="utf8")
        report = annotate(tmp_path / "teacher.cfg", tmp_path / "in.spacy", tmp_path / "out.spacy")
        prompts = [call.prompt for call in server.calls]
    assert any("It is blue ." in prompt and "costs" not in prompt for prompt in prompts)
    assert {reason.what: reason.count for reason in report.reasons} == {
        "shown in part: the text is longer than max_words": 1,
        "dropped: the label 'Gadgets' is none of those asked for": 1,
    }
    assert [doc.cats for doc in read_docs(tmp_path / "out.spacy")] == [{"sport": 1.0, "tech": 0.0}, {}]


def test_log_probabilities_are_asked_for_kept_and_become_scores(tmp_path):
    """Off unless the request asks for them; a replay has them too, since they are in the ledger."""
    write_docs(tmp_path / "in.spacy", Doc(Vocab(), ["They", "won"]), Doc(Vocab(), ["A", "phone"]))
    spelled = {
        "won": [('{"', -0.01), ("label", 0.0), ('": "', -0.02), ("sp", -0.3), ("ort", -0.1), ('"}', 0.0)]
    }

    def respond(call):
        tokens = spelled.get("won" if "won" in call.prompt else "", [])
        response = completion("".join(token for token, _ in tokens) or "tech")
        if call.body.get("logprobs") and tokens:
            content = [{"token": token, "logprob": logprob, "bytes": None} for token, logprob in tokens]
            response.body["choices"][0]["logprobs"] = {"content": content, "refusal": None}
        return response

    def run(name, url, **overrides):
        config = CONFIG.replace("URL", url).replace("LEDGER", str(tmp_path / "answers.sqlite"))
        (tmp_path / "teacher.cfg").write_text(config, encoding="utf8")
        options = {f"components.llm.model.{key}": value for key, value in overrides.items()}
        annotate(tmp_path / "teacher.cfg", tmp_path / "in.spacy", tmp_path / name, overrides=options)
        docs = read_docs(tmp_path / name)
        task = find_task("textcat")
        kept = [list(task.kept_items(doc, "confidence").values()) for doc in docs]
        return kept, [views(doc)["standard"]["scores"] for doc in docs]

    with Server(respond) as server:
        assert run("plain.spacy", server.url) == ([[], []], [{}, {}])
        asked = {"request": {"temperature": 0.0, "logprobs": True}}
        found, scores = run("scored.spacy", server.url, **asked)
    assert found == [[pytest.approx(math.exp(-0.4))], []]
    assert scores == [{"sport": pytest.approx(math.exp(-0.4))}, {}]
    # Nobody answers there any more: this is what the ledger has.
    assert run("again.spacy", server.url, **asked) == (found, scores)


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        ("sport", "sport"),
        ("Label: Sport", "Sport"),
        ('{"label": "sport", "reason": "It is about sport."}', "sport"),
        ("No tech in it, but sport.\nAnswer: sport", "sport"),
        ("sport and sport", None),
        ("transport", None),
        ("games", "games"),
    ],
)
def test_a_label_is_found_where_the_answer_gives_it(answer, given):
    place = find_label(answer, "sport", LabelSet(["sport", "tech"], {"games": "sport"}))
    assert (answer[slice(*place)] if place else None) == given


def test_a_probability_is_that_of_the_tokens_on_a_place_and_unknown_where_they_are_other_ones():
    tokens = (("<s>", -9.0), ("sp", -0.5), ("ort", -0.25), (" or", -1.0))
    answer = Answer("sport or", logprobs=tokens)
    assert answer.probability(0, 5) == pytest.approx(math.exp(-0.75))
    assert answer.probability(3, 6) == pytest.approx(math.exp(-1.25))
    assert Answer("sports", logprobs=tokens).probability(0, 5) is None
    assert Answer("sport").probability(0, 5) is None
