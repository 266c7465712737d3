"""A blend before it is trained: its shares and rates, drawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise, repeat
from pathlib import Path
from typing import Any

from confection import Config, ConfigValidationError
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from spacy.language import DEFAULT_CONFIG
from spacy.util import load_config, registry

from ..errors import DistillError
from .checks import cautions, check_config, check_labels, missing_encoder, section_at
from .log import BlendRecord
from .plan import GOLD, Exposure, Plan
from .rates import Rates
from .reader import BY_SEQUENCE, BlendedCorpus

BY_WORDS = "spacy.batch_by_words.v1"


@dataclass
class Preview:
    """The course of a training.

    plan: The share of distilled examples at each step, and the sources.
    rates: The learning rate of each update.
    sizes: Documents of each step; empty if the batcher does not say.
    exposures: About how many examples and words will be drawn from each source; empty
        likewise.
    cautions: What in the config may be meant, but probably is not.
    """

    plan: Plan
    rates: list[float]
    sizes: list[float]
    exposures: dict[str, Exposure]
    cautions: list[str]

    def epochs(self, name: str) -> float:
        """Passes over a source."""
        return self.exposures[name].examples / self.plan.holdings[name].documents


def make_preview(path: Path, overrides: Mapping[str, Any] | None = None) -> Preview:
    """Preview the training of a config.

    path: The training config.
    overrides: Values by dotted name, {"training.max_steps": 100}.
    RETURNS: What it is going to see.
    RAISES ConfigValidationError: If the config would not train, or not as its schedule says.
    RAISES DistillError: If there is no such config, or a corpus cannot be read.
    """
    if not Path(path).is_file():
        raise DistillError(f"No such config: {path}. Take one of configs/student_*.cfg.")
    given = load_config(path, overrides=dict(overrides or {}))
    if "training" not in given:
        raise ConfigValidationError(
            desc=f"{path} has no section [training]. Give a training config, like configs/student_*.cfg.",
            title="There is nothing to preview",
        )
    config = DEFAULT_CONFIG.merge(given).interpolate()
    reader = _reader(config)
    check_config(config)
    plan = reader.plan(config["training"]["max_steps"])
    check_labels(config, plan)
    updates = len(plan.shares)
    rates = Rates(config["training"]["optimizer"])
    sizes = list(islice(_batch_sizes(config["training"]["batcher"], plan), updates))
    return Preview(
        plan=plan,
        rates=[rates.next() for _ in range(updates)],
        sizes=sizes,
        exposures=_exposures(plan, sizes) if sizes else {},
        cautions=[*cautions(config, plan), *_missing(config)],
    )


def _reader(config: Config) -> BlendedCorpus:
    where = config["training"]["train_corpus"]
    section = dict(section_at(config, where))
    # Resolved alone: the dev corpus need not be there yet.
    reader = registry.resolve({"reader": section})["reader"] if "@readers" in section else None
    if not isinstance(reader, BlendedCorpus):
        raise ConfigValidationError(
            errors=[
                {
                    "loc": where.split("."),
                    "msg": 'there is no blend. Set @readers = "spacy_distill.BlendedCorpus.v1" in '
                    f"[{where}], as configs/student_cpu.cfg does.",
                }
            ],
            title="There is nothing to preview",
        )
    return reader


def _missing(config: Config) -> Iterator[str]:
    """What a preview does without, but `spacy train` ends in a traceback without."""
    if encoder := missing_encoder(config):
        yield encoder
    if section_at(config, config["training"]["dev_corpus"]).get("path", "") is None:
        yield "No dev corpus is given, and `spacy train` does not start without one. Set dev in [paths]."


def _batch_sizes(batcher: Mapping[str, Any], plan: Plan) -> Iterator[float]:
    """Documents of each step; nothing for a batcher that does not say."""
    size = batcher.get("size")
    if isinstance(size, Mapping):
        size = registry.resolve({"size": dict(size)})["size"]
    sizes = repeat(size) if isinstance(size, int) else iter(size or ())
    name = batcher.get("@batchers")
    if name == BY_SEQUENCE:
        yield from (float(size) for size in sizes)
    elif name == BY_WORDS:
        for step, words in enumerate(sizes):
            shares = plan.source_shares(step)
            yield words / sum(share * plan.mean_words(name) for name, share in shares.items())


def _exposures(plan: Plan, sizes: list[float]) -> dict[str, Exposure]:
    totals = dict.fromkeys(plan.sources, 0.0)
    for step, size in enumerate(sizes):
        for name, share in plan.source_shares(step).items():
            totals[name] += size * share
    return {
        name: Exposure(round(total), round(total * plan.mean_words(name))) for name, total in totals.items()
    }


BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-=+*#@"


def sparkline(
    values: Sequence[float], width: int = 60, *, top: float | None = None, ascii: bool = False
) -> str:
    """Draw a curve with one character a column.

    values: The curve, not below 0.
    width: Columns; each shows the mean of its part of the curve.
    top: The value of a full column; None for the highest one.
    ascii: Whether to do without block characters.
    RETURNS: The line.
    """
    marks = ASCII if ascii else BLOCKS
    columns = [_mean(part) for part in split(values, width)]
    highest = max(columns, default=0.0) if top is None else top
    if not highest:
        return marks[0] * len(columns)
    steps = len(marks) - 1
    return "".join(marks[min(steps, max(0, round(column / highest * steps)))] for column in columns)


def split(values: Sequence[float], parts: int) -> list[Sequence[float]]:
    """Cut a sequence into at most so many parts of about the same length, none of them empty."""
    parts = min(parts, len(values))
    bounds = [len(values) * i // parts for i in range(parts + 1)] if parts else []
    return [values[start:end] for start, end in pairwise(bounds)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


# Colours that differ in lightness too (Okabe and Ito's).
GOLD_COLOUR = "#E69F00"
DISTILLED_COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#D55E00")
RUN_COLOUR = "#000000"
POINTS = 100


def write_plot(preview: Preview, path: Path, run: BlendRecord | None = None) -> None:
    """Draw a preview, and the run that was made of it.

    preview: What was planned.
    path: The file to write; its suffix says what kind (.svg, .png, .pdf).
    run: What was realised.
    RAISES DistillError: If the file cannot be written, or not as that kind.
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
        raise DistillError(
            f"Cannot write {path}: {error.strerror}. Choose another place for --out."
        ) from error
    except ValueError as error:
        raise DistillError(
            f"Cannot draw {path}: {error}. Give --out a name ending in .svg or .png."
        ) from error


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

    run: The run.
    points: Into how many stretches to cut it, at most.
    RETURNS: The middle step of each stretch, and its share.
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
