"""What an annotation would send, and about what it would cost, without sending anything."""

from dataclasses import dataclass
from pathlib import Path

from .budget import Prices, Usage
from .ledger.keys import dump_messages, user_message
from .ledger.replay import Replay
from .ledger.store import Ledger
from .models import ChatModel
from .pipeline import Teacher
from .settings import ChatSettings

# Used until the ledger has answers to go by.
CHARACTERS_PER_TOKEN = 4.0
COMPLETION_TOKENS = 200.0
SECONDS_PER_ANSWER = 3.0
RECENT = 500


@dataclass(frozen=True)
class Typical:
    """What requests are like.

    characters_per_token: Length of the messages by their number of tokens.
    completion_tokens: Length of an answer.
    seconds: Time that one takes.
    measured: Whether the ledger's answers say so; otherwise it is assumed.
    """

    characters_per_token: float = CHARACTERS_PER_TOKEN
    completion_tokens: float = COMPLETION_TOKENS
    seconds: float = SECONDS_PER_ANSWER
    measured: bool = False


@dataclass
class Plan:
    """What an annotation would do.

    documents: How many there are.
    silent: How many of them have nothing to ask.
    answered: Answers that the ledger has.
    awaited: Answers that a batch will bring.
    requests: Requests that would be sent; equal prompts are sent once.
    characters: Length of their messages.
    view: Name of the prompt's template.
    example: One rendered prompt.
    """

    documents: int = 0
    silent: int = 0
    answered: int = 0
    awaited: int = 0
    requests: int = 0
    characters: int = 0
    view: str = ""
    example: str = ""

    def tokens(self, typical: Typical) -> Usage:
        """The tokens that it would use, about."""
        return Usage(
            round(self.characters / typical.characters_per_token),
            round(self.requests * typical.completion_tokens),
        )

    def seconds(self, typical: Typical, settings: ChatSettings) -> float:
        """How long it would take at the set limits, about."""
        times = [self.requests * typical.seconds / settings.concurrency]
        if settings.requests_per_minute:
            times.append(60 * self.requests / settings.requests_per_minute)
        if settings.tokens_per_minute:
            times.append(60 * self.tokens(typical).total / settings.tokens_per_minute)
        return max(times)

    def cost(self, typical: Typical, prices: Prices, *, batch: bool = False) -> float:
        """What it would cost in US dollars, about."""
        return (prices.of_batches() if batch else prices).cost(self.tokens(typical))


def make_plan(teacher: Teacher, source: Path) -> Plan:
    """See what annotating a corpus would send.

    teacher: The pipeline.
    source: The corpus.
    RETURNS: What would be sent.
    """
    plan = Plan(view=teacher.task.view)
    model: ChatModel | Replay = teacher.model
    new: set[str] = set()
    for job in teacher.jobs(source):
        plan.documents += 1
        plan.silent += not job.prompt
        plan.example = plan.example or job.prompt
        for key, where in model.peek(job.prompt) if job.prompt else ():
            plan.answered += where == "kept"
            plan.awaited += where == "awaited"
            if where == "nowhere" and key not in new:
                new.add(key)
                plan.requests += 1
                plan.characters += len(dump_messages(user_message(job.prompt)))
    return plan


def typical_request(ledger: Ledger, settings: ChatSettings, prompt_hash: str) -> Typical:
    """What requests of a model are like, by its latest answers to the same template or else to any.

    ledger: The ledger.
    settings: Names the model.
    prompt_hash: Hash of the template.
    RETURNS: What they are like.
    """
    sql = """
        SELECT avg(length * 1.0 / prompt_tokens), avg(completion_tokens), avg(latency) FROM (
            SELECT length(messages) AS length, prompt_tokens, completion_tokens, latency
            FROM answers JOIN prompts ON prompts.hash = answers.prompt
            WHERE model = ? AND source IS NULL AND prompt_tokens > 0 AND reask_of IS NULL
                AND (prompts.prompt_hash = ? OR ?)
            ORDER BY answers.rowid DESC LIMIT ?
        )
    """
    for any_template in (False, True):
        values = [settings.name, prompt_hash, any_template, RECENT]
        ((length, completion, seconds),) = ledger.rows(sql, values)
        if isinstance(length, float) and isinstance(completion, float):
            known = seconds if isinstance(seconds, float) else SECONDS_PER_ANSWER
            return Typical(length, completion, known, measured=True)
    return Typical(completion_tokens=min(COMPLETION_TOKENS, settings.longest or COMPLETION_TOKENS))
