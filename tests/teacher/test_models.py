from pathlib import Path

import pytest
from spacy_llm.registry import registry

from helpers.warm import CONFIG
from spacy_distill.teacher.ledger.replay import Replay
from spacy_distill.teacher.models import ChatModel, make_chat_model
from spacy_distill.teacher.pipeline import load_teacher


def test_both_models_are_found_by_name(tmp_path):
    ledger = str(tmp_path / "ledger.sqlite")
    for name, kind in (("ChatModel", ChatModel), ("Replay", Replay)):
        section = {"@llm_models": f"spacy_distill.{name}.v1", "name": "gpt-4", "ledger": ledger}
        assert isinstance(registry.resolve({"model": section})["model"], kind)
    assert list(tmp_path.iterdir()) == []


def test_the_defaults():
    settings = make_chat_model("gpt-4", "ledger.sqlite").settings
    assert settings.endpoint == "https://api.openai.com/v1"
    assert settings.api_key_env == "OPENAI_API_KEY"
    assert settings.request == {"temperature": 0.0}
    assert (settings.concurrency, settings.timeout, settings.max_tries) == (16, 60, 6)
    assert (settings.samples, settings.reask, settings.prices) == (1, 0, None)


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
        make_chat_model("gpt-4", "ledger.sqlite", **arguments)


def test_a_request_of_ones_own_replaces_the_default():
    settings = make_chat_model("o1", "ledger.sqlite", request={"max_completion_tokens": 500}).settings
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
