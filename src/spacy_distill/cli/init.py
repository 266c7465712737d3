"""`spacy-distill init`: a spaCy project for texts of a user's own."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import app, msg, shown_errors

if TYPE_CHECKING:
    from ..scaffold.project import NewProject


class StudentName(StrEnum):
    """The students that a project can begin with."""

    cpu = "cpu"
    minilm = "minilm"
    bert = "bert"


@app.command("init")
def init_cli(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write.")],
    pool: Annotated[
        Path,
        typer.Option(
            help="Texts for the teacher: a file or folder of text, JSON Lines, CSV, CoNLL or .spacy."
        ),
    ],
    model: Annotated[
        str, typer.Option(help="The teacher, as its endpoint calls it: gpt-4o-mini, llama3.1 …")
    ],
    labels: Annotated[
        str,
        typer.Option(metavar="A,B,…", help="What to find.", show_default="the labels of gold"),
    ] = "",
    gold: Annotated[
        Path | None,
        typer.Option(help="Texts with labels made by hand, to train on; without: the teacher's alone."),
    ] = None,
    dev: Annotated[
        Path | None, typer.Option(help="Such texts to look at while training; without: a fifth of gold.")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="Such texts to judge by; without: dev.")] = None,
    student: Annotated[
        StudentName, typer.Option(help="cpu: tok2vec; minilm: 6 layers, 90 MB; bert: 12 layers, 440 MB.")
    ] = StudentName.minilm,
    endpoint: Annotated[
        str, typer.Option(help="An OpenAI-compatible server, e.g. http://localhost:11434/v1 for Ollama.")
    ] = "https://api.openai.com/v1",
    api_key_env: Annotated[
        str | None,
        typer.Option(
            help="Environment variable that holds its key.",
            show_default="OPENAI_API_KEY; none on this machine",
        ),
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option(help="Language of the texts: en, de …", show_default="what they look like"),
    ] = None,
    max_steps: Annotated[
        int | None,
        typer.Option(help="Updates of training.", show_default="by the size of the data", min=1),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep files that are there already, and write the others.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; say what would be written.")
    ] = False,
) -> None:
    """Write a complete spaCy project for texts and labels of your own: label, train, package, compare."""
    with shown_errors():
        from ..scaffold.inputs import ProjectOptions
        from ..scaffold.project import init_project

        options = ProjectOptions(
            pool,
            model,
            labels=tuple(filter(None, (label.strip() for label in labels.split(",")))),
            gold=gold,
            dev=dev,
            test=test,
            student=student.value,
            endpoint=endpoint,
            api_key_env=api_key_env,
            lang=lang,
            max_steps=max_steps,
        )
        _show(init_project(folder, options, keep=keep, dry_run=dry_run), dry_run=dry_run)


def _show(project: NewProject, *, dry_run: bool) -> None:
    rows = [
        (name, corpus.format, f"{'about ' * corpus.sentences}{corpus.documents:,}", _labels(corpus.labels))
        for name, corpus in project.corpora.items()
    ]
    msg.table(rows, header=("", "format", "texts", "labels"), divider=True, aligns=("l", "l", "r", "l"))
    msg.text(
        f"Language: {project.lang}. Labels: {', '.join(project.labels)}. "
        f"Updates of training: {project.max_steps:,}."
    )
    for note in project.notes:
        msg.info(note)
    for warning in project.warnings:
        msg.warn(warning)
    for place in project.kept:
        msg.info(f"Kept as it is: {project.folder / place}")
    files = ", ".join(map(str, project.written))
    if dry_run:
        msg.info(f"Nothing was written. Without --dry-run: {files or 'nothing either'}")
        return
    if files:
        msg.good(f"Wrote into {project.folder}: {files}")
    msg.text("Next: say in labels.yml what each label means, look through examples.yml, then")
    folder = f'"{project.folder}"' if " " in str(project.folder) else project.folder
    typer.echo(f"    cd {folder} && python -m spacy project run all .")


def _labels(labels: Mapping[str, int]) -> str:
    return ", ".join(f"{label} {count:,}" for label, count in labels.items()) or "–"
