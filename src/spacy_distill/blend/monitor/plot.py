"""The picture of a blend: share, learning rate and exposures over the steps."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..reading.account import GOLD
from .preview import Preview
from .record import BlendRecord
from .sparkline import split

# Colours that differ in lightness too (Okabe and Ito's).
GOLD_COLOUR = "#E69F00"
DISTILLED_COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#D55E00")
RUN_COLOUR = "#000000"
POINTS = 100


def write_plot(preview: Preview, path: Path, run: BlendRecord | None = None) -> None:
    """Draw a preview, and the run that was made of it.

    preview (Preview): What was planned.
    path (Path): The file to write; its suffix says what kind (.svg, .png, .pdf).
    run (Optional[BlendRecord]): What was realised.
    RAISES (ValueError): If the file cannot be written, or not as that kind.
    """
    rows = 3 if preview.sizes else 2
    figure = Figure(figsize=(8.0, 2.4 * rows + 0.6), layout="constrained")
    axes: list[Axes] = list(figure.subplots(rows, 1, sharex=True))
    _draw_shares(axes[0], preview, run)
    _draw_rates(axes[1], preview, run)
    if preview.sizes:
        _draw_exposures(axes[2], preview, run)
    axes[-1].set_xlabel("step")
    for ax in axes:
        ax.set_xlim(0, len(preview.plan.shares) - 1)
        ax.spines[["top", "right"]].set_visible(False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except OSError as error:
        raise ValueError(f"Cannot write {path}: {error.strerror}. Choose another place for --out.") from error
    except ValueError as error:
        raise ValueError(f"Cannot draw {path}: {error}. Give --out a name ending in .svg or .png.") from error


def _draw_shares(ax: Axes, preview: Preview, run: BlendRecord | None) -> None:
    shares = preview.plan.shares
    steps = range(len(shares))
    bottom = [0.0] * len(shares)
    for name, colour in zip(preview.plan.weights, _cycle(DISTILLED_COLOURS), strict=False):
        top = [b + share * preview.plan.weights[name] for b, share in zip(bottom, shares, strict=True)]
        ax.fill_between(steps, bottom, top, color=colour, alpha=0.75, linewidth=0, step="post", label=name)
        bottom = top
    if GOLD in preview.plan.sources:
        full = [1.0] * len(shares)
        ax.fill_between(
            steps, bottom, full, color=GOLD_COLOUR, alpha=0.6, linewidth=0, step="post", label=GOLD
        )
    if run is not None:
        ax.step(*realised(run), where="mid", color=RUN_COLOUR, linewidth=1.2, label="distilled, realised")
    ax.set_ylim(0, 1)
    ax.set_ylabel("share of examples")
    _legend(ax)


def _draw_rates(ax: Axes, preview: Preview, run: BlendRecord | None) -> None:
    ax.plot(preview.rates, color="#555555", linewidth=1.5, label="planned")
    if run is not None:
        steps = [line["step"] for line in run.steps]
        rates = [line["learn_rate"] for line in run.steps]
        ax.plot(steps, rates, color=RUN_COLOUR, linewidth=1.2, linestyle=(0, (4, 3)), label="realised")
        _legend(ax)
    ax.set_ylim(bottom=0)
    ax.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    ax.set_ylabel("learning rate")


def _draw_exposures(ax: Axes, preview: Preview, run: BlendRecord | None) -> None:
    colours = dict(zip(preview.plan.weights, _cycle(DISTILLED_COLOURS), strict=False)) | {GOLD: GOLD_COLOUR}
    label = "realised"
    for name in preview.plan.sources:
        parts = [size * preview.plan.source_shares(step)[name] for step, size in enumerate(preview.sizes)]
        ax.plot(list(accumulate(parts)), color=colours[name], linewidth=2.0, label=f"{name}, planned")
        if run is not None and name in run.exposures():
            steps = [line["step"] for line in run.steps]
            drawn = [line["examples"][name] for line in run.steps]
            style = {"color": RUN_COLOUR, "linewidth": 1.2, "linestyle": (0, (4, 3))}
            ax.plot(steps, drawn, label=label, **style)  # type: ignore[arg-type]
            # An underscore keeps the other lines out of the legend.
            label = "_realised"
    ax.set_ylim(bottom=0)
    ax.set_ylabel("examples drawn")
    _legend(ax)


def realised(run: BlendRecord, points: int = POINTS) -> tuple[list[float], list[float]]:
    """The realised share of distilled examples, by stretches of a run.

    run (BlendRecord): The run.
    points (int): Into how many stretches to cut it, at most.
    RETURNS (Tuple[List[float], List[float]]): The middle step of each stretch, and its share.
    """
    steps: list[float] = []
    shares: list[float] = []
    before = {"examples": 0, "distilled": 0}
    for part in split(range(len(run.steps)), points):
        first, last = run.steps[int(part[0])], run.steps[int(part[-1])]
        now = {
            "examples": sum(last["examples"].values()),
            "distilled": sum(count for name, count in last["examples"].items() if name != GOLD),
        }
        examples = now["examples"] - before["examples"]
        if examples:
            steps.append((first["step"] + last["step"]) / 2)
            shares.append((now["distilled"] - before["distilled"]) / examples)
        before = now
    return steps, shares


def _cycle(colours: Sequence[str]) -> Sequence[str]:
    return tuple(colours) * 20


def _legend(ax: Axes) -> None:
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
