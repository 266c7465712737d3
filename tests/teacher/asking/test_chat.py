"""ChatModel against a server on this machine: what is asked, what is kept, and what is asked again."""

import asyncio

import pytest

from helpers.asking import PromptJob, ask, chat_model, jobs
from helpers.loopback import Server, completion, failure

OK = '["Ada"]'


@pytest.fixture
def model(tmp_path):
    """Makes a model that asks a server and keeps its answers."""

    def make(server, **settings):
        return chat_model(tmp_path / "ledger.sqlite", server.url, **{"concurrency": 4, **settings})

    return make


def test_answers_are_asked_once_and_kept(model):
    with Server(lambda call: completion(call.prompt.upper())) as server:
        first = ask(model(server), jobs(20))
        again = ask(model(server), jobs(30))
        assert (first.asked, first.kept, again.asked, again.kept) == (20, 0, 10, 20)
        assert sorted(server.prompts) == sorted(job.prompt for job in jobs(30))
        answers = list(model(server)([["prompt 3"], [], ["prompt 7", "prompt 8"]]))
    assert answers == [["PROMPT 3"], [], ["PROMPT 7", "PROMPT 8"]]
    assert (answers[0][0].state, answers[0][0].model) == ("ok", "fake")


def test_the_body_holds_what_the_config_says(model):
    schema = {"type": "json_schema", "json_schema": {"name": "entities", "schema": {"type": "object"}}}
    request = {"temperature": 0.5, "max_tokens": 7, "response_format": schema}
    with Server(lambda call: completion(OK)) as server:
        ask(model(server, request=request), jobs(1))
    message = {"role": "user", "content": "prompt 0"}
    assert server.calls[0].path == "/v1/chat/completions"
    assert server.calls[0].body == {**request, "model": "fake", "messages": [message]}


def test_a_row_holds_all_that_is_known(model):
    job = PromptJob("prompt", "text", "names", "0123")
    with Server(lambda call: completion(OK, usage=(1000, 100))) as server:
        asked = model(server, prices={"input": 2.0, "output": 10.0})
        statistics = ask(asked, [job])
    (entry,) = asked.ledger.entries()
    assert (entry.answer, entry.state, entry.model) == (OK, "ok", "fake")
    assert (entry.host, entry.finish_reason, entry.tries) == (f"127.0.0.1:{server.port}", "stop", 1)
    assert (entry.prompt_tokens, entry.completion_tokens, entry.cost) == (1000, 100, 0.003)
    assert (entry.text, entry.view, entry.prompt_hash, entry.source) == ("text", "names", "0123", None)
    assert entry.latency is not None and entry.time is not None and len(entry.body) == 64
    assert statistics.cost == pytest.approx(0.003)


def test_requests_are_in_flight_together_but_no_more_than_allowed(model):
    with Server(lambda call: completion(OK, delay=0.01)) as server:
        ask(model(server, concurrency=8), jobs(40))
    assert server.most_in_flight == 8


def test_prompts_are_taken_as_there_is_room(model):
    taken = 0

    def stream():
        nonlocal taken
        for job in jobs(100):
            taken += 1
            yield job

    def respond(call):
        assert taken <= call.number + 1 + 4
        return completion(OK)

    with Server(respond) as server:
        assert ask(model(server), stream()).states == {"ok": 100}


def test_one_request_serves_equal_prompts(model):
    with Server(lambda call: completion(OK, delay=0.01)) as server:
        ask(model(server), [PromptJob("same")] * 10 + [PromptJob("")] * 3)
        assert server.prompts == ["same"]
        assert list(model(server)([["same"], ["same"], [""]])) == [[OK], [OK], [""]]


def test_samples_are_rows_of_their_own(model):
    with Server(lambda call: completion(f"answer {call.number}")) as server:
        asked = model(server, samples=3, request={"temperature": 1.0}, concurrency=1)
        ask(asked, jobs(2))
        ((answer,), _) = asked([["prompt 0"], ["prompt 1"]])
        assert len(server.calls) == 6
        assert [answer, *answer.others] == ["answer 0", "answer 1", "answer 2"]
        assert [entry.sample for entry in asked.ledger.entries()] == [0, 1, 2] * 2
        assert ask(model(server, samples=4, request={"temperature": 1.0}), jobs(2)).asked == 2


def complain(answer):
    return None if answer.startswith("[") else "That is no list."


def test_an_answer_that_does_not_parse_is_asked_again_with_the_complaint(model):
    def respond(call):
        return completion(OK if len(call.body["messages"]) == 5 else f"bad {len(call.body['messages'])}")

    with Server(respond) as server:
        statistics = ask(model(server, reask=3), jobs(1), complaint=complain)
        assert (statistics.reasked, statistics.states) == (2, {"ok": 3})
        roles = [(message["role"], message["content"]) for message in server.calls[-1].body["messages"]]
        assert roles == [
            ("user", "prompt 0"),
            ("assistant", "bad 1"),
            ("user", "That is no list."),
            ("assistant", "bad 3"),
            ("user", "That is no list."),
        ]
        # The plain pipeline, which knows no parser, finds the same; a config without `reask` the first one.
        assert list(model(server, reask=3)([["prompt 0"]])) == [[OK]]
        assert list(model(server)([["prompt 0"]])) == [["bad 1"]]
        assert ask(model(server, reask=3), jobs(1), complaint=complain).requests == 0
    assert len(server.calls) == 3


