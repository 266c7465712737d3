"""`distill preview`: what a training is going to see, before it starts."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import counted
from .console import command, msg

if TYPE_CHECKING:
    from ..blend.preview import BlendPreview

WIDTH = 60


@command("preview", overrides=True)
def preview_cli(
    ctx: typer.Context,
    config: Annotated[Path, typer.Argument(metavar="TRAIN.cfg", help="The training config.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Picture to write: .svg or .png.")] = None,
    code: Annotated[
        Path | None, typer.Option("--code", "-c", help="Python file with schedules of your own.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--run", help="Output folder of a training, to lay over the plan.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the suggested max_steps into the config.")
    ] = False,
) -> None:
    """Show the share of distilled examples and the learning rate over a training, and the documents and words
    it will see. Values of the config can be overridden: --a.b.c value."""
    from spacy.cli._util import parse_config_overrides
    from spacy.util import import_file

    from ..blend.preview import preview, write_plot, write_steps
    from ..corpus.files import check_outputs

    if code:
        # spaCy's own function for it hides where in the file an error is.
        import_file("python_code", code)
    check_outputs([out], [config, code])
    found = preview(config, parse_config_overrides(list(ctx.args)), run)
    if out:
        write_plot(found, out)
    _show_curves(found)
    _show_sources(found)
    for caution in found.config_warnings:
        msg.warn(caution)
    if found.suggested_steps is None:
        msg.info("This batcher does not say how many documents a step has.")
    elif write:
        write_steps(config, found.suggested_steps)
        msg.good(f"Wrote max_steps = {found.suggested_steps} into {config}")
    else:
        msg.info(f"By the number of documents: max_steps = {found.suggested_steps} (--write sets it).")
    if out:
        msg.good(f"Wrote {out}")


def _show_curves(preview: "BlendPreview") -> None:
    from ..blend.preview import sparkline

    plain = not _can_print("▁█")
    shares = preview.plan.shares
    mean = sum(shares) / len(shares)
    lines = [("share of distilled", sparkline(shares, WIDTH, top=1.0, ascii=plain), f"mean {mean:.3f}")]
    if run := preview.run:
        total = run.steps[-1]["share_total"] if run.steps else 0.0
        curve = run.shares()
        # A run that is not over, or was cut off, ends where it is.
        width = min(WIDTH, max(1, round(min(WIDTH, len(shares)) * len(curve) / len(shares))))
        lines.append(("… realised", sparkline(curve, width, top=1.0, ascii=plain), f"mean {total:.3f}"))
    rates = preview.rates
    lines.append(("learning rate", sparkline(rates, WIDTH, ascii=plain), f"highest {max(rates):.2e}"))
    msg.text(f"{counted(len(shares), 'update')}, steps 0 to {len(shares) - 1}")
    msg.table(lines)


def _show_sources(preview: "BlendPreview") -> None:
    header = ["source", "documents", "left out", "in steps", "≈ examples", "≈ words", "passes"]
    rows = []
    drawn = preview.run.exposures() if preview.run else {}
    for name, counts in preview.plan.counts.items():
        first, last = preview.plan.phase(name)
        row = [name, f"{counts.documents:,}", counts.skipped_text() or "-", f"{first}-{last}"]
        if preview.exposures:
            exposure = preview.exposures[name]
            row += [f"{exposure.examples:,}", f"{exposure.words:,}", f"{preview.passes(name):.2f}"]
        else:
            row += ["?", "?", "?"]
        if preview.run:
            found = drawn.get(name, {"examples": 0, "words": 0})
            row += [f"{found['examples']:,}", f"{found['words']:,}"]
        rows.append(row)
    if preview.run:
        header += ["drawn", "words drawn"]
    msg.table(rows, header=header, divider=True, aligns=["l", *"r" * (len(header) - 1)])


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
