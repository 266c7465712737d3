"""`spacy-distill annotate` as a user types it."""

import json
import os
import signal
import threading
from itertools import chain

import pytest
import spacy
from typer.testing import CliRunner

from helpers.asking import entries
from helpers.loopback import Response, Server, completion, failure
from helpers.provider import Provider
from helpers.warm import CONFIG, processes, run_command
from spacy_distill import read_docs, views, write_docs
from spacy_distill.cli import app

OK = '{"entities": [{"text": "Ada", "label": "PER"}]}'
KEY = "sk-very-secret-0123456789"


@pytest.fixture
def folder(tmp_path):
    """A folder with a config and a corpus of twenty documents."""
    nlp = spacy.blank("en")
    write_docs((nlp(f"Ada met number {i} .") for i in range(20)), tmp_path / "in.spacy")
    (tmp_path / "teacher.cfg").write_text(CONFIG.replace('"LEDGER"', f'"{tmp_path / "ledger.sqlite"}"'))
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch):
    """Run the command in that folder; its exit status and its output without line breaks."""
    monkeypatch.chdir(folder)

    def run(*arguments):
        arguments = ["annotate", "teacher.cfg", "in.spacy", "out.spacy", *map(str, arguments)]
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        return done.exit_code, " ".join(done.output.split())

    return run


def at(server, **model):
    """Overrides that point the config at a server."""
    known = {"endpoint": server.url, "max_tries": 2, **model}
    return [
        part
        for name, value in known.items()
        for part in (f"--components.llm.model.{name}", json.dumps(value))
    ]


def entities(folder):
    docs = read_docs(folder / "out.spacy", spacy.blank("en").vocab)
    return [[str(span) for span in doc.ents] for doc in docs]


def test_a_corpus_is_annotated_and_the_run_described(run, folder):
    with Server(lambda call: completion(OK)) as server:
        status, output = run(*at(server, prices={"input": 10, "output": 10}))
    assert status == 0, output
    assert "20 asked for: 20 requests, 2,000 + 200 tokens, 0.0220 USD" in output
    assert "done: 20 of 20 kept: 0 answers: 20" in output and "USD: 0.0220" in output
    assert entities(folder) == [["Ada"]] * 20


def test_failed_documents_are_in_the_summary_and_the_status(run, folder):
    def respond(call):
        return failure(400, "\x1b[31mtoo rude[/bold]") if "number 7 " in call.prompt else completion(OK)

    with Server(respond) as server:
        status, output = run(*at(server))
        assert status == 1
        assert "1 document failed" in output
        assert list(chain(*entities(folder))) == ["Ada"] * 19
        server.respond = lambda call: completion(OK)
        status, output = run(*at(server))
    assert status == 0
    assert "1 asked for: 1 request," in output
    assert len(server.calls) == 21


def test_a_run_that_the_budget_stops_says_what_is_left(run, folder):
    with Server(lambda call: completion(OK)) as server:
        settings = at(server, concurrency=1, request={"max_tokens": 10})
        status, output = run(*settings, "--max-tokens", 1000)
        assert status == 1
        left = 20 - len(server.calls)
        assert 0 < left < 20
        assert f"{left} documents not answered yet" in output
        assert "--max-tokens 1000" in output
        assert len(entities(folder)) == 20
        assert run(*settings)[0] == 0
    assert len(server.calls) == 20


