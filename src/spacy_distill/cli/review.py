"""`spacy-distill review`: a page for a person, with the documents that are worth the time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import DistillError, counted
from .console import command, msg

if TYPE_CHECKING:
    from ..labels.review import ReviewReport


@command("review")
def review_cli(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="[DIR] POOL.spacy [VIEW.spacy …]",
            help="A committee's folder, if there is one; the documents; files with further views of them.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    words: Annotated[int, typer.Option(help="How many words a person reads at most.", min=1)] = 5000,
    format: Annotated[
        str,
        typer.Option("--format", "-f", help="html: a page; or prodigy, labelstudio, doccano."),
    ] = "html",
    labels: Annotated[
        str, typer.Option(help='Labels that can be given besides those that were: "PER, ORG".')
    ] = "",
    exclude: Annotated[
        list[Path] | None,
        typer.Option(help="Show nothing that repeats this corpus; may be given several times."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides between documents of the same value.")] = 0,
) -> None:
    """Choose the documents on which views and members disagree most for each word, for a person to correct.

    The page needs nothing but a browser. Read its download with `import … --pool POOL.spacy`.
    """
    from ..labels.committee import COMMITTEE
    from ..labels.review import ReviewOptions, review

    committee, rest = (paths[0], paths[1:]) if (paths[0] / COMMITTEE).is_file() else (None, paths)
    if not rest:
        raise DistillError(f"Give the documents to review behind the committee's folder {committee}.")
    pool, *views = rest
    names = tuple(filter(None, map(str.strip, labels.split(","))))
    options = ReviewOptions(words, format, names, tuple(exclude or ()), seed)
    _show(review(pool, views, out, committee, options), out)


def _show(report: "ReviewReport", out: Path) -> None:
    msg.text(f"Asked: {', '.join(report.voters)}. Labels: {', '.join(report.labels)}.")
    if report.repeated:
        msg.text(f"{counted(report.repeated, 'document')} left out: they repeat another one.")
    share = report.words / report.of_words
    msg.text(
        f"{report.words:,} of {report.of_words:,} words ({share:.1%}), with {report.disagreement:.1%} of all "
        "disagreement."
    )
    if report.disputed < report.documents:
        rest = report.documents - report.disputed
        said = f"Nobody disputes {counted(rest, 'document')} of them"
        msg.info(f"{said}: no other that is in dispute fits into --words.")
    if report.learned:
        msg.warn(
            f"Members had learned from {counted(report.learned, 'document')}, and dispute less of what they "
            "learned. `committee --folds 4` trains members that vote on none of their own."
        )
    msg.good(f"{counted(report.documents, 'document')} to review, of {report.of_documents:,}: {out}")
