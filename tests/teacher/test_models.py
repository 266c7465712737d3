"""The models' options."""

from pathlib import Path

import pytest

from helpers.asking import chat_model, replay
from helpers.warm import CONFIG
from spacy_distill import load_teacher


def test_making_a_model_makes_no_ledger(tmp_path):
    chat_model(tmp_path / "ledger.sqlite")
    replay(tmp_path / "ledger.sqlite", name="gpt-4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"concurrency": 0}, "concurrency is 0"),
        ({"max_tries": 0}, "max_tries is 0"),
        ({"samples": 0}, "samples is 0"),
        ({"reask": -1}, "reask is -1"),
        ({"timeout": 0}, "timeout is 0"),
        ({"timeout": float("nan")}, "timeout is nan"),
        ({"requests_per_minute": -1}, "requests_per_minute is -1"),
        ({"tokens_per_minute": float("inf")}, "tokens_per_minute is inf"),
        ({"endpoint": "localhost"}, "endpoint"),
        ({"request": {"stream": True, "n": 3}}, "n, stream"),
        ({"prices": {"in": 1}}, "prices"),
        ({"samples": 3}, "temperature 0"),
    ],
)
def test_wrong_arguments_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        chat_model("ledger.sqlite", **arguments)


def test_a_request_of_ones_own_replaces_the_default():
    settings = chat_model("ledger.sqlite", request={"max_completion_tokens": 500}).settings
    assert settings.request == {"max_completion_tokens": 500}
    assert settings.longest == 500


def test_structured_output_as_the_documentation_writes_it(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "teacher.md").read_text(encoding="utf-8")
    block = page.split("```ini\n")[1].split("```")[0]
    (tmp_path / "teacher.cfg").write_text(f"{CONFIG}\n{block}")
    request = load_teacher(tmp_path / "teacher.cfg", {}).model.settings.request
    assert request["max_tokens"] == 500
    schema = request["response_format"]["json_schema"]["schema"]
    assert request["response_format"]["type"] == "json_schema"
    entity = schema["properties"]["entities"]["items"]
    assert entity["properties"]["label"]["enum"] == ["LOC", "MISC", "ORG", "PER"]
