"""Where requests go, and the key that goes with them."""

import ipaddress
import os
from urllib.parse import urlsplit

from ..errors import DistillError
from .responses import shorten

NO_KEY = "none"


def is_loopback(endpoint: str) -> bool:
    """Whether an endpoint's host is this machine."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_endpoint(endpoint: str) -> str:
    """An endpoint without a slash at its end.

    RAISES DistillError: If it is no http(s) address, or holds a password or key.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DistillError(
            f'ChatModel: endpoint is "{shorten(endpoint)}". Expected the base URL of an OpenAI-compatible '
            'API, for instance "https://api.openai.com/v1" or "http://localhost:8000/v1".'
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise DistillError(
            f"ChatModel: the endpoint of host {parts.hostname} holds a name, password or query. A key may "
            "stand in an environment variable only: name that in api_key_env."
        )
    return endpoint.rstrip("/")


def check_variable(variable: str | None) -> None:
    """Refuse what cannot be the name of an environment variable, such as the key itself, without quoting it.

    RAISES DistillError: If it cannot be one.
    """
    if variable is not None and not variable.isidentifier():
        raise DistillError(
            "ChatModel: api_key_env is not the name of an environment variable. Put the key into a variable "
            "and name that, for instance OPENAI_API_KEY; null if the endpoint needs no key."
        )


def read_key(endpoint: str, variable: str | None, *, allow_http: bool = False) -> str:
    """The API key, read from the environment.

    endpoint: Where it will be sent.
    variable: The environment variable that holds it; None if the endpoint needs none.
    allow_http: Whether it may go over plain http to another machine.
    RETURNS: The key, or a placeholder.
    RAISES DistillError: If there is none and the endpoint is on another machine, or it may not be sent there.
    """
    key = os.environ.get(variable, "").strip() if variable else ""
    if not key:
        if variable and not is_loopback(endpoint):
            raise DistillError(
                f"ChatModel: the environment variable {variable} holds no API key for {endpoint}. Set it, or "
                "name another in api_key_env; api_key_env = null if this endpoint needs no key."
            )
        return NO_KEY
    if not key.isascii() or not key.isprintable() or " " in key:
        raise DistillError(f"ChatModel: the environment variable {variable} does not hold an API key.")
    if urlsplit(endpoint).scheme == "http" and not is_loopback(endpoint) and not allow_http:
        raise DistillError(
            f"ChatModel: the key in {variable} would be sent unencrypted to {endpoint}. Use https, or set "
            "api_key_env = null if the endpoint needs no key, or allow_http = true if you trust the network."
        )
    return key


def hide_key(text: str, key: str) -> str:
    """What a server says, without the key, should it quote it."""
    return text if key == NO_KEY else text.replace(key, "[key]")
