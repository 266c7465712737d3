"""`distill preview`: what a training is going to see, before it starts."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import OVERRIDES, app, msg, shown_errors

if TYPE_CHECKING:
    from ..blend.log import BlendRecord
    from ..blend.preview import Preview

WIDTH = 60


@app.command("preview", context_settings=OVERRIDES)
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
) -> None:
    """Show the share of distilled examples and the learning rate over a training, and the documents and words
    it will see. Values of the config can be overridden: --a.b.c value."""
    with shown_errors():
        from spacy.cli._util import import_code, parse_config_overrides

        from ..blend.log import read_blend_log
        from ..blend.preview import make_preview

        import_code(code)
        preview = make_preview(config, parse_config_overrides(list(ctx.args)))
        record = read_blend_log(run) if run else None
        _show_curves(preview, record)
        _show_sources(preview, record)
        for caution in preview.cautions:
            msg.warn(caution)
        updates = len(preview.plan.shares)
        if record and record.plan["updates"] != updates:
            msg.warn(
                f"The run was planned for {record.plan['updates']} updates, this config makes {updates}. "
                "Give the overrides that the run was given."
            )
        if out:
            from ..blend.preview import write_plot

            write_plot(preview, out, record)
            msg.good(f"Wrote {out}")


def _show_curves(preview: "Preview", record: "BlendRecord | None") -> None:
    from ..blend.preview import sparkline

    plain = not _can_print("▁█")
    shares = preview.plan.shares
    mean = sum(shares) / len(shares)
    lines = [("share of distilled", sparkline(shares, WIDTH, top=1.0, ascii=plain), f"mean {mean:.3f}")]
    if record is not None:
        total = record.steps[-1]["share_total"] if record.steps else 0.0
        curve = record.shares()
        # A run that is not over, or was cut off, ends where it is.
        width = min(WIDTH, max(1, round(min(WIDTH, len(shares)) * len(curve) / len(shares))))
        lines.append(("… realised", sparkline(curve, width, top=1.0, ascii=plain), f"mean {total:.3f}"))
    rates = preview.rates
    lines.append(("learning rate", sparkline(rates, WIDTH, ascii=plain), f"highest {max(rates):.2e}"))
    msg.text(f"{len(shares)} updates, steps 0 to {len(shares) - 1}")
    msg.table(lines)


def _show_sources(preview: "Preview", record: "BlendRecord | None") -> None:
    header = ["source", "documents", "left out", "≈ examples", "≈ words", "passes"]
    rows = []
    drawn = record.exposures() if record else {}
    for name, held in preview.plan.holdings.items():
        row = [name, f"{held.documents:,}", held.skipped_text() or "-"]
        if preview.exposures:
            exposure = preview.exposures[name]
            row += [f"{exposure.examples:,}", f"{exposure.words:,}", f"{preview.epochs(name):.2f}"]
        else:
            row += ["?", "?", "?"]
        if record:
            found = drawn.get(name, {"examples": 0, "words": 0})
            row += [f"{found['examples']:,}", f"{found['words']:,}"]
        rows.append(row)
    if record:
        header += ["drawn", "words drawn"]
    msg.table(rows, header=header, divider=True, aligns=["l", *"r" * (len(header) - 1)])
    if not preview.exposures:
        msg.info("This batcher does not say how many documents a step has.")


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
