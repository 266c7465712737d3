"""What a new project says of its task: the frame of `init` is the same for all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from .labels import LabelSet

# Few-shot examples of a project at most.
SHOTS = 5


@dataclass(frozen=True)
class ProjectParts:
    """What `init` needs of a task to make a project for it.

    templates: a folder with Jinja templates of the files that differ by task: student.cfg, teacher.cfg,
        labels.yml, examples.yml and README.md, each with ".jinja". All but the examples extend the frame of
        the same name, as "project/student.cfg.jinja", and fill its blocks; they get the task as `task`.
    find_examples: chooses a few gold documents that show the labels, as entries of examples.yml.
    import_options: options that `import` needs to read files of this task.
    nothing: how a file says of a text that nothing of this kind is in it: a sentence, or empty.
    wider: the task as which files of this one can be read as well, beside others of it; None: none.
    """

    templates: Path
    find_examples: Callable[[Sequence[Doc], LabelSet], list[dict[str, Any]]]
    import_options: str = ""
    nothing: str = ""
    wider: str | None = None
