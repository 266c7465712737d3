"""The models that answer a config's prompts: a chat endpoint through the ledger, or the ledger alone."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from typing import Iterable as LLMIterable  # noqa: UP035

from ..errors import DistillError
from ..tasks.answer import Answer, Whereabouts
from .batch import Batches, JobBook, Waiting
from .budget import Budget, Tally, read_prices
from .endpoints import read_key
from .errors import FIRST_WAIT
from .ledger.replay import KeptAnswers, Replay, with_samples
from .ledger.store import Ledger
from .requests import Complaint, Job
from .runner import Asker
from .settings import ChatSettings

if TYPE_CHECKING:
    from .client import ChatClient

# spacy-llm compares a model's types with a task's and knows only those of `typing`.


INTERRUPTED = "interrupted"


class ChatModel:
    """Asks a chat endpoint what the ledger does not know, many requests at a time.

    settings: What to ask, and how.
    """

    def __init__(self, settings: ChatSettings) -> None:
        self.settings = settings
        self._ledger: Ledger | None = None
        self._nothing: Ledger | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger, opened when it is first needed."""
        if self._ledger is None:
            self._ledger = Ledger(self.settings.ledger)
        return self._ledger

    @property
    def known(self) -> Ledger:
        """The ledger if there is one; else an empty one."""
        if self._ledger is None and not self.settings.ledger.exists():
            self._nothing = self._nothing or Ledger.in_memory()
            return self._nothing
        return self.ledger

    def look_up(self, prompt: str) -> Answer | None:
        """The kept answer to a prompt, with its further samples.

        prompt: The prompt.
        RETURNS: The answer, or None if the ledger lacks one of the samples.
        """
        messages = self.settings.messages(prompt)
        keys = [self.settings.key(messages, sample) for sample in range(self.settings.samples)]
        return with_samples([self.ledger.answer(key, mends=self.settings.reask) for key in keys])

    def peek(self, prompt: str) -> list[tuple[str, Whereabouts]]:
        """For each sample of an answer: its key, and where the answer is. Makes no ledger."""
        messages = self.settings.messages(prompt)
        keys = [self.settings.key(messages, sample) for sample in range(self.settings.samples)]
        return [(key, self._whereabouts(key)) for key in keys]

    def _whereabouts(self, key: str) -> Whereabouts:
        if self.known.has_answer(key):
            return "kept"
        return "awaited" if JobBook(self.known, self.settings).holds(key) else "nowhere"

    def ask(
        self,
        jobs: Iterable[Job],
        *,
        budget: Budget | None = None,
        complaint: Complaint = lambda answer: None,
        tally: Tally | None = None,
        interruptible: bool = False,
        first_wait: float = FIRST_WAIT,
    ) -> Tally:
        """Get the answers that the ledger lacks, in one sliding window over all prompts.

        jobs: The prompts; they are taken one by one, as there is room.
        budget: What may be spent; None for no limit.
        complaint: What is wrong with an answer; None if nothing is.
        tally: Is kept up to date meanwhile.
        interruptible: Whether Ctrl-C lets what is in flight come in, and then ends the run.
        first_wait: Seconds to wait after a first failed try.
        RETURNS: What was done.
        RAISES DistillError: If there is no API key, or the ledger cannot be written.
        """
        asker = Asker(
            self.settings,
            self.ledger,
            self._connect,
            budget=budget or Budget(self.settings.prices, longest=self.settings.longest),
            complaint=complaint,
            tally=tally or Tally(),
            first_wait=first_wait,
        )

        async def run() -> None:
            with _interrupts(asker) if interruptible else nullcontext():
                await asker.run(jobs)

        _run(run)
        return asker.tally

    def batch(self, jobs: Iterable[Job], *, budget: Budget, complaint: Complaint, tally: Tally) -> Waiting:
        """Collect and hand in batches of the provider's batch interface.

        jobs: The prompts.
        budget: What may be spent, at the prices of batches.
        complaint: What is wrong with an answer; None if nothing is.
        tally: Is kept up to date meanwhile.
        RETURNS: What is still to come.
        RAISES DistillError: If there is no API key, or the ledger cannot be written.
        """
        from .batch_client import BatchClient

        settings, key = self.settings, self._key()
        client = BatchClient(settings.endpoint, key, timeout=settings.timeout, max_tries=settings.max_tries)
        try:
            return Batches(
                settings, self.ledger, client, key, budget=budget, complaint=complaint, tally=tally
            ).run(jobs)
        finally:
            client.close()

    def __call__(self, prompts: LLMIterable[LLMIterable[str]]) -> LLMIterable[LLMIterable[str]]:
        wanted = [list(of_doc) for of_doc in prompts]
        tally = self.ask(Job(prompt) for of_doc in wanted for prompt in of_doc)
        kept = KeptAnswers(self.look_up)
        answers = [list(of_doc) for of_doc in kept(wanted)]
        if kept.missing:
            raise DistillError(f"ChatModel: {kept.missing} of {kept.asked} answers missing: {tally.stopped}.")
        return answers

    def _connect(self) -> "ChatClient":
        # The client takes a second to import, and a run whose answers are all kept does without it.
        from .client import ChatClient

        settings = self.settings
        return ChatClient(
            settings.endpoint, self._key(), timeout=settings.timeout, concurrency=settings.concurrency
        )

    def _key(self) -> str:
        settings = self.settings
        return read_key(settings.endpoint, settings.api_key_env, allow_http=settings.allow_http)


def _run(run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine to its end, also where an event loop is running already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(run())
        return
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result()


@contextmanager
def _interrupts(asker: Asker) -> Iterator[None]:
    """Let a first Ctrl-C end the run cleanly, and a second one at once."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        asker.stop(INTERRUPTED)
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
) -> ChatModel:
    """Factory of `spacy_distill.ChatModel.v1`: any OpenAI-compatible endpoint, through the ledger.

    name: Name of the model, as the endpoint knows it.
    ledger: File that keeps every answer; it is made if there is none.
    endpoint: Base URL of the API.
    api_key_env: Environment variable that holds the API key; None if the endpoint needs none.
    concurrency: How many requests may be in flight.
    requests_per_minute, tokens_per_minute (float | None): Limits to keep; None for none.
    timeout: Seconds from sending a request to the end of its reply.
    max_tries: How often a request is sent before it counts as failed.
    samples: How many answers to get to each prompt.
    reask: How often an answer that does not parse is asked again with the parser's complaint. It is
        `distill annotate` that does so; any other use of the pipeline finds what it got in the ledger.
    request: Merged into the request's body; None for {"temperature": 0.0}.
    prices: {"input": USD, "output": USD} per million tokens; "batch" is the share
        of them that batches cost, 0.5 unless given.
    allow_http: Whether the key may be sent over plain http to another machine.
    RETURNS: The model.
    RAISES DistillError: If an argument is out of its range, or contradicts another.
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

    ledger: The ledger's file.
    name: Name of the model whose answers are wanted. None: the only one that answered.
    samples: How many samples of each answer to give, at least 1.
    RETURNS: The model.
    """
    if samples < 1:
        raise DistillError(f"Replay: samples is {samples}. It has to be 1 or more.")
    return Replay(Path(ledger), name=name, samples=samples)
