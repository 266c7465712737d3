"""From a document to a prompt: templates in a sandbox that no document can reach."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..corpus.files import repair_text
from ..errors import DistillError, shorten
from .fewshot import Example

# Controls, and marks that reorder what a reader sees; no prompt needs them, and alignment does without them.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


# What a template may make and do for one document: it would never end otherwise.
LONGEST = 10_000_000
MOST_ROUNDS = 1_000_000


def template_names(folder: Path) -> list[str]:
    """Names of the prompts in a task's folder of templates."""
    return sorted(path.stem for path in folder.glob("*.jinja"))


class PromptTemplate:
    """A prompt that only awaits a document's text.

    prompt: name of a prompt in the folder, or path of a Jinja template.
    folder: the templates that come with the task.
    labels: the labels to ask for.
    definitions: Label to definition.
    answer_format: name of the form of answer to ask for.
    facts: what else the templates of this task may say, by name.
    RAISES DistillError: if there is no such template, or it does not compile.
    """

    def __init__(
        self,
        prompt: str,
        folder: Path,
        labels: Sequence[str],
        definitions: Mapping[str, str],
        answer_format: str,
        facts: Mapping[str, Any] = {},
    ) -> None:
        self.name = Path(prompt).stem
        self.source = _read(prompt, folder)
        self.labels, self.definitions, self.answer_format = tuple(labels), dict(definitions), answer_format
        self.facts = dict(facts)
        try:
            self._template = _environment().from_string(self.source)
        except jinja2.TemplateError as error:
            raise DistillError(f"The prompt {prompt} is not a Jinja template: {error}") from error

    def render(self, text: str, examples: Sequence[Example], **facts: Any) -> str:
        """The prompt for a text.

        text: the text. What it holds is shown to the model as it is, except controls (a space instead)
            and marks of text direction (left out); nothing in it is taken for template syntax, or can end the
            part of the prompt that it is in.
        examples: the few-shot examples.
        facts: what is to be said of this text, by the name that the templates have for it.
        RETURNS: the prompt.
        RAISES DistillError: if the template fails, for instance because it names a variable that does not
            exist.
        """
        shown = presentable(text)
        try:
            parts = self._template.generate(
                text=shown,
                tag=_free_tag([shown, *(example.text for example in examples)]),
                labels=self.labels,
                definitions=self.definitions,
                examples=examples,
                answer_format=self.answer_format,
                range=_counting_range(),
                **self.facts,
                **facts,
            )
            return _joined(parts).strip()
        # A template is a program of the user's: it can raise anything.
        except (
            jinja2.TemplateError,
            ArithmeticError,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
        ) as error:
            raise self._failure(str(error)) from error
        except (RecursionError, MemoryError) as error:
            raise self._failure(type(error).__name__) from error

    def _failure(self, said: str) -> DistillError:
        return DistillError(f"The prompt {self.name} cannot be filled in: {shorten(said)}")

    def digest(self, examples: object) -> str:
        """What identifies the prompt without a document: 16 hex digits of a SHA-256."""
        parts = [self.source, self.labels, self.definitions, examples, self.answer_format]
        parts += [self.facts] if self.facts else []
        return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()[:16]


def presentable(text: str) -> str:
    """A text that can be sent and read by anyone: valid UTF-8, no controls, no marks of text direction."""
    return repair_text(_REORDERING.sub("", _CONTROLS.sub(" ", text))).strip()


def _joined(parts: Iterable[str]) -> str:
    """The text that a template makes.

    RAISES DistillError: if it is longer than any model could read.
    """
    made, length = [], 0
    for part in parts:
        length += len(part)
        if length > LONGEST:
            raise DistillError(f"it makes more than {LONGEST:,} characters")
        made.append(part)
    return "".join(made)


def _counting_range() -> Callable[..., range]:
    """Python's `range` for one rendering, which ends if asked for too much in all, by loops in loops too."""
    left = MOST_ROUNDS

    def counted(*bounds: int) -> range:
        nonlocal left
        found = range(*bounds)
        left -= len(found)
        if left < 0:
            raise DistillError(f"its loops go round more than {MOST_ROUNDS:,} times")
        return found

    return counted


class _Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox in which nothing grows without bounds."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply, unless the outcome is longer than any prompt."""
        sizes = [len(one) if isinstance(one, str | list | tuple) else 0 for one in (left, right)]
        times = [one for one in (left, right) if isinstance(one, int)]
        if operator == "**" or (any(sizes) and times and max(sizes) * max(times) > LONGEST):
            raise DistillError(f"{operator} makes too much of {shorten(repr(right), length=20)}")
        return super().call_binop(context, operator, left, right)


def _environment() -> jinja2.Environment:
    return _Sandbox(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)


def _read(prompt: str, folder: Path) -> str:
    path = folder / f"{prompt}.jinja" if prompt in template_names(folder) else Path(prompt)
    try:
        return path.read_text("utf8")
    except (OSError, UnicodeDecodeError) as error:
        raise DistillError(
            f"`prompt` in [components.llm.task] is {prompt!r}: neither one of {template_names(folder)} "
            "nor a template that can be read."
        ) from error


def _free_tag(texts: Sequence[str]) -> str:
    """A name for the delimiters that no text contains as a tag."""
    joined = "\n".join(texts).casefold()
    number = 0
    while re.search(rf"</?\s*text{number or ''}\b", joined):
        number += 1
    return f"text{number or ''}"
