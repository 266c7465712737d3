"""Classes by prompt: what a document is asked, and what an answer makes of it."""

import json
from functools import partial

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from helpers.docs import write_docs
from spacy_distill import Annotation, Answer, Item, VoteRule, find_task, views
from spacy_distill.tasks.ner.task import make_ner_task
from spacy_distill.tasks.textcat.task import make_textcat_task

LABELS = ["business", "sport", "tech"]
TEXT = "The club sold its striker . He scored twice last night . The fans were not amused ."


def make_doc(text=TEXT):
    return Doc(Vocab(), text.split())


def annotated(answer, exclusive=True, **arguments):
    task = make_textcat_task(LABELS, exclusive, view="v", **arguments)
    return task.annotate(make_doc(), answer)


def test_an_answer_becomes_the_documents_class_and_a_view():
    doc = annotated(Answer('{"label": "Sport"}', key="k", model="m", source="f.jsonl"))
    assert doc.cats == {"business": 0.0, "sport": 1.0, "tech": 0.0}
    assert find_task("textcat").read_view(doc, "v") == Annotation(1, (Item(0, 1, "sport"),))
    facts = views(doc)["v"]
    assert [facts[name] for name in ("state", "key", "model", "source")] == ["ok", "k", "m", "f.jsonl"]


@pytest.mark.parametrize(
    ("answer", "state", "dropped", "named"),
    [
        ("sport or tech", "ok", {"several": 2, "unknown_label": 0}, ("sport", "tech")),
        ("sport, tech", "ok", {"several": 2, "unknown_label": 0}, ("sport", "tech")),
        ("Economy", "ok", {"several": 0, "unknown_label": 1}, ("Economy",)),
        ("none", "ok", {"several": 0, "unknown_label": 0}, ()),
        ("It is hard to say what this text is about.", "unparsable", {"several": 0, "unknown_label": 0}, ()),
        ('{"label": "spo', "truncated", {"several": 0, "unknown_label": 0}, ()),
        (Answer("sport", state="truncated"), "truncated", {"several": 0, "unknown_label": 0}, ()),
        (Answer("", state="refused"), "refused", {"several": 0, "unknown_label": 0}, ()),
    ],
)
def test_what_names_no_single_class_leaves_it_missing(answer, state, dropped, named):
    doc = annotated(answer)
    assert doc.cats == {}
    assert not find_task("textcat").read(doc).usable
    assert views(doc)["v"]["state"] == state
    assert views(doc)["v"]["dropped"] == dropped
    assert views(doc)["v"]["named"] == named


@pytest.mark.parametrize(
    ("answer", "cats"),
    [
        ("sport, tech", {"business": 0.0, "sport": 1.0, "tech": 1.0}),
        ("none", {"business": 0.0, "sport": 0.0, "tech": 0.0}),
        ("sport or tech", {"business": 0.0}),
        ("sport, Economy", {"sport": 1.0}),
        ("no idea what this could be", {}),
    ],
)
def test_of_classes_that_exclude_nothing_only_what_is_open_is_missing(answer, cats):
    doc = annotated(answer, exclusive=False)
    assert doc.cats == cats
    bound = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    (again,) = DocBin().from_bytes(bound).get_docs(Vocab())
    assert find_task("textcat_multilabel").read(again) == find_task("textcat_multilabel").read(doc)


@pytest.mark.parametrize(
    "make", [make_ner_task, make_textcat_task, partial(make_textcat_task, exclusive=False)]
)
@pytest.mark.parametrize("answer", ['{"entities": []}', "sport or tech", "sport, Economy", "none", "?"])
def test_whatever_an_answer_loses_has_a_name_in_words(make, answer):
    task = make(LABELS, view="v")
    counters = views(task.annotate(make_doc(), answer))["v"]["dropped"]
    assert counters and counters.keys() <= find_task(task.task).dropped.keys()


def test_an_alias_is_the_users_to_give():
    doc = annotated("Economy", aliases={"Economy": "business"})
    assert doc.cats["business"] == 1.0


def test_a_long_text_is_cut_at_a_sentence_and_the_prompt_says_so():
    task = make_textcat_task(LABELS, max_words=12, view="v")
    prompt = task.render(make_doc())
    assert "He scored twice last night .\n</text>" in prompt.replace(" \n", "\n")
    assert "fans" not in prompt and "beginning of a longer text" in prompt
    assert views(task.annotate(make_doc(), "sport"))["v"]["cut"] == 6
    short = make_doc("A short text .")
    assert "longer text" not in task.render(short)
    assert views(task.annotate(short, "sport"))["v"]["cut"] == 0