def test_reasking_ends_and_is_off_unless_wanted(model):
    with Server(lambda call: completion("bad")) as server:
        assert ask(model(server), jobs(1), complaint=complain).requests == 1
        assert ask(model(server, reask=2), jobs(1), complaint=complain).requests == 2
        assert list(model(server, reask=2)([["prompt 0"]])) == [["bad"]]


@pytest.mark.parametrize(
    ("response", "state"),
    [
        (completion("[", finish_reason="length"), "truncated"),
        (completion("", finish_reason="content_filter"), "refused"),
        (completion(None, refusal="No."), "refused"),
    ],
)
def test_states_are_kept_and_not_asked_again(model, response, state):
    with Server(lambda call: response) as server:
        for requests in (1, 0):
            statistics = ask(model(server, reask=2), jobs(1), complaint=complain)
            assert statistics.requests == requests
        ((answer,),) = model(server)([["prompt 0"]])
    assert answer.state == state


@pytest.mark.parametrize("limit", [{"max_tokens": 3000}, {"max_cost": 0.003}])
def test_a_budget_is_not_exceeded_and_what_is_left_can_be_asked_later(model, limit):
    with Server(lambda call: completion(OK, usage=(100, 200))) as server:
        settings = {"request": {"max_tokens": 200}, "prices": {"input": 1.0, "output": 1.0}}
        asked = model(server, **settings)
        statistics = ask(asked, jobs(100), **limit)
        assert 8 <= statistics.asked <= 10
        assert statistics.prompt_tokens + statistics.completion_tokens <= 3000
        assert "--max-" in statistics.stopped
        rest = ask(model(server, **settings), jobs(100))
    assert rest.asked == 100 - statistics.asked
    assert len(server.calls) == 100


def test_a_budget_of_nothing_sends_nothing(model):
    with Server(lambda call: completion(OK)) as server:
        statistics = ask(model(server), jobs(10), max_tokens=0)
    assert (statistics.requests, server.calls) == (0, [])


def test_a_reply_that_was_lost_counts_as_spent(model):
    settings = {"request": {"max_tokens": 100}, "prices": {"input": 0.0, "output": 1.0}}
    with Server(lambda call: completion(OK) if call.number else failure(500)) as server:
        assert ask(model(server, **settings), jobs(1)).cost == pytest.approx(10e-6)
    lost = completion(OK)
    lost.cut = 10
    with Server(lambda call: completion(OK) if call.number else lost) as server:
        assert ask(model(server, **settings), jobs(1)).cost == pytest.approx(110e-6)


def test_a_model_works_where_a_loop_is_running_already(model):
    with Server(lambda call: completion(OK)) as server:

        async def notebook():
            return list(model(server)([["prompt 0"]]))

        assert asyncio.run(notebook()) == [[OK]]


def test_odd_text_is_sent_and_kept(model):
    texts = [
        "\x00\x1b[31m",
        "{{ 7 * 7 }}{% for x in y %}",
        "\u202eevil\u2066",
        "a\ud800b",
        "ж" * 1_000_000,
        '"\\',
    ]
    with Server(lambda call: completion(call.prompt)) as server:
        asked = model(server)
        answers = list(asked([[text] for text in texts]))
    assert [answer for (answer,) in answers] == [text.replace("\ud800", "\ufffd") for text in texts]
    assert len({entry.key for entry in asked.ledger.entries()}) == len(texts)


def test_keys_are_those_of_the_documented_parts(model):
    with Server(lambda call: completion(OK)) as server:
        ask(model(server), jobs(1))
        ask(model(server, request={"temperature": 1.0}), jobs(1))
        ask(model(server, name="other"), jobs(1))
        assert len(server.calls) == 3
        # Limits and prices change no answer.
        ask(model(server, concurrency=2, max_tries=2, prices={"input": 1, "output": 1}), jobs(1))
    assert len(server.calls) == 3


def test_two_runs_on_one_ledger_do_not_ask_the_same(model):
    from concurrent.futures import ThreadPoolExecutor

    with Server(lambda call: completion(OK, delay=0.005)) as server, ThreadPoolExecutor(2) as pool:
        tallies = list(pool.map(lambda _: ask(model(server), jobs(40)), range(2)))
        assert sorted(server.prompts) == sorted(job.prompt for job in jobs(40))
    assert sum(statistics.asked for statistics in tallies) == 40


def test_a_slow_answer_holds_no_other_up(model):
    with Server(lambda call: completion(OK, delay=3.0 if call.prompt == "prompt 0" else 0)) as server:
        asked = model(server)
        ask(asked, jobs(40))
    assert [entry.messages[0]["content"] for entry in asked.ledger.entries()][-1] == "prompt 0"
