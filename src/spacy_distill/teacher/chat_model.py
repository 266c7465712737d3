"""The model that asks a chat endpoint, through the ledger."""

import asyncio
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable  # noqa: UP035

from ..errors import DistillError
from ..tasks.answer import Answer, AnswerPlace
from .batch import BatchRunner, PendingBatches
from .budget import Budget, read_prices
from .credentials import read_credentials
from .ledger.entry import Entry
from .ledger.store import Ledger
from .messages import PromptJob
from .model import Asking, KeptAnswers, with_samples
from .run_statistics import Forecast
from .runner import Runner
from .settings import ChatSettings

if TYPE_CHECKING:
    from .client import ChatClient

# spacy-llm compares a model's types with a task's and knows only those of `typing`.

INTERRUPTED = "interrupted"
# How many of the latest answers a forecast goes by.
RECENT = 500


class ChatModel:
    """Asks a chat endpoint what the ledger does not know, many requests at a time.

    settings: what to ask, and how.
    """

    def __init__(self, settings: ChatSettings) -> None:
        self.settings = settings
        self._ledger: Ledger | None = None

    @property
    def samples(self) -> int:
        return self.settings.samples

    @property
    def destination(self) -> str:
        """Who is asked, and with which key."""
        return self.settings.destination

    @property
    def path(self) -> Path:
        """The ledger's file."""
        return self.settings.ledger

    def entry(self, key: str) -> Entry | None:
        """All that the ledger knows of an answer, or None."""
        return self.ledger.get(key)

    @property
    def ledger(self) -> Ledger:
        """The ledger, opened or made when it is first needed."""
        if self._ledger is None:
            self._ledger = Ledger(self.settings.ledger)
        return self._ledger

    def look_up(self, prompt: str) -> Answer | None:
        """The kept answer to a prompt, with its further samples; None if one of them is missing."""
        keys = self._keys(prompt)
        return with_samples([self.ledger.answer(key, reasks=self.settings.reask) for key in keys])

    def peek(self, prompt: str) -> list[tuple[str, AnswerPlace]]:
        """For each sample of an answer: its key, and where the answer is. Makes no ledger."""
        return [(key, self._place_of(key)) for key in self._keys(prompt)]

    def forecast(self, requests: int, characters: int, prompt_hash: str) -> Forecast | None:
        """What requests of some length in all would take, by the ledger's latest answers to such prompts."""
        average = self.ledger.average(self.settings.name, prompt_hash, RECENT) if self._has_ledger else None
        return self.settings.forecast(requests, characters, average)

    def get_answers(self, jobs: Iterable[PromptJob], how: Asking | None = None) -> PendingBatches | None:
        """Get the answers that the ledger lacks, in one sliding window over all prompts, or as batches."""
        settings, how = self.settings, how or Asking()
        prices = settings.prices.of_batches() if settings.prices and how.batch else settings.prices
        budget = Budget(prices, max_cost=how.max_cost, max_tokens=how.max_tokens, longest=settings.longest)
        how.statistics.cost = 0.0 if prices else None
        if how.batch:
            return self._run_batches(jobs, budget, how)

        async def run() -> None:
            runner = Runner(settings, self.ledger, self._connect, budget, how.complaint, how.statistics)
            with _interrupts(runner) if how.interruptible else nullcontext():
                await runner.run(jobs)

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(run())
        else:
            # As in a notebook.
            with ThreadPoolExecutor(1) as pool:
                pool.submit(asyncio.run, run()).result()
        return None

    def __call__(self, prompts: Iterable[Iterable[str]]) -> Iterable[Iterable[str]]:
        wanted, how = [list(of_doc) for of_doc in prompts], Asking()
        self.get_answers((PromptJob(prompt) for of_doc in wanted for prompt in of_doc), how)
        kept = KeptAnswers(self.look_up)
        answers = [list(of_doc) for of_doc in kept(wanted)]
        if kept.missing:
            raise DistillError(
                f"{kept.missing} of {kept.asked} answers are missing: {how.statistics.stopped}."
            )
        return answers

    def _run_batches(self, jobs: Iterable[PromptJob], budget: Budget, how: Asking) -> PendingBatches:
        from .client import BatchClient

        settings, credentials = self.settings, read_credentials(self.settings)
        with closing(BatchClient(settings, credentials)) as client:
            return BatchRunner(
                settings, self.ledger, client, credentials, budget, how.complaint, how.statistics
            ).run(jobs)

    @property
    def _has_ledger(self) -> bool:
        return self._ledger is not None or self.settings.ledger.exists()

    def _keys(self, prompt: str) -> list[str]:
        messages = self.settings.messages(prompt)
        return [self.settings.key(messages, sample) for sample in range(self.samples)]

    def _place_of(self, key: str) -> AnswerPlace:
        if not self._has_ledger:
            return "not_asked"
        if self.ledger.has_answer(key):
            return "kept"
        return "awaited" if self.ledger.in_batch(key) else "not_asked"

    def _connect(self) -> "ChatClient":
        # The client takes a second to import, and a run whose answers are all kept does without it.
        from .client import ChatClient

        return ChatClient(self.settings, read_credentials(self.settings))


@contextmanager
def _interrupts(runner: Runner) -> Iterator[None]:
    """Let a first Ctrl-C end the run cleanly, and a second one at once."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        runner.stop(INTERRUPTED)
        loop.remove_signal_handler(signal.SIGINT)

    # Signals belong to the main thread, and not every platform has them.
    with suppress(NotImplementedError, ValueError, RuntimeError):
        loop.add_signal_handler(signal.SIGINT, stop)
    try:
        yield
    finally:
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.remove_signal_handler(signal.SIGINT)


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
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    batch_size: int = 50_000,
) -> ChatModel:
    """Factory of `spacy_distill.ChatModel.v1`: any OpenAI-compatible endpoint, through the ledger.

    name: name of the model, as the endpoint knows it.
    ledger: file that keeps every answer; it is made if there is none.
    endpoint: base URL of the API.
    api_key_env: environment variable that holds the API key; None if the endpoint needs none.
    concurrency: how many requests may be in flight.
    requests_per_minute, tokens_per_minute: limits to keep; None for none.
    timeout: seconds from sending a request to the end of its reply.
    max_tries: how often a request is sent before it counts as failed.
    samples: how many answers to get to each prompt.
    reask: how often an answer that does not parse is asked again with the parser's complaint. It is
        `distill annotate` that does so; any other use of the pipeline finds what it got in the ledger.
    request: merged into the request's body; None for {"temperature": 0.0}.
    prices: {"input": USD, "output": USD} per million tokens; "batch" is the share
        of them that batches cost, 0.5 unless given.
    allow_http: whether the key may be sent over plain http to another machine.
    headers, query: further headers, and what stands after the "?" of each address. A value that is secret is
        named by its environment variable: {"api-key": "$AZURE_OPENAI_API_KEY"}.
    batch_size: how many requests one batch may hold.
    RETURNS: the model.
    RAISES DistillError: if an argument is out of its range, or contradicts another.
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
            headers=headers or {},
            query=query or {},
            batch_size=batch_size,
        )
    )