def test_the_prompt_has_labels_definitions_and_examples(tmp_path):
    (tmp_path / "labels.yml").write_text("sport: games and those who play them")
    examples = [{"text": "Shares fell", "label": "business", "reason": "a market", "understanding": "news"}]
    (tmp_path / "examples.json").write_text(json.dumps(examples))
    for prompt in ("standard", "cot"):
        for form in ("json", "plain"):
            for exclusive in (True, False):
                task = make_textcat_task(
                    LABELS,
                    exclusive,
                    prompt=prompt,
                    answer_format=form,
                    definitions=tmp_path / "labels.yml",
                    examples=tmp_path / "examples.json",
                )
                shown = task.render(make_doc())
                assert "- sport: games and those" in shown and "Shares fell" in shown
                assert ("a market" in shown) == (prompt == "cot")
                answer = shown.rsplit("<text>", 1)[0].rsplit("Answer:", 1)[1]
                assert task.annotate(make_doc(), answer).cats["business"] == 1.0


def test_examples_of_a_gold_corpus_never_show_the_documents_own_text(tmp_path):
    gold = []
    for text, label in (
        (TEXT, "sport"),
        ("Shares fell again today .", "business"),
        ("A new phone .", "tech"),
    ):
        doc = make_doc(text)
        doc.cats = {name: float(name == label) for name in LABELS}
        gold.append(doc)
    write_docs(tmp_path / "gold.spacy", *gold)
    for choose in ("fixed", "random", "nearest"):
        task = make_textcat_task(LABELS, examples=tmp_path / "gold.spacy", choose=choose, shots=2)
        prompt = task.render(make_doc())
        assert prompt.count("striker") == 1
        assert "Shares fell" in prompt and "phone" in prompt


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"text": "x", "label": "politics"}, "The labels of the task are"),
        ({"text": "x", "labels": ["sport", "tech"]}, "expected one label"),
        ({"label": "sport"}, "expected `text` and `label`"),
    ],
)
def test_an_example_that_makes_no_sense_is_refused(tmp_path, entry, said):
    (tmp_path / "examples.json").write_text(json.dumps([entry]))
    with pytest.raises(ValueError, match=said):
        make_textcat_task(LABELS, examples=tmp_path / "examples.json")


def test_what_is_wrong_with_an_answer_is_said_to_the_model():
    task = make_textcat_task(LABELS)
    assert task.complaint('{"label": "tech"}') is None
    assert task.complaint("Economy") == "'Economy' is no label: give one of business, sport, tech."
    assert "could not be read" in task.complaint("What a strange text this is, is it not?")
    assert "breaks off" in task.complaint('{"label": "te')


def test_samples_of_an_answer_are_put_to_the_vote():
    samples = Answer("sport", others=(Answer("tech"), Answer("sport"), Answer("?!")))
    doc = annotated(samples)
    assert not doc.cats  # Two of four are no majority.
    doc = annotated(Answer("sport", others=(Answer("tech"), Answer("sport"))))
    assert doc.cats["sport"] == 1.0
    assert sorted(views(doc)) == ["v", "v/1", "v/2", "v/3"]


def test_disputed_classes_have_no_outside():
    task = find_task("textcat")
    one, other = (Annotation(1, (Item(0, 1, label),)) for label in ("sport", "tech"))
    for disputed in ("missing", "O", "majority"):
        assert not task.combine([one, other], VoteRule(disputed=disputed)).annotation.usable


def test_labels_are_compared_by_name_where_documents_have_others():
    task = find_task("textcat_multilabel")
    student, gold = make_doc(), make_doc()
    student.cats = {"a": 0.9, "b": 0.1, "d": 0.8}
    gold.cats = {"a": 1.0, "b": 1.0, "c": 0.0}
    found = task.project(task.read(student), student, gold)
    assert found == Annotation(3, (Item(0, 1, "a"),), frozenset({2}))
    assert task.counts(task.read(gold), found) == {"a": (1, 0, 0), "b": (0, 0, 1)}


@pytest.mark.parametrize("name", ["textcat", "textcat_multilabel"])
def test_a_page_shows_each_class_by_itself_then_the_text(name):
    task = find_task(name)
    doc = Doc(Vocab(), words=["Rain", "and", "goals"])
    doc.cats = {"sport": 1.0, "weather": float(name != "textcat"), "war": 0.0}
    segments = list(task.segments(doc, task.read(doc)))
    classes = ["sport"] if name == "textcat" else ["sport", "weather"]
    assert sorted(segment.item.label for segment in segments if segment.item) == classes
    assert [segment.text for segment in segments if not segment.item] == [doc.text]
    assert "".join(segment.text for segment in segments) == doc.text
