"""What the exceptions of the `openai` client mean."""

import openai

from .endpoints import hide_key
from .faults import Fault, status_fault
from .replies import shorten

# Brackets that are nested too deep are a RecursionError of the JSON parser.
ERRORS = (openai.OpenAIError, TimeoutError, ValueError, RecursionError)


def client_fault(error: Exception, *, key: str, timeout: float) -> Fault:
    """The fault that an exception stands for.

    error (Exception): One of `ERRORS`.
    key (str): The API key, which no message may hold.
    timeout (float): Seconds that were waited for a reply.
    RETURNS (Fault): The fault.
    """
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return Fault(f"no reply within {timeout:g} seconds", charged=True)
    if isinstance(error, openai.APIConnectionError):
        cause = type(error.__cause__).__name__
        said = shorten(hide_key(f"{cause}: {error.__cause__}", key))
        refused = cause == "ConnectError"
        return Fault(f"connection failed: {said}", unreachable=refused, charged=not refused)
    if isinstance(error, openai.APIStatusError):
        body = error.body or error.response.text
        fault = status_fault(error.status_code, body, error.response.headers, key=key)
        return fault
    if isinstance(error, openai.OpenAIError):
        return Fault(shorten(hide_key(f"{type(error).__name__}: {error}", key)), scope="document")
    return Fault(shorten(hide_key(f"malformed reply: {error}", key)), charged=True)