def test_the_key_is_in_no_file_that_is_made_of_answers(run, folder, monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    ways = [
        completion(OK),
        completion(f'["Ada", "{KEY}"]'),
        failure(400, f"Incorrect API key provided: {KEY}"),
        failure(500, KEY),
        Response(f"not json {KEY}"),
    ]

    def respond(call):
        return ways[int(call.prompt.split()[-2]) % len(ways)]

    with Server(respond) as server:
        printed = run(*at(server, api_key_env="SOME_KEY", max_tries=1))[1]
    for arguments in (
        ["audit", "out.spacy", "--html", "audit.html", "--json", "audit.json"],
        ["ledger", "ledger.sqlite", "export", "answers.jsonl"],
    ):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        printed += done.output
    made = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {"teacher.cfg", "ledger.sqlite", "out.spacy", "audit.html", "audit.json", "answers.jsonl"} <= set(
        made
    )
    assert KEY not in printed
    assert not [name for name, content in made.items() if KEY.encode() in content]


def test_a_limit_in_money_needs_prices(run, folder):
    with Server(lambda call: completion(OK)) as server:
        status, output = run(*at(server), "--max-cost", 1)
    assert (status, server.calls) == (1, [])
    assert "components.llm.model.prices" in output
    assert not (folder / "out.spacy").exists()


def test_a_dry_run_sends_nothing_and_writes_nothing(run, folder):
    before = sorted(path.name for path in folder.iterdir())
    with Server(lambda call: completion(OK)) as server:
        status, output = run(*at(server, prices={"input": 10, "output": 10}), "--dry-run")
        assert (status, server.calls) == (0, [])
    assert sorted(path.name for path in folder.iterdir()) == before
    for part in (
        "documents 20",
        "already answered 0",
        "prompts to send 20",
        "estimated",
        "USD",
        "number 0 .",
    ):
        assert part in output, part


def test_a_dry_run_learns_from_the_ledger(run, folder):
    with Server(lambda call: completion(OK, usage=(1000, 50))) as server:
        run(*at(server), "--max-tokens", 9000)
        asked = len(server.calls)
        status, output = run(*at(server), "--dry-run")
    assert status == 0
    assert f"already answered {asked}" in output
    assert "earlier answers" in output
    left = 20 - asked
    assert f"tokens, estimated {left * 1000:,}"[:-3] in output


def test_without_a_key_nothing_is_sent(run, folder, monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    status, output = run(
        *("--components.llm.model.endpoint", "https://api.example.com/v1"),
        *("--components.llm.model.api_key_env", "SOME_KEY"),
    )
    assert status == 1
    assert "SOME_KEY" in output
    assert not (folder / "out.spacy").exists()


def test_a_wrong_key_ends_the_run_and_is_shown_nowhere(run, folder, monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    with Server(lambda call: failure(401, f"Incorrect API key provided: {KEY}")) as server:
        status, output = run(*at(server, api_key_env="SOME_KEY"))
    assert status == 1
    assert "HTTP 401" in output
    assert "no file was written" in output
    assert not (folder / "out.spacy").exists()
    assert KEY not in output
    assert not [path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--components.llm.task.labels", "[]"], "label"),
        (["--components.llm.model.@llm_models", "spacy_distill.Replay.v1"], "endpoint"),
        (["--components.llm.model.concurrency", "0"], "concurrency is 0"),
        (["--components.llm.model.colour", "1"], "colour"),
    ],
)
def test_a_wrong_config_is_an_error_without_a_traceback(run, arguments, message):
    status, output = run(*arguments)
    assert status == 1
    assert message in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    "text", ['[components]\n\n[components.ner]\nfactory = "ner"\n', "[components]\nllm = 3\n", "[study]\n"]
)
def test_a_config_of_something_else_is_called_so(run, folder, text):
    (folder / "teacher.cfg").write_text(text)
    for arguments in ([], ["--dry-run"]):
        status, output = run(*arguments)
        assert (status, "no teacher's config" in output) == (1, True)


def test_the_output_may_not_be_the_input_nor_lie_where_nothing_can(run, folder):
    (folder / "file").touch()
    for out, message in (("in.spacy", "is read too"), ("file/out.spacy", "Choose a place")):
        done = CliRunner().invoke(app, ["annotate", "teacher.cfg", "in.spacy", out])
        assert done.exit_code == 1
        assert message in " ".join(done.output.split())


def test_a_corpus_that_is_none(run, folder):
    (folder / "in.spacy").write_bytes(b"no corpus")
    status, output = run()
    assert status == 1
    assert "not a .spacy file" in output


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_keeps_what_is_in_flight_or_at_once_ends_and_says_how_to_go_on(
    run, folder, monkeypatch, times
):
    context = processes(monkeypatch)
    reached = threading.Event()

    def respond(call):
        if call.number == 9:
            reached.set()
        return completion(OK, delay=0.2)

    with Server(respond) as server:
        arguments = ["annotate", "teacher.cfg", "in.spacy", "out.spacy", *at(server, concurrency=5)]
        process = context.Process(target=run_command, args=(arguments, folder, folder / "output.txt"))
        process.start()
        assert reached.wait(60)
        while process.is_alive() and times:
            os.kill(process.pid, signal.SIGINT)
            times -= 1
            # The system makes one of two signals of a kind that come at the same time.
            process.join(0.05)
        process.join(60)
        output = " ".join((folder / "output.txt").read_text().split())
        assert process.exitcode == 130, output
        assert "The same command goes on" in output
        assert "Traceback" not in output and "Unclosed" not in output
        kept, asked = len(entries(folder / "ledger.sqlite")), len(server.calls)
        if "Stopped early" in output:
            assert kept == asked < 20
            assert f"{20 - asked} documents not answered yet" in output
            assert list(chain(*entities(folder))) == ["Ada"] * asked
        else:
            # What was in flight at the second Ctrl-C is asked again.
            assert asked - 5 <= kept < 20 and not (folder / "out.spacy").exists()
        server.respond = lambda call: completion(OK)
        assert run(*at(server))[0] == 0
        assert len(server.calls) == 20 + asked - kept
    assert entities(folder) == [["Ada"]] * 20


def test_ctrl_c_while_a_batch_is_handed_in_hands_nothing_in_twice(run, folder, monkeypatch):
    context, provider = processes(monkeypatch), Provider()
    reached = threading.Event()

    def respond(call):
        response = provider(call)
        if (call.method, call.path) == ("POST", "/v1/batches"):
            response.delay = 30
            reached.set()
        return response

    with Server(respond) as server:
        arguments = ["annotate", "teacher.cfg", "in.spacy", "out.spacy", *at(server), "--batch"]
        process = context.Process(target=run_command, args=(arguments, folder, folder / "output.txt"))
        process.start()
        assert reached.wait(60)
        os.kill(process.pid, signal.SIGINT)
        process.join(60)
        output = " ".join((folder / "output.txt").read_text().split())
        assert process.exitcode == 130, output
        assert "The same command goes on" in output
        server.respond = provider
        assert run(*at(server), "--batch")[0] == 3
    assert len(provider.keys()) == 20


def test_a_replay_of_what_was_asked_gives_the_same_documents(run, folder):
    with Server(lambda call: Response("{", 500) if "number 3 " in call.prompt else completion(OK)) as server:
        run(*at(server))
    first = (folder / "out.spacy").read_bytes()
    replay = CONFIG.split("[components.llm.model]")[0] + "[components.llm.model]\n"
    replay += '@llm_models = "spacy_distill.Replay.v1"\nledger = "ledger.sqlite"\n'
    (folder / "teacher.cfg").write_text(replay)
    status, output = run()
    assert status == 1
    assert "20 answers found in the ledger; none was asked for" in output
    assert (folder / "out.spacy").read_bytes() == first
    docs = list(read_docs(folder / "out.spacy", spacy.blank("en").vocab))
    assert [views(doc)["standard"]["source"] for doc in docs] == [None] * 20


def test_the_plain_pipeline_gives_the_same_documents(run, folder):
    from spacy_llm.util import assemble

    with Server(lambda call: completion(OK)) as server:
        run(*at(server))
        overrides = {"components.llm.model.endpoint": server.url}
        nlp = assemble(folder / "teacher.cfg", overrides=overrides)
        docs = list(nlp.pipe(nlp.make_doc(doc.text) for doc in read_docs(folder / "in.spacy", nlp.vocab)))
        assert len(server.calls) == 20
    assert [[str(span) for span in doc.ents] for doc in docs] == entities(folder)


def test_a_batch_is_handed_in_and_collected_by_the_same_command(run, folder):
    provider = Provider()
    with Server(provider) as server:
        status, output = run(*at(server, prices={"input": 10, "output": 10}), "--batch")
        assert status == 3, output
        assert "batch-0 in_progress" in output
        assert "The same command collects them later" in output
        assert not (folder / "out.spacy").exists()
        summary = CliRunner().invoke(app, ["ledger", "ledger.sqlite"])
        assert "20 answers awaited from the batch batch-0 " in " ".join(summary.output.split())
        status, output = run(*at(server, prices={"input": 10, "output": 10}), "--dry-run")
        assert "awaited from a batch 20" in output and "prompts to send 0" in output
        provider.end()
        status, output = run(*at(server, prices={"input": 10, "output": 10}), "--batch")
    assert status == 0, output
    assert "2,000 + 200 tokens, 0.0110 USD" in output
    assert entities(folder) == [["Ada"]] * 20


def test_a_batch_needs_a_model_to_ask(run, folder):
    (folder / "ledger.sqlite").touch()
    status, output = run(
        "--components.llm.model", '{"@llm_models": "spacy_distill.Replay.v1", "ledger": "x"}', "--batch"
    )
    assert status == 1
    assert "Leave --batch out" in output
