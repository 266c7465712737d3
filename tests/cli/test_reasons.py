"""What became of answers is said with reasons and keys, with a warning where nothing good is learned."""

import json

import pytest
import spacy
from typer.testing import CliRunner

from helpers.loopback import Server, completion, failure
from helpers.warm import CONFIG
from spacy_distill import read_docs, views, write_docs
from spacy_distill.cli import app

GOOD = '{"entities": [{"text": "Ada", "label": "PER"}]}'
STRANGE = '{"entities": [{"text": "Ada", "label": "Perzon"}]}'
INVENTED = '{"entities": [{"text": "Ada", "label": "PER"}, {"text": "Zed", "label": "PER"}]}'
EMPTY = '{"entities": []}'
# So much that is not in the text that its parts are no longer looked for.
ENDLESS = json.dumps(
    {"entities": [{"text": " ".join(f"bqzx{n}j{i}" for i in range(30)), "label": "PER"} for n in range(200)]}
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to be in, with a config and a corpus of ten documents."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    nlp = spacy.blank("en")
    write_docs((nlp(f"Ada met number {i} .") for i in range(10)), tmp_path / "in.spacy")
    (tmp_path / "teacher.cfg").write_text(CONFIG.replace('"LEDGER"', '"ledger.sqlite"'))
    return tmp_path


def run(*arguments):
    """Run a command; its exit status and its output without line breaks."""
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    return done.exit_code, " ".join(done.output.split())


def annotate(reply, *more):
    """Annotate with a server that answers the n-th document by `reply(n)`."""
    with Server(lambda call: reply(int(call.prompt.rpartition("number ")[2].split()[0]))) as server:
        endpoint = ("--components.llm.model.endpoint", json.dumps(server.url))
        tries = ("--components.llm.model.max_tries", "1")
        return run("annotate", "teacher.cfg", "in.spacy", "out.spacy", *endpoint, *tries, *more)


def key_of(output, why):
    """The key that stands before a reason."""
    return output.partition(f" {why}")[0].split()[-1]


@pytest.mark.parametrize(
    ("reply", "why", "shown"),
    [
        (failure(500, "boom req-7"), "failed: HTTP 500: boom req-7", "boom req-7"),
        (failure(400, "no", "content_filter"), "refused: HTTP 400: no", "content_filter"),
        (completion("[", finish_reason="length"), "truncated: the answer was cut off (length)", "length"),
        (completion("I am sorry, no."), "unparsable: such as 'I am sorry, no.'", "I am sorry, no."),
        (completion(STRANGE), "dropped: the label 'Perzon' is none of those asked for", "Perzon"),
        (completion(INVENTED), "dropped: what is named is not in the text", "Zed"),
    ],
)
def test_each_reason_is_counted_with_a_key_that_show_takes(folder, reply, why, shown):
    _, output = annotate(lambda number: reply if number < 3 else completion(GOOD))
    assert f"3 {key_of(output, why)} {why}" in output
    status, found = run("ledger", "ledger.sqlite", "show", key_of(output, why).upper() + "…")
    assert status == 0 and shown in found
    assert "time 20" in found and "UTC" in found  # A date, no seconds.


def test_a_cap_that_acted_is_said_by_annotate_and_by_audit(folder):
    said = "not in the text, nor looked for in parts"
    _, output = annotate(lambda number: completion(ENDLESS if number < 2 else GOOD))
    assert f"dropped: what is named is {said}" in output
    for arguments in ((), ("--html", "page.html")):
        assert said in run("audit", "out.spacy", *arguments)[1]
    assert said in (folder / "page.html").read_text()
    annotate(lambda number: completion(INVENTED), "--components.llm.model.ledger", "other.sqlite")
    assert said not in run("audit", "out.spacy")[1]


@pytest.mark.parametrize(
    ("state", "answer"),
    [("ok", GOOD), ("refused", ""), ("failed", "HTTP 500: boom"), ("unparsable", "Sorry")],
)
def test_answers_in_a_state_are_listed(folder, state, answer):
    bad = {"refused": completion(""), "failed": failure(500, "boom"), "unparsable": completion("Sorry, no.")}
    annotate(lambda number: bad.get(state, completion(GOOD)) if number < 2 else completion(GOOD))
    status, output = run("ledger", "ledger.sqlite", "list", "--state", state, "--config", "teacher.cfg")
    assert status == 0
    assert f"{10 if state == 'ok' else 2} answers." in output and answer in output


def test_a_state_that_there_is_not_or_that_needs_a_config_is_refused(folder):
    annotate(lambda number: completion(GOOD))
    assert "Expected one of ok," in run("ledger", "ledger.sqlite", "list", "--state", "odd")[1]
    assert "--config" in run("ledger", "ledger.sqlite", "list", "--state", "unparsable")[1]


@pytest.mark.parametrize(
    ("bad", "warned"),
    [
        (completion(EMPTY), "6 of 10 usable answers left no label"),
        (completion("Sorry, no."), "6 of 10 documents have no usable answer"),
        (failure(500), "6 of 10 documents have no usable answer"),
    ],
)
def test_a_corpus_that_teaches_nothing_ends_with_a_warning(folder, bad, warned):
    _, output = annotate(lambda number: bad if number < 6 else completion(GOOD))
    assert warned in output.partition("Look at this before you train on it")[2]
    (folder / "ledger.sqlite").unlink()
    assert "Look at this" not in annotate(lambda number: bad if number < 4 else completion(GOOD))[1]


def test_a_cost_without_prices_is_unknown_everywhere(folder):
    dry = run("annotate", "teacher.cfg", "in.spacy", "out.spacy", "--dry-run")[1]
    output = annotate(lambda number: completion(GOOD))[1]
    summary = run("ledger", "ledger.sqlite")[1]
    for said in (dry, output, summary):
        assert "unknown" in said and "0.0000" not in said


BLOCKS = {"absent": "", "null": "request = null\nprices = null\n", "inline": 'request = {"seed": 1}\n'}


@pytest.mark.parametrize("block", BLOCKS)
def test_values_of_blocks_are_overrides_also_where_the_block_is_not_there(folder, block):
    config = CONFIG.replace('"LEDGER"', '"ledger.sqlite"') + BLOCKS[block]
    (folder / "teacher.cfg").write_text(config)
    model = "--components.llm.model"
    seen = []

    def respond(call):
        seen.append(call.body)
        return completion(GOOD)

    with Server(respond) as server:
        status, output = run(
            *(
                "annotate",
                "teacher.cfg",
                "in.spacy",
                "out.spacy",
                f"{model}.endpoint",
                json.dumps(server.url),
            ),
            *(f"{model}.request.temperature", "1.0", f"{model}.prices.input", "2.5"),
            *(f"{model}.prices.output", "10"),
        )
    assert status == 0, output
    assert {body["temperature"] for body in seen} == {1.0}
    assert {body.get("seed") for body in seen} == {1 if block == "inline" else None}
    assert "0.0035 USD" in output


@pytest.mark.parametrize("name", ["components.llm.modle.prices.input", "nowhere.at.all", "paths.a.b"])
def test_an_override_that_fits_nothing_is_still_refused(folder, name):
    done = CliRunner().invoke(app, ["annotate", "teacher.cfg", "in.spacy", "out.spacy", f"--{name}", "1"])
    assert done.exit_code == 1 and "override" in done.output


def test_the_page_of_an_audit_shows_what_cannot_be_used_and_keeps_it_harmless(folder):
    annotate(lambda number: completion("Sorry <script>x</script>") if number < 2 else completion(GOOD))
    docs = list(read_docs(folder / "out.spacy", spacy.blank("en").vocab))
    assert [views(doc)["standard"].get("answer") for doc in docs[1:3]] == ["Sorry <script>x</script>", None]
    assert run("audit", "out.spacy", "--html", "page.html")[0] == 0
    page = (folder / "page.html").read_text()
    assert page.count("Sorry &lt;script&gt;") == 2 and "Sorry <script>" not in page
