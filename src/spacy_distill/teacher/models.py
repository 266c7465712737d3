"""Factories of the models that a config can name."""

from pathlib import Path
from typing import Any

from .asking.budget import read_prices
from .asking.chat import ChatModel
from .asking.settings import ChatSettings
from .ledger.replay import Replay


def make_chat_model(
    name: str,
    ledger: str,
    endpoint: str = "https://api.openai.com/v1",
    api_key_env: str | None = "OPENAI_API_KEY",
    concurrency: int = 16,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    timeout: float = 60.0,
    max_tries: int = 6,
    samples: int = 1,
    reask: int = 0,
    request: dict[str, Any] | None = None,
    prices: dict[str, float] | None = None,
    allow_http: bool = False,
) -> ChatModel:
    """Factory of `spacy_distill.ChatModel.v1`: any OpenAI-compatible endpoint, through the ledger.

    name (str): Name of the model, as the endpoint knows it.
    ledger (str): File that keeps every answer; it is made if there is none.
    endpoint (str): Base URL of the API.
    api_key_env (str | None): Environment variable that holds the API key; None if the endpoint needs none.
    concurrency (int): How many requests may be in flight.
    requests_per_minute, tokens_per_minute (float | None): Limits to keep; None for none.
    timeout (float): Seconds from sending a request to the end of its reply.
    max_tries (int): How often a request is sent before it counts as failed.
    samples (int): How many answers to get to each prompt.
    reask (int): How often an answer that does not parse is asked again with the parser's complaint. It is
        `distill annotate` that does so; any other use of the pipeline finds what it got in the ledger.
    request (dict[str, Any] | None): Merged into the request's body; None for {"temperature": 0.0}.
    prices (dict[str, float] | None): {"input": USD, "output": USD} per million tokens; "batch" is the share
        of them that batches cost, 0.5 unless given.
    allow_http (bool): Whether the key may be sent over plain http to another machine.
    RETURNS (ChatModel): The model.
    RAISES (ValueError): If an argument is out of its range, or contradicts another.
    """
    return ChatModel(
        ChatSettings(
            name=name,
            ledger=Path(ledger),
            endpoint=endpoint,
            api_key_env=api_key_env,
            concurrency=concurrency,
            requests_per_minute=requests_per_minute,
            tokens_per_minute=tokens_per_minute,
            timeout=timeout,
            max_tries=max_tries,
            samples=samples,
            reask=reask,
            request={"temperature": 0.0} if request is None else request,
            prices=read_prices(prices),
            allow_http=allow_http,
        )
    )


def make_replay(ledger: str, name: str | None = None, samples: int = 1) -> Replay:
    """Factory of `spacy_distill.Replay.v1`: answers from a ledger, never from the network.

    ledger (str): The ledger's file.
    name (str | None): Name of the model whose answers are wanted. None: the only one that answered.
    samples (int): How many samples of each answer to give, at least 1.
    RETURNS (Replay): The model.
    """
    if samples < 1:
        raise ValueError(f"Replay: samples is {samples}. It has to be 1 or more.")
    return Replay(Path(ledger), name=name, samples=samples)
