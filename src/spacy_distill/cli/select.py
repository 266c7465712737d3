"""`spacy-distill select`: the documents that a teacher should label next."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import counted
from .console import command, msg

if TYPE_CHECKING:
    from ..labels.select import SelectionReport


@command("select", overrides=True)
def select_cli(
    ctx: typer.Context,
    unlabelled: Annotated[
        Path, typer.Argument(metavar="UNLABELLED.spacy", help="The corpus; its labels are not looked at.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT.spacy", help="The file to write, the best first.")],
    budget: Annotated[
        str, typer.Option(help='What may be spent: "5000 words", "200 docs" or "3 USD".', show_default=False)
    ],
    strategy: Annotated[
        str | None,
        typer.Option(
            help="disagreement of a committee, diverse (most new words) or random.",
            show_default="disagreement with --committee, else random",
        ),
    ] = None,
    committee: Annotated[
        Path | None, typer.Option(help="A committee's folder: what its members disagree on comes first.")
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(help="The teacher's config: what it answered is left out, its prices say what USD buy."),
    ] = None,
    exclude: Annotated[
        list[Path] | None,
        typer.Option(help="Take nothing that repeats this corpus; may be given several times."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of what is left to chance.")] = 0,
) -> None:
    """Choose what a teacher should label next; values of its config can be overridden: --a.b.c value."""
    from spacy.cli._util import parse_config_overrides

    from ..labels.select import SelectOptions, parse_limit, select

    overrides = parse_config_overrides(ctx.args)
    options = SelectOptions(strategy, committee, teacher, overrides, tuple(exclude or ()), seed)  # type: ignore[arg-type]
    _show(select(unlabelled, out, parse_limit(budget), options), out)


def _show(report: "SelectionReport", out: Path) -> None:
    if report.answered:
        msg.text(f"{counted(report.answered, 'document')} left out: the teacher has answered.")
    if report.repeated:
        msg.text(f"{counted(report.repeated, 'document')} left out: they repeat another one.")
    share = report.words / report.of_words
    msg.text(
        f"By {report.strategy}: {report.words:,} of {report.of_words:,} words ({share:.1%})"
        + ("" if report.disagreement is None else f", with {report.disagreement:.1%} of all disagreement")
        + "."
    )
    if report.cost is not None:
        msg.text(f"Answers for them cost about {report.cost:,.4f} USD; `annotate --max-cost` limits it.")
    msg.good(f"Selected {counted(report.documents, 'document')} of {report.of_documents:,}: {out}")
