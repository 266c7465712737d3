"""What an annotation would send, and about what it would cost, without sending anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .messages import dump_messages, user_message
from .run_statistics import Forecast
from .teacher import load_teacher

MANY = 1_000_000


@dataclass
class AnnotationForecast:
    """What an annotation would do.

    documents: how many there are.
    without_prompt: how many of them have nothing to ask.
    answered: answers that the ledger has.
    awaited: answers that a batch will bring.
    requests: requests that would be sent; equal prompts are sent once.
    characters: length of their messages.
    view: name of the prompt's template.
    example: one rendered prompt.
    forecast: what the requests would take; None if the model sends nothing.
    destination: who would be asked, and with which key; empty likewise.
    """

    documents: int = 0
    without_prompt: int = 0
    answered: int = 0
    awaited: int = 0
    requests: int = 0
    characters: int = 0
    view: str = ""
    example: str = ""
    forecast: Forecast | None = None
    destination: str = ""


def forecast_annotation(
    config: Path, source: Path, *, overrides: Mapping[str, Any] = {}
) -> AnnotationForecast:
    """See what annotating a corpus would send.

    config: the teacher's config.
    source: the corpus.
    overrides: values to set in the config, by dotted names.
    RETURNS: what would be sent.
    """
    teacher = load_teacher(config, overrides)
    model, found = (
        teacher.model,
        AnnotationForecast(view=teacher.task.view, destination=teacher.model.destination),
    )
    new: set[str] = set()
    for job in teacher.jobs(source):
        found.documents += 1
        found.without_prompt += not job.prompt
        found.example = found.example or job.prompt
        for key, where in model.peek(job.prompt) if job.prompt else ():
            found.answered += where == "kept"
            found.awaited += where == "awaited"
            if where == "not_asked" and key not in new:
                new.add(key)
                found.requests += 1
                found.characters += len(dump_messages(user_message(job.prompt)))
    found.forecast = model.forecast(found.requests, found.characters, teacher.task.prompt_hash)
    return found


@dataclass(frozen=True)
class DocumentForecasts:
    """What a teacher would be asked of each document, and about what that would cost.

    task: name of the teacher's task.
    labels: the labels that it asks for.
    files: the files that its config names.
    to_ask: whether there is something to ask of a document: a prompt without a kept or awaited answer.
    costs: US dollars of each document's answers; None if prices are not known or nothing is sent.
    """

    task: str
    labels: Sequence[str]
    files: Sequence[Path]
    to_ask: list[bool]
    costs: list[float] | None


def forecast_each(config: Path, source: Path, overrides: Mapping[str, Any]) -> DocumentForecasts:
    """See what annotating each document of a corpus would cost.

    config: the teacher's config.
    source: the corpus.
    overrides: values to set in the config, by dotted names.
    """
    teacher = load_teacher(config, overrides)
    model, prompt_hash = teacher.model, teacher.task.prompt_hash
    # A forecast grows in proportion to requests and to characters; with many of them rounding is no matter.
    of_characters, of_requests = (
        forecast.cost / MANY if forecast and forecast.cost is not None else None
        for forecast in (model.forecast(0, MANY, prompt_hash), model.forecast(MANY, 0, prompt_hash))
    )
    to_ask, costs = [], []
    for job in teacher.jobs(source):
        places = [where for _, where in model.peek(job.prompt)] if job.prompt else []
        requests = places.count("not_asked")
        characters = requests * len(dump_messages(user_message(job.prompt)))
        to_ask.append(requests > 0)
        costs.append(requests * (of_requests or 0.0) + characters * (of_characters or 0.0))
    priced = costs if of_characters is not None else None
    return DocumentForecasts(teacher.task.task, teacher.task.labels, teacher.files, to_ask, priced)
