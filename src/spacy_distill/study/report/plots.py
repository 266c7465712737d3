"""The figures of a report, as SVG whose text is text."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from markupsafe import escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...escapes import FIGURE_TEXT, legend_name, one_line

# Okabe and Ito's colours differ in lightness too; gold and distilled are those of `distill preview`.
GOLD = "#E69F00"
DISTILLED = "#0072B2"
WORSE = "#D55E00"
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#7F7F7F", "#B8860B", "#333399")
STYLES = ("-", "--", "-.", ":")
MARKERS = "osD^vPX*"
INK = "#1d2330"
SOFT = "#5b6475"
GRID = "#d5dae2"
PAPER = "#fefefe"
RC: dict[Any, Any] = {
    **FIGURE_TEXT,
    "svg.fonttype": "none",
    "svg.hashsalt": "spacy-distill",
    "font.family": "sans-serif",
    "font.size": 11.0,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
}
# Behind text that lines run through.
LABEL_BOX = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0}
# Characters of a comparison's name that fit beside the difference.
FOREST_NAME = 44
POINT = 72.0
FAMILY = re.compile(r"font: ([^;\"]*?px) [^;\"]*")


def forest(rows: Sequence[Mapping[str, Any]]) -> str:
    """Differences in F1 with their intervals, one a row.

    rows: comparisons: see `compare_all`. "label" is the row's name.
    RETURNS: SVG. The line is the interval over seeds and articles, the ticks are the seeds; a filled marker
        is a difference that may be claimed.
    """
    with mpl.rc_context(RC):
        names = [one_line(row["label"]) for row in rows]
        # Two long names stand on a line each: the difference stands beside them.
        if any(len(name) > FOREST_NAME for name in names):
            names = [name.replace(" − ", "\n− ") for name in names]
        unit = 40 + 15 * max((name.count("\n") for name in names), default=0)
        height = unit * len(rows) + 62
        figure = Figure(figsize=(430 / POINT, height / POINT))
        ax = figure.add_axes((0.02, 44 / height, 0.96, 1 - 50 / height))
        ax.axvline(0, color=SOFT, linewidth=1)
        for i, (row, name) in enumerate(zip(rows, names, strict=True)):
            _forest_row(ax, -i, row, name, unit)
        ax.set_ylim(-len(rows) + 1 - 22 / unit, 1 - 10 / unit)
        ax.margins(x=0.06)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.grid(axis="x", color=GRID, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.set_xlabel("difference in micro F1, percentage points")
        return _svg(figure, "Forest plot of differences in F1")


def _forest_row(ax: Axes, y: float, row: Mapping[str, Any], name: str, unit: float) -> None:
    colour = {"more": DISTILLED, "less": WORSE}.get(row["claim"], SOFT)
    label = f"{100 * row['mean']:+.1f}"
    if row["low"] is not None:
        ends = [100 * row["low"], 100 * row["high"]]
        ax.plot(ends, [y, y], color=colour, linewidth=4, alpha=0.45, solid_capstyle="butt")
        label += f"  [{ends[0]:+.1f}, {ends[1]:+.1f}]"
    each = [100 * value for value in row["per_seed"]]
    ax.plot(each, [y - 8 / unit] * len(each), "|", color=SOFT, markersize=5)
    fill = PAPER if colour == SOFT else colour
    ax.plot(100 * row["mean"], y, "o", color=colour, markerfacecolor=fill, markersize=8, markeredgewidth=1.6)
    where: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "bottom", "bbox": LABEL_BOX}
    ax.annotate(name, (0, y + 11 / unit), fontsize=11, color=INK, **where)
    ax.annotate(label, (1, y + 11 / unit), ha="right", fontsize=10, color=SOFT, **where)


def curve(arm: Mapping[str, Any], baseline: Mapping[str, Any] | None, limits: tuple[float, float]) -> str:
    """Dev F1 over the steps of one arm's runs, with the share of distilled examples beneath.

    arm: its findings: see `arm_findings`.
    baseline: the findings of the arm to compare with, drawn dashed.
    limits: lowest and highest F1 of the axis, in [0, 1].
    RETURNS: SVG.
    """
    share, scores = arm["curve"]["share"], arm["curve"]["scores"]
    with mpl.rc_context(RC):
        figure = Figure(figsize=(270 / POINT, 200 / POINT), layout="constrained")
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        if baseline is not None:
            top.plot(*_mean(baseline["curve"]["scores"]), color=GOLD, linewidth=1.4, linestyle=(0, (4, 3)))
        for run in scores:
            top.plot(*_xy(run), color=DISTILLED, linewidth=0.8, alpha=0.35)
        top.plot(*_mean(scores), color=DISTILLED, linewidth=2, marker="o", markersize=3.5)
        top.set_ylim(100 * limits[0], 100 * limits[1])
        top.grid(axis="y", color=GRID, linewidth=0.6)
        top.set_ylabel("dev F1")
        steps, shares = [point[0] for point in share], [100 * point[1] for point in share]
        bottom.fill_between(steps, 0, shares, color=DISTILLED, alpha=0.75, linewidth=0, step="post")
        bottom.fill_between(steps, shares, 100, color=GOLD, alpha=0.6, linewidth=0, step="post")
        bottom.set_ylim(0, 100)
        bottom.set_yticks([0, 100], labels=["0 %", "100"])
        # A little wider than the steps, so that the marks at both ends are whole.
        last = max(steps, default=1)
        bottom.set_xlim(-0.015 * last, 1.015 * last)
        bottom.set_xlabel("step")
        return _svg(figure, f"Dev F1 and share of distilled examples over the steps of {arm['arm']['name']}")


def learning_curve(lines: Mapping[str, Sequence[tuple[float, Mapping[str, float]]]], baseline: str) -> str:
    """Test F1 over the number of gold documents.

    lines: for each name its points: gold documents, and "mean", "low", "high" of F1.
    baseline: the line that is drawn in gold.
    RETURNS: SVG.
    """
    with mpl.rc_context(RC):
        height = 270 + 18 * -(-len(lines) // 3)
        figure = Figure(figsize=(500 / POINT, height / POINT), layout="constrained")
        ax = figure.subplots()
        for i, (name, points) in enumerate(lines.items()):
            colour = GOLD if name == baseline else LINES[i % len(LINES)]
            x = [point[0] for point in points]
            mean, low, high = ([100 * point[1][key] for point in points] for key in ("mean", "low", "high"))
            ax.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)
            style = "-" if name == baseline else STYLES[i // len(LINES) % len(STYLES)]
            ax.plot(
                x,
                mean,
                style,
                color=colour,
                marker=MARKERS[i % len(MARKERS)],
                markersize=6,
                label=legend_name(name),
            )
        ax.set_xscale("log")
        sizes = sorted({point[0] for points in lines.values() for point in points})
        ax.set_xticks(sizes, labels=[f"{size:,.0f}" for size in sizes])
        ax.minorticks_off()
        ax.grid(color=GRID, linewidth=0.6)
        ax.set_xlabel("gold documents")
        ax.set_ylabel("test micro F1")
        figure.legend(frameon=False, fontsize=10, loc="outside lower center", ncols=3)
        return _svg(figure, "Test F1 over the number of gold documents")


def _xy(run: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    return [point[0] for point in run], [100 * point[1] for point in run]


def _mean(runs: Sequence[Sequence[Sequence[float]]]) -> tuple[list[float], list[float]]:
    """The mean over runs at the steps that all of them have."""
    by_step: dict[float, list[float]] = {}
    for run in runs:
        for step, score in run:
            by_step.setdefault(step, []).append(100 * score)
    common = sorted(step for step, scores in by_step.items() if len(scores) == len(runs))
    return common, [sum(by_step[step]) / len(runs) for step in common]


def _svg(figure: Figure, title: str) -> str:
    """A figure as an SVG element that takes colours and font of the page around it."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = FAMILY.sub(r"font: \1 system-ui, sans-serif", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(one_line(title))}"', 1)
