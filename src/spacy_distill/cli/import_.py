"""`spacy distill import`: CoNLL, JSON Lines or text in, a `.spacy` corpus out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import command, msg

if TYPE_CHECKING:
    from ..corpus.importing import Imported

SHOWN = 10


class Format(StrEnum):
    """The formats that can be read."""

    conll = "conll"
    jsonl = "jsonl"
    text = "text"
    spacy = "spacy"


@command("import")
def import_cli(
    src: Annotated[Path, typer.Argument(help="File to read (.gz too), or a folder of such files.")],
    out: Annotated[Path, typer.Argument(help="The .spacy file to write.")],
    format: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="What SRC is. [default: what it looks like]", show_default=False),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Take a random sample of this size.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sample and of --shuffled.")] = 0,
    exclude: Annotated[
        list[Path] | None, typer.Option(help="Take no sentence of this corpus; may be given several times.")
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the tokenizer.")] = "en",
    sentences: Annotated[
        bool | None,
        typer.Option(
            "--sentences/--docs",
            help="One document a sentence, or one an article. [default: sentences for conll, else docs]",
            show_default=False,
        ),
    ] = None,
    lines: Annotated[
        bool | None,
        typer.Option(
            "--lines/--files",
            help="Folder of text: a document a line, or a file. [default: a file]",
            show_default=False,
        ),
    ] = None,
    label_column: Annotated[
        int, typer.Option(help="CoNLL: column of the entity tags; 1 is the token, -1 the last.")
    ] = -1,
    documents: Annotated[
        str,
        typer.Option(metavar="START:END", help="Part of the articles by share, 0:0.5 for the first half."),
    ] = "0:1",
    shuffled: Annotated[
        bool,
        typer.Option("--shuffled", help="Take --documents from the articles in an order drawn by --seed."),
    ] = False,
) -> None:
    """Import a corpus: CoNLL columns, JSON Lines (text and spans) or plain text.

    Where each sentence comes from is kept beside it, so that statistics can tell articles apart.
    """
    from ..corpus.importing import ImportOptions, import_corpus
    from ..corpus.sampling import parse_range

    options = ImportOptions(
        format=format.value if format else None,
        lang=lang,
        sentences=sentences,
        label_column=label_column,
        documents=parse_range(documents, shuffled=shuffled),
        exclude=tuple(exclude or ()),
        limit=limit,
        seed=seed,
        lines=lines,
    )
    _show(import_corpus(src, out, options), out)


def _show(account: Imported, out: Path) -> None:
    left_out = {
        "outside --documents": account.outside,
        "excluded": account.excluded,
        "left out by --limit": account.unsampled,
        "rejected by an annotator": account.found.rejected,
        "without text": account.found.empty,
    }
    for reason, count in left_out.items():
        if count:
            msg.text(f"{count} {reason}")
    _warn_of_misfits(account.found.misfits)
    if account.linewise:
        msg.warn(
            "Each file became one document, but looks as if each line were one.",
            "If so, add --lines; else --files ends this warning.",
        )
    if account.repeated:
        msg.info(f"{account.repeated} repeat the text of an earlier document")
    if account.labels:
        msg.table(account.labels.items(), header=("Label", "Entities"), aligns=("l", "r"), divider=True)
    unlabelled = f", {account.unlabelled} of them without labels" if account.unlabelled else ""
    size = f"{account.written} documents from {account.articles} articles, {account.tokens} tokens"
    msg.good(f"{size}{unlabelled}: {out}")


def _warn_of_misfits(misfits: list[str]) -> None:
    if not misfits:
        return
    shown = "\n".join(misfits[:SHOWN])
    rest = f"\n… and {len(misfits) - SHOWN} more" if len(misfits) > SHOWN else ""
    msg.warn(
        f"{len(misfits)} spans do not fit token borders; their tokens are left without a label", shown + rest
    )
