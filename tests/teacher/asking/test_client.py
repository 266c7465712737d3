import asyncio

import pytest

from helpers.loopback import Response, Server, completion
from spacy_distill.teacher.client import ChatClient
from spacy_distill.teacher.errors import Fault


def complete(url, key="sk-1"):
    async def run():
        client = ChatClient(url, key, timeout=5, concurrency=100)
        try:
            return await client.complete({"model": "m", "messages": []})
        finally:
            await client.close()

    return asyncio.run(run())


def test_no_proxy_is_used_for_this_machine(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Server(lambda call: completion("[]")) as server:
        assert complete(server.url).answer == "[]"


def test_a_redirect_is_not_followed():
    with Server(lambda call: completion("[]")) as other:
        away = Response("", 307, {"location": f"{other.url}/chat/completions"})
        with Server(lambda call: away) as server, pytest.raises(Fault, match="redirected to http"):
            complete(server.url)
        assert other.calls == []


def test_the_environment_of_the_openai_client_does_not_matter(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with Server(lambda call: completion("[]")) as server:
        assert complete(server.url, "none").answer == "[]"
    assert "sk-other" not in str(server.calls[0].headers)
