from dataclasses import replace

import pytest

from helpers.asking import Ledger, entry, replay


@pytest.fixture
def make(tmp_path):
    """A replay of a ledger with these answers."""

    def make(entries, **settings):
        with Ledger(tmp_path / "ledger.sqlite") as ledger:
            ledger.put_all(entries)
        return replay(tmp_path / "ledger.sqlite", **settings)

    return make


def test_answers_are_found_by_the_prompt_alone(make):
    model = make([entry("p", "a", source="file.jsonl"), entry("q", "b", state="refused")])
    ((first,), (second,), (empty,)) = model([["p"], ["q"], [""]])
    assert (str(first), first.state, first.model, first.source) == ("a", "ok", "m", "file.jsonl")
    assert (str(second), second.state) == ("b", "refused")
    assert empty.state == "unanswered"


def test_missing_answers_are_one_error_with_a_count_and_a_way_out(make):
    model = make([entry("p", "a")])
    with pytest.raises(ValueError, match=r"lacks 2 of 3 answers.*ChatModel.*import FILE"):
        model([["p"], ["q"], ["r"], [""]])


def test_several_models_need_a_name(make):
    entries = [entry("p", "a"), entry("p", "b", model="small")]
    with pytest.raises(ValueError, match=r"several models answered.*m, small"):
        make(entries)([["p"]])
    assert list(make(entries, name="small")([["p"]])) == [["b"]]


def test_a_wrong_name_is_told_the_right_one(make):
    with pytest.raises(
        ValueError, match=r"of the model 'gpt'.*It has answers of m.*components.llm.model.name"
    ):
        make([entry("p", "a")], name="gpt")([["p"]])


def test_samples_come_along_and_none_may_be_missing(make):
    entries = [entry("p", "a"), entry("p", "b", sample=1), entry("q", "c")]
    ((answer,),) = make(entries, samples=2)([["p"]])
    assert (answer, answer.others) == ("a", ("b",))
    with pytest.raises(ValueError, match=r"1 of 2 answers \(2 samples each\)"):
        make(entries, samples=2)([["p"], ["q"]])


def test_an_answer_that_was_asked_again_is_replayed_so(make):
    bad = entry("p", "bad")
    assert list(make([bad, replace(entry("again", "good"), reask_of=bad.key)])([["p"]])) == [["good"]]


def test_a_replay_makes_no_ledger(tmp_path):
    model = replay(tmp_path / "none.sqlite")
    with pytest.raises(ValueError, match=r"no such ledger.*import"):
        model([["p"]])
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_in_a_folder_that_cannot_be_written_to(make, tmp_path):
    model = make([entry("p", "a")])
    (tmp_path / "ledger.sqlite").chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert list(model([["p"]])) == [["a"]]
    finally:
        tmp_path.chmod(0o755)


def test_samples_have_to_be_positive():
    with pytest.raises(ValueError, match="samples is 0"):
        replay("x", samples=0)
