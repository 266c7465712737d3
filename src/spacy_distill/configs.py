"""Configs and pipelines of spaCy, read and resolved; an error that a user can correct names the file."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import spacy
from catalogue import RegistryError
from confection import Config
from spacy.language import Language
from spacy.util import load_config_from_str

from .corpus.files import read_text
from .errors import DistillError

# Sections whose folders are read as corpora; elsewhere a name may be that of a folder by chance.
WITH_CORPORA = frozenset({"corpora", "teachers"})
LONGEST_PATH = 250
SECTION = re.compile(r"^\[([^\]\n]+)\]", re.MULTILINE)


def read_config(
    path: Path, overrides: Mapping[str, Any] | None = None, *, interpolate: bool = False
) -> Config:
    """Read a config.

    path: the file.
    overrides: values by dotted name, {"training.max_steps": 100}.
    interpolate: whether to fill in its variables.
    RAISES DistillError: if the file is not text.
    RAISES ConfigValidationError: if it is no config, or an override fits nothing in it.
    """
    # spaCy's reader names neither file nor line of what is not text.
    text = _with_blocks(_with_parents(read_text(Path(path))), overrides or {})
    config: Config = load_config_from_str(text, overrides=dict(overrides or {}), interpolate=interpolate)
    return config


def _with_blocks(text: str, overrides: Mapping[str, Any]) -> str:
    """A config that has the blocks that overrides set values in: [….model.prices] for `….model.prices.input`.

    A block is made only where it can be the argument of a registered function, or a value of [study]: any
    other name is a slip, and refused by spaCy.
    """
    config = (
        load_config_from_str(text, interpolate=False) if any(n.count(".") > 1 for n in overrides) else None
    )
    changed = False
    for name in overrides if config is not None else ():
        *path, _ = name.split(".")
        section: Any = config
        for depth, part in enumerate(path):
            takes_blocks = depth > 0 and (path[0] == "study" or any(key[:1] == "@" for key in section))
            if section.get(part) is None and takes_blocks:
                section[part], changed = {}, True
            section = section.get(part)
            if not isinstance(section, dict):
                break
    changed = changed or any(f"[{name.rpartition('.')[0]}]" not in text for name in overrides if "." in name)
    return config.to_str(interpolate=False) if config is not None and changed else text


def _with_parents(text: str) -> str:
    """A config where sections of [study] need no empty parents: [study.shares.late] without [study.shares].

    Of other sections spaCy's own commands want them, so they are wanted here too.
    """
    there = set(SECTION.findall(text))

    def with_parents(match: re.Match[str]) -> str:
        parts = match[1].split(".")
        parents = [".".join(parts[:n]) for n in range(2, len(parts)) if parts[0] == "study"]
        absent = [parent for parent in parents if parent not in there]
        there.update(absent)
        return "".join(f"[{parent}]\n\n" for parent in absent) + match[0]

    return SECTION.sub(with_parents, text)


def named_paths(config: Mapping[str, Any], sections: frozenset[str] = frozenset()) -> Iterator[Path]:
    """The files that a config names and that are there, its ledgers in any case, and the folders of corpora.

    config: a config, or a section of it, with its variables filled in.
    sections: the names of the sections that this one is in.
    """
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from named_paths(value, sections | {name})
            continue
        for text in value if isinstance(value, list | tuple) else [value]:
            # A longer one is no path: asking for it would be an error of the system.
            if not isinstance(text, str) or not text or len(text) > LONGEST_PATH or "\0" in text:
                continue
            place = Path(text)
            if place.is_file() or name == "ledger" or (place.is_dir() and sections & WITH_CORPORA):
                yield place


@contextmanager
def known_names(where: Path | str) -> Iterator[None]:
    """Resolve a config with this around it.

    where: the config, for the message.
    RAISES DistillError: if it asks for a function that is not registered.
    """
    try:
        yield
    except RegistryError as error:
        raise DistillError(f"{where}: {error}") from error


def check_language(lang: str) -> None:
    """Refuse a language that spaCy does not have, or whose package is missing.

    lang: the language's code: en, xx, ja.
    RAISES DistillError: if there is none, with what spaCy says to install.
    """
    try:
        spacy.blank(lang)
    except ImportError as error:
        raise DistillError(f"The language {lang!r} cannot be used: {error}") from error


def load_pipeline(model: str | Path) -> Language:
    """A trained pipeline.

    model: its folder, or the name of an installed package.
    RAISES DistillError: if there is none, or it does not load here.
    """
    try:
        return spacy.load(model)
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise DistillError(f"The pipeline {model} does not load: {error}") from error


def labels_of(nlp: Language) -> list[str]:
    """The labels that a pipeline can predict, in alphabetical order."""
    return sorted({label for name in nlp.pipe_names for label in nlp.pipe_labels.get(name, ())})
