"""Where requests go, what goes with them, and what does not."""

import pytest

from helpers.asking import ask, chat_model
from helpers.loopback import Response, Server, completion, failure

REMOTE = "https://api.example.com/v1"


@pytest.fixture
def asking(tmp_path):
    """Asks an endpoint for one answer."""

    def asking(endpoint, **settings):
        return ask(chat_model(tmp_path / "ledger.sqlite", endpoint, **{"max_tries": 1, **settings}), 1)

    return asking


@pytest.mark.parametrize(
    "endpoint",
    ["http://localhost:9/v1", "http://127.0.0.1:9/v1", "http://127.9.9.9:9/v1", "http://[::1]:9/v1"],
)
def test_this_machine_needs_no_key(asking, monkeypatch, endpoint):
    monkeypatch.delenv("MY_KEY", raising=False)
    assert "connection failed" in asking(endpoint, api_key_env="MY_KEY").stopped


@pytest.mark.parametrize("host", ["localhost.evil.com", "127.0.0.1.evil.com", "10.0.0.1", "api.example.com"])
def test_another_machine_needs_one(asking, monkeypatch, host):
    for value in (None, "", "  "):
        monkeypatch.setattr("os.environ", {} if value is None else {"MY_KEY": value})
        with pytest.raises(ValueError, match=f"MY_KEY.*{host}"):
            asking(f"https://{host}/v1", api_key_env="MY_KEY")


def test_a_key_does_not_leave_this_machine_unencrypted(asking, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-1")
    with pytest.raises(ValueError, match="unencrypted") as error:
        asking("http://10.0.0.1/v1", api_key_env="MY_KEY")
    assert "sk-1" not in str(error.value)


@pytest.mark.parametrize("value", ["sk 1", "sk\n1", "sk\x001", "schlüssel"])
def test_a_key_that_cannot_be_a_header_is_not_quoted(asking, monkeypatch, value):
    monkeypatch.setattr("os.environ", {"MY_KEY": value})
    with pytest.raises(ValueError, match="does not hold an API key") as error:
        asking(REMOTE, api_key_env="MY_KEY")
    assert value not in str(error.value)


@pytest.mark.parametrize("variable", ["sk-very-secret", "", "A B", "$OPENAI_API_KEY"])
def test_a_key_in_place_of_its_variable_is_not_quoted(variable):
    with pytest.raises(ValueError, match="api_key_env") as caught:
        chat_model("l.sqlite", REMOTE, api_key_env=variable)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["", "api.openai.com/v1", "ftp://host/v1", "https:///v1"])
def test_an_endpoint_has_to_be_an_address(endpoint):
    with pytest.raises(ValueError, match=r"https://api\.openai\.com/v1"):
        chat_model("l.sqlite", endpoint)


@pytest.mark.parametrize("endpoint", ["https://me:secret@host/v1", "https://host/v1?key=secret"])
def test_an_endpoint_holds_no_secret(endpoint):
    with pytest.raises(ValueError, match="api_key_env") as error:
        chat_model("l.sqlite", endpoint)
    assert "secret" not in str(error.value)


def test_the_key_is_sent_and_a_slash_at_the_end_makes_no_difference(asking, monkeypatch):
    monkeypatch.setenv("MY_KEY", " sk-1 \n")
    with Server(lambda call: completion("[]")) as server:
        asking(f"{server.url}/", api_key_env="MY_KEY")
        assert asking(server.url).kept == 1
    assert server.calls[0].headers["authorization"] == "Bearer sk-1"
    assert server.calls[0].path == "/v1/chat/completions"


def test_no_proxy_is_used_for_this_machine(asking, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Server(lambda call: completion("[]")) as server:
        assert asking(server.url).states == {"ok": 1}


def test_a_redirect_is_not_followed(asking, tmp_path):
    with Server(lambda call: completion("[]")) as other:
        away = Response("", 307, {"location": f"{other.url}/chat/completions"})
        with Server(lambda call: away) as server:
            assert asking(server.url).states == {"failed": 1}
        assert other.calls == []


def test_the_environment_of_the_openai_client_does_not_matter(asking, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-other")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-other")
    with Server(lambda call: completion("[]")) as server:
        assert asking(server.url).states == {"ok": 1}
    assert "other" not in str(server.calls[0].headers)
    # Nor is it told what machine this is.
    assert not [name for name in server.calls[0].headers if name.startswith("x-stainless")]


AZURE = {
    "headers": {"api-key": "$AZURE_KEY"},
    "query": {"api-version": "2024-10-21"},
    "api_key_env": None,
    "name": "gpt-4o",
}


def azure(call):
    """A server that insists on its deployment's path, version and header, and on no other key."""
    right = call.path == "/openai/deployments/mine/chat/completions?api-version=2024-10-21"
    right = right and call.headers.get("api-key") == "az-secret/1"
    return completion("[]") if right and "authorization" not in call.headers else failure(401, str(call))


def test_azure_is_asked_by_its_path_version_and_header(asking, monkeypatch, tmp_path):
    monkeypatch.setenv("AZURE_KEY", "az-secret/1")
    with Server(azure) as server:
        endpoint = server.url.replace("/v1", "/openai/deployments/mine")
        assert asking(endpoint, **AZURE).states == {"ok": 1}
        assert "HTTP 401" in asking(endpoint, **{**AZURE, "query": {}, "name": "x"}).stopped
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"az-secret" in path.read_bytes()]


@pytest.mark.parametrize(
    "answer", [failure(400, "your key az-secret/1 is odd"), completion("az-secret/1 az-secret\\/1")]
)
def test_a_secret_of_a_header_is_written_nowhere(asking, monkeypatch, tmp_path, answer):
    monkeypatch.setenv("AZURE_KEY", "az-secret/1")
    with Server(lambda call: answer) as server:
        asking(server.url, **AZURE)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"az-secret" in path.read_bytes()]


def test_a_variable_of_a_header_has_to_be_set(asking, monkeypatch):
    monkeypatch.delenv("AZURE_KEY", raising=False)
    with pytest.raises(ValueError, match="AZURE_KEY"):
        asking(REMOTE, **AZURE)


@pytest.mark.parametrize(
    "given",
    [
        {"headers": {"api-key": "0123456789abcdef"}},
        {"headers": {"Authorization": "Bearer secret"}},
        {"headers": {"X-Anything": "secret"}},
        {"query": {"key": "secret"}},
        {"query": {"code": "$not a variable secret"}},
    ],
)
def test_a_secret_in_a_config_is_refused_and_not_quoted(given):
    with pytest.raises(ValueError, match=r"MY_VARIABLE") as caught:
        chat_model("l.sqlite", REMOTE, **given)
    assert "secret" not in str(caught.value).replace("may be a secret", "")
    assert "0123456789abcdef" not in str(caught.value)
