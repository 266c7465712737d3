import pytest

from spacy_distill.teacher.endpoints import NO_KEY, check_endpoint, is_loopback, read_key
from spacy_distill.teacher.models import make_chat_model

REMOTE = "https://api.example.com/v1"


@pytest.mark.parametrize(
    ("endpoint", "loopback"),
    [
        ("http://localhost:8000/v1", True),
        ("http://127.0.0.1/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://localhost.evil.com/v1", False),
        ("http://127.0.0.1.evil.com/v1", False),
        ("http://127.0.0.1@evil.com/v1", False),
        ("http://10.0.0.1/v1", False),
        (REMOTE, False),
    ],
)
def test_only_this_machine_is_loopback(endpoint, loopback):
    assert is_loopback(endpoint) == loopback


@pytest.mark.parametrize("endpoint", ["", "api.openai.com/v1", "ftp://host/v1", "https:///v1"])
def test_an_endpoint_has_to_be_an_address(endpoint):
    with pytest.raises(ValueError, match=r"https://api\.openai\.com/v1"):
        check_endpoint(endpoint)


@pytest.mark.parametrize("endpoint", ["https://me:secret@host/v1", "https://host/v1?key=secret"])
def test_an_endpoint_holds_no_secret(endpoint):
    with pytest.raises(ValueError, match="api_key_env") as error:
        check_endpoint(endpoint)
    assert "secret" not in str(error.value)


def test_a_slash_at_the_end_makes_no_difference():
    assert check_endpoint("https://host/v1/") == "https://host/v1"


def test_a_key_is_read_from_the_variable_that_the_config_names(monkeypatch):
    monkeypatch.setenv("MY_KEY", " sk-1 \n")
    assert read_key(REMOTE, "MY_KEY") == "sk-1"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_without_a_key_a_remote_endpoint_is_not_asked(monkeypatch, value):
    if value is None:
        monkeypatch.delenv("MY_KEY", raising=False)
    else:
        monkeypatch.setenv("MY_KEY", value)
    with pytest.raises(ValueError, match=r"MY_KEY.*api.example.com"):
        read_key(REMOTE, "MY_KEY")
    assert read_key("http://localhost:1/v1", "MY_KEY") == NO_KEY
    assert read_key(REMOTE, None) == NO_KEY


def test_a_key_does_not_leave_this_machine_unencrypted(monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-1")
    with pytest.raises(ValueError, match="unencrypted") as error:
        read_key("http://10.0.0.1/v1", "MY_KEY")
    assert "sk-1" not in str(error.value)
    assert read_key("http://10.0.0.1/v1", "MY_KEY", allow_http=True) == "sk-1"
    assert read_key("http://10.0.0.1/v1", None) == NO_KEY


@pytest.mark.parametrize("value", ["sk 1", "sk\n1", "sk\x001", "schlüssel"])
def test_a_key_that_cannot_be_a_header_is_not_quoted(monkeypatch, value):
    monkeypatch.setattr("os.environ", {"MY_KEY": value})
    with pytest.raises(ValueError, match="does not hold an API key") as error:
        read_key(REMOTE, "MY_KEY")
    assert value not in str(error.value)


@pytest.mark.parametrize("variable", ["sk-very-secret", "", "A B", "$OPENAI_API_KEY"])
def test_a_key_in_place_of_its_variable_is_not_quoted(variable):
    with pytest.raises(ValueError, match="api_key_env") as caught:
        make_chat_model("fake", "l.sqlite", "https://api.example.com/v1", variable)
    assert "secret" not in str(caught.value)
