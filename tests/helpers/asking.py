"""A teacher's model as a config makes it, and the ledger that it keeps."""

from spacy_distill import Ledger
from spacy_distill.teacher.ledger.entry import Entry
from spacy_distill.teacher.messages import PromptJob, answer_key, user_message
from spacy_distill.teacher.model import Asking

__all__ = ["Asking", "Entry", "Ledger", "PromptJob", "answer_key", "ask", "chat_model", "entries", "entry"]
__all__ += ["jobs", "replay", "states", "user_message"]


def _make(name):
    """The factory that a config names, looked up where it is needed: the registry is slow to import."""
    from spacy_llm.registry import registry

    return registry.get("llm_models", name)


def chat_model(path, endpoint="http://127.0.0.1:9/v1", **settings):
    """A chat model that keeps its answers in this file."""
    section = {"api_key_env": None, "timeout": 5.0, "name": "fake", **settings}
    return _make("spacy_distill.ChatModel.v1")(ledger=str(path), endpoint=endpoint, **section)


def replay(path, **settings):
    """A replay of the answers in this file."""
    return _make("spacy_distill.Replay.v1")(str(path), **settings)


def jobs(number, start=0):
    """Prompts, with what is known of the documents that they ask about."""
    return [PromptJob(f"prompt {i}", f"text {i}", "names", "0123") for i in range(start, start + number)]


def ask(model, asked, **how):
    """Get answers to some jobs, or to so many; what was done is returned."""
    how = Asking(**how)
    model.get_answers(jobs(asked) if isinstance(asked, int) else asked, how)
    return how.statistics


def entry(prompt="p", answer="[]", state="ok", model="m", sample=0, **known):
    """A row of a ledger."""
    messages = tuple(user_message(prompt))
    facts = {"key": answer_key("e", model, messages, {}, sample), "host": "host", **known}
    return Entry(model=model, messages=messages, answer=answer, state=state, sample=sample, **facts)


def entries(path):
    """The rows of a ledger, by their prompts."""
    with Ledger(path) as ledger:
        return {entry.messages[0]["content"]: entry for entry in ledger.entries()}


def states(path):
    """The state of each prompt's answer."""
    return {prompt: entry.state for prompt, entry in entries(path).items()}
