"""An answer of the large model, as it crosses spacy-llm: a string that remembers where it comes from."""

import math
from typing import Any, Literal

State = Literal["ok", "truncated", "refused", "failed", "unanswered"]
# Where an answer is: in the ledger, to come from a batch that was handed in, or not asked for yet.
AnswerPlace = Literal["kept", "awaited", "not_asked"]
# The tokens of an answer, each with its log-probability.
Logprobs = tuple[tuple[str, float], ...]


class Answer(str):
    """The text of one answer, with its state and its place in the ledger.

    state: "ok", "truncated" (cut off by the token limit), "refused" (the model or a content filter
        declined), "failed" (no answer was got) or "unanswered" (not asked yet; never in a ledger). Only an
        "ok" answer that parses may label a token.
    key: key of the row in the ledger.
    model: name of the model that answered.
    source: None for an answer of a live run; for a recorded one, where it was imported from.
    others: the further samples for the same prompt, in order of their sample number.
    logprobs: its tokens with their log-probabilities; empty where the endpoint was not asked for them.
    """

    state: State
    key: str
    model: str
    source: str | None
    others: tuple["Answer", ...]
    logprobs: Logprobs

    def __new__(
        cls,
        text: str,
        *,
        state: State = "ok",
        key: str = "",
        model: str = "",
        source: str | None = None,
        others: tuple["Answer", ...] = (),
        logprobs: Logprobs = (),
    ) -> "Answer":
        answer = super().__new__(cls, text)
        answer.state = state
        answer.key = key
        answer.model = model
        answer.source = source
        answer.others = others
        answer.logprobs = logprobs
        return answer

    def probability(self, start: int, end: int) -> float | None:
        """The probability of the tokens that stand on some characters, given what is before them.

        start, end: the first character, and the one after the last.
        RETURNS: in [0, 1]; None where the tokens are not known, or are not those of the text.
        """
        at = -"".join(token for token, _ in self.logprobs).find(self)
        if at > 0 or not self.logprobs:
            return None
        total = 0.0
        for token, logprob in self.logprobs:
            if at < end and start < at + len(token):
                total += logprob
            at += len(token)
        return math.exp(total)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (
            str(self),
            self.state,
            self.key,
            self.model,
            self.source,
            self.others,
            self.logprobs,
        )


def _restore(
    text: str,
    state: State,
    key: str,
    model: str,
    source: str | None,
    others: tuple[Answer, ...],
    logprobs: Logprobs,
) -> Answer:
    return Answer(text, state=state, key=key, model=model, source=source, others=others, logprobs=logprobs)
