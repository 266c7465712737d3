"""`spacy-distill import`: files of any format in, a `.spacy` corpus out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import counted
from .console import command, msg

if TYPE_CHECKING:
    from ..corpus.importing import ImportReport
    from ..labels.reviewed import ReviewedReport

# A command loads no format before it runs.
FORMATS = "a name of docs/formats.md, such as conll, conllu, doccano, prodigy or labelstudio"


@command("import")
def import_cli(
    src: Annotated[Path, typer.Argument(help="File to read (.gz too), or a folder of such files.")],
    out: Annotated[Path, typer.Argument(help="The .spacy file to write.")],
    format: Annotated[
        str, typer.Option("--format", "-f", help=f"What SRC is: {FORMATS}; auto: what it looks like.")
    ] = "auto",
    limit: Annotated[int | None, typer.Option(help="Take a random sample of this size.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sample and of --shuffled.")] = 0,
    by_label: Annotated[
        bool, typer.Option("--by-label", help="Take the sample of --limit evenly from all labels.")
    ] = False,
    exclude: Annotated[
        list[Path] | None, typer.Option(help="Take no sentence of this corpus; may be given several times.")
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the tokenizer.")] = "en",
    sentences: Annotated[
        bool | None,
        typer.Option(
            "--sentences/--docs",
            help="One document a sentence, or one an article.",
            show_default="sentences for columns, else docs",
        ),
    ] = None,
    lines: Annotated[
        bool | None,
        typer.Option(
            "--lines/--files",
            help="Folder of text: a document a line, or a file.",
            show_default="a file",
        ),
    ] = None,
    label_column: Annotated[
        str | None,
        typer.Option(
            help="Columns: that of the entity tags, -1 is the last; CoNLL-U: its name.", show_default="-1"
        ),
    ] = None,
    token_column: Annotated[
        int | None, typer.Option(help="Columns: that of the tokens.", show_default="1")
    ] = None,
    text_field: Annotated[
        list[str] | None,
        typer.Option(
            help="JSON Lines, CSV: field of the text; several become its paragraphs.", show_default="text"
        ),
    ] = None,
    label_field: Annotated[
        str | None,
        typer.Option(
            help="JSON Lines, CSV: field of the class; Label Studio: the control to read.",
            show_default="cats, accept, label …",
        ),
    ] = None,
    label_names: Annotated[
        str | None, typer.Option(help="Names of classes or tags that are numbers: World,Sports for 0 and 1.")
    ] = None,
    multilabel: Annotated[
        bool | None,
        typer.Option(
            "--multilabel/--exclusive",
            help="Any number of classes a document, or exactly one.",
            show_default="what it looks like",
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Data sets: the split to read.", show_default="the only one")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out rows that cannot be used, and list them.")
    ] = False,
    pool: Annotated[
        Path | None,
        typer.Option(
            help="SRC answers a review of this corpus: check it, and bring several reviewers together."
        ),
    ] = None,
    documents: Annotated[
        str,
        typer.Option(metavar="START:END", help="Part of the articles by share, 0:0.5 for the first half."),
    ] = "0:1",
    shuffled: Annotated[
        bool,
        typer.Option("--shuffled", help="Take --documents from the articles in an order drawn by --seed."),
    ] = False,
) -> None:
    """Import a corpus: columns of tags, JSON of annotation tools, CSV, data sets or plain text.

    Where each sentence comes from is kept beside it, so that statistics can tell articles apart.
    """
    from ..corpus.categories import CategoryFields
    from ..corpus.formats.base import Columns, ImportOptions, column_of
    from ..corpus.importing import import_corpus
    from ..corpus.sampling import parse_range

    names = tuple(filter(None, (label_names or "").split(",")))
    options = ImportOptions(
        format=format,
        lang=lang,
        sentences=sentences,
        columns=Columns(token_column, column_of(label_column)),
        fields=CategoryFields(tuple(text_field or ()), label_field, names, multilabel),
        documents=parse_range(documents, shuffled=shuffled),
        exclude=tuple(exclude or ()),
        limit=limit,
        seed=seed,
        by_label=by_label,
        lines=lines,
        skip_bad=skip_bad,
        split=split,
    )
    if pool is None:
        _show(import_corpus(src, out, options), out)
    else:
        from ..labels.reviewed import import_review

        _show_review(import_review(src, out, pool, options), out)


def _show(report: ImportReport, out: Path) -> None:
    if report.reason:
        msg.text(f"Read as {report.format} ({report.reason}); --format says otherwise.")
    for note in report.issues.notes:
        msg.text(note)
    left_out = {
        "outside --documents": report.outside,
        "excluded": report.excluded,
        "left out by --limit": report.unsampled,
        "rejected by an annotator": report.issues.rejected,
        "without text": report.issues.empty,
    }
    for reason, count in left_out.items():
        if count:
            msg.text(f"{count} {reason}")
    if report.issues.duplicates:
        msg.text(f"{counted(report.issues.duplicates, 'span')} left out: the row names it a second time")
    _show_problems(report.issues.skipped, report.issues.misfits)
    if report.linewise:
        msg.warn(
            "Each file became one document, but looks as if each line were one.",
            "If so, add --lines; else --files ends this warning.",
        )
    if report.repeated:
        verb = "repeats" if report.repeated == 1 else "repeat"
        msg.info(f"{counted(report.repeated, 'document')} {verb} the text of an earlier one")
    if report.unlabelled and report.issues.unread:
        msg.warn(
            f"Rows without labels have fields that were not read: {', '.join(sorted(report.issues.unread))}",
            'If one of them has the labels: --label-field names classes; call entities "spans" or "tags".',
        )
    if report.labels:
        msg.table(report.labels.items(), header=("Label", "Number"), aligns=("l", "r"), divider=True)
    unlabelled = f", {report.unlabelled} of them without labels" if report.unlabelled else ""
    size = (
        f"{counted(report.written, 'document')} from {counted(report.articles, 'article')}, "
        f"{counted(report.tokens, 'token')}"
    )
    msg.good(f"{size}{unlabelled}: {out}")


def _show_review(report: ReviewedReport, out: Path) -> None:
    _show_problems(report.bad_rows, report.misfits)
    done = ", ".join(f"{name} {number}" for name, number in report.reviewers.items())
    of = f" of {report.asked}" if report.asked else ""
    msg.text(f"Answered{of}: {done}.")
    if report.skipped or report.open:
        msg.text(f"No gold: {report.skipped} skipped, {report.open} in the files without an answer.")
    if report.disputes:
        lines = [
            f"{dispute.id}: " + "; ".join(f"{name}: {said}" for name, said in dispute.said.items())
            for dispute in report.disputes
        ]
        number = counted(len(lines), "document")
        msg.listing(f"Reviewers differ on {number}; what they differ in is missing in gold", lines)
        msg.info(f"To settle them: spacy-distill review {out} --out disputes.html")
    msg.good(f"{counted(report.written, 'document')} of gold: {out}")


def _show_problems(skipped: list[str], misfits: list[str]) -> None:
    for item, problem, places in (
        ("row", "left out as unusable", skipped),
        ("span", "not on token borders; the tokens are left without a label", misfits),
    ):
        if places:
            msg.listing(f"{counted(len(places), item)} {problem}", places)
