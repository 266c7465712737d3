"""A blend before it is trained: its shares, learning rates and exposures, and a picture of them."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle, islice, pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
from confection import Config, ConfigValidationError
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from spacy.language import DEFAULT_CONFIG
from spacy.util import registry

from ..configs import known_names, named_paths, read_config
from ..corpus.files import check_outputs, write_bytes
from ..errors import DistillError, refusal
from ..escapes import FIGURE_TEXT, legend_name, one_line
from .checks import (
    check_config,
    check_dev,
    check_labels,
    config_warnings,
    missing_encoder,
    section_at,
    suggest_steps,
)
from .log import BlendRecord, read_blend_log
from .plan import GOLD, BlendPlan, Exposure
from .rates import learning_rates
from .reader import BlendedCorpus


@dataclass
class BlendPreview:
    """The course of a training.

    title: the config and the schedule of its share.
    plan: the share of distilled examples at each step, and the sources.
    rates: the learning rate of each update.
    sizes: documents of each step; empty if the batcher does not say.
    exposures: about how many examples and words will be drawn from each source; empty likewise.
    suggested_steps: how long to train, by the documents of the sources; None likewise.
    config_warnings: what in the config may be meant, but probably is not.
    run: what a training has drawn, if one was given.
    files: the config, and the files and folders that it names.
    """

    title: str
    plan: BlendPlan
    rates: list[float]
    sizes: list[float]
    exposures: dict[str, Exposure]
    suggested_steps: int | None
    config_warnings: list[str]
    run: BlendRecord | None = None
    files: tuple[Path, ...] = ()

    def passes(self, name: str) -> float:
        """Passes over a source."""
        return self.exposures[name].examples / self.plan.counts[name].documents


def preview(path: Path, overrides: Mapping[str, Any] | None = None, run: Path | None = None) -> BlendPreview:
    """Preview the training of a config.

    path: the training config.
    overrides: values by dotted name, {"training.max_steps": 100}.
    run: output folder of a training, to compare with the plan.
    RAISES ConfigValidationError: if the config would not train, or not as its schedule says.
    RAISES DistillError: if there is no such config or run, or a corpus cannot be read.
    """
    if not Path(path).is_file():
        raise DistillError(f"No such config: {path}. Take one of configs/student_*.cfg.")
    given = read_config(path, overrides)
    if "training" not in given:
        raise ConfigValidationError(
            desc=f"{path} has no section [training]. Give a training config, like configs/student_*.cfg.",
            title="There is nothing to preview",
        )
    with known_names(path):
        return _preview(path, DEFAULT_CONFIG.merge(given).interpolate(), run)


def _preview(path: Path, config: Config, run: Path | None) -> BlendPreview:
    reader = _reader(config)
    check_config(config)
    plan = reader.plan(config["training"]["max_steps"])
    check_labels(config, plan)
    check_dev(config, plan)
    record = read_blend_log(run) if run else None
    sizes = plan.batch_sizes(config["training"]["batcher"])
    schedule = section_at(config, f"{config['training']['train_corpus']}.share").get(
        "@schedules", "one share"
    )
    return BlendPreview(
        title=f"{Path(path).name}: {schedule}, {len(plan.shares)} updates",
        plan=plan,
        rates=list(islice(learning_rates(config["training"]["optimizer"]), len(plan.shares))),
        sizes=sizes,
        exposures=plan.exposures(sizes),
        suggested_steps=suggest_steps(plan, sizes),
        config_warnings=[*config_warnings(config, plan), *_missing(config), *_other_run(plan, record)],
        run=record,
        files=(Path(path), *named_paths(config), *(Path(run).glob("*") if run else ())),
    )


def _reader(config: Config) -> BlendedCorpus:
    where = config["training"]["train_corpus"]
    section = dict(section_at(config, where))
    # Resolved alone: the dev corpus need not be there yet.
    reader = registry.resolve({"reader": section})["reader"] if "@readers" in section else None
    if not isinstance(reader, BlendedCorpus):
        raise refusal(
            'there is no blend. Set @readers = "spacy_distill.BlendedCorpus.v1" in '
            f"[{where}], as configs/student_cpu.cfg does.",
            where.split("."),
            "There is nothing to preview",
        )
    return reader


def _missing(config: Config) -> Iterator[str]:
    """What a preview does without, but `spacy train` ends in a traceback without."""
    if encoder := missing_encoder(config):
        yield encoder
    if section_at(config, config["training"]["dev_corpus"]).get("path", "") is None:
        yield "No dev corpus is given, and `spacy train` does not start without one. Set dev in [paths]."


def _other_run(plan: BlendPlan, run: BlendRecord | None) -> Iterator[str]:
    if run and run.plan["updates"] != len(plan.shares):
        yield (
            f"The run was planned for {run.plan['updates']} updates, this config makes {len(plan.shares)}. "
            "Give the overrides that the run was given."
        )


def write_steps(path: Path, steps: int) -> None:
    """Set `max_steps` in the section [training] of a config, and leave the rest as it stands.

    RAISES DistillError: if the section has no such line, or the file cannot be written.
    """
    text = Path(path).read_text(encoding="utf8")
    line = re.compile(r"(^\[training\]\s*$(?:\n(?!\[).*)*?\nmax_steps\s*=[ \t]*)[^\n#]*", re.MULTILINE)
    changed, found = line.subn(rf"\g<1>{steps}", text)
    if not found:
        raise DistillError(f"{path} has no line max_steps in [training]. Add max_steps = {steps} there.")
    # The file that a link leads to, and not the link, is replaced.
    write_bytes(changed.encode(), Path(path).resolve())


BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-=+*#@"


def sparkline(
    values: Sequence[float], width: int = 60, *, top: float | None = None, ascii: bool = False
) -> str:
    """Draw a curve with one character a column.

    values: the curve, not below 0.
    width: columns; each shows the mean of its part of the curve.
    top: the value of a full column; None for the highest one.
    ascii: whether to do without block characters.
    """
    marks = ASCII if ascii else BLOCKS
    columns = means(values, width)
    highest = max(columns, default=0.0) if top is None else top
    if not highest:
        return marks[0] * len(columns)
    steps = len(marks) - 1
    return "".join(marks[min(steps, max(0, round(column / highest * steps)))] for column in columns)


def means(values: Sequence[float], parts: int) -> list[float]:
    """The means of at most so many parts of about the same length, none of them empty."""
    parts = min(parts, len(values))
    bounds = [len(values) * i // parts for i in range(parts + 1)] if parts else []
    return [sum(values[start:end]) / (end - start) for start, end in pairwise(bounds)]


# Colours that differ in lightness too (Okabe and Ito's).
GOLD_COLOUR = "#E69F00"
DISTILLED_COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#D55E00")
OF_RUN: dict[str, Any] = {"color": "#000000", "linewidth": 1.2}
DASHED: dict[str, Any] = {**OF_RUN, "linestyle": (0, (4, 3))}
POINTS = 100
Panel = Callable[[Axes, "BlendPreview", Mapping[str, str]], None]


def write_plot(preview: BlendPreview, path: Path) -> None:
    """Draw a preview, and the run that it is compared with. A learning rate that never changes has no panel.

    path: the file to write; its suffix says what kind (.svg, .png, .pdf).
    RAISES DistillError: if the file is one that was read, or cannot be written, or not as that kind.
    """
    check_outputs([path], preview.files)
    panels = [_draw_shares]
    if len(set(preview.rates)) > 1:
        panels.append(_draw_rates)
    if preview.sizes:
        panels.append(_draw_exposures)
    with mpl.rc_context(FIGURE_TEXT):
        picture = _picture(preview, panels, path.suffix.lstrip(".").lower() or "png", path)
    write_bytes(picture, path)


def _picture(preview: BlendPreview, panels: Sequence[Panel], kind: str, path: Path) -> bytes:
    """The panels below each other, as a file of some kind.

    RAISES DistillError: if there is no such kind.
    """
    figure = Figure(figsize=(8.0, 2.4 * len(panels) + 0.6), layout="constrained")
    figure.suptitle(one_line(preview.title), fontsize=10)
    axes: list[Axes] = list(figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0])
    colours = dict(zip(preview.plan.weights, cycle(DISTILLED_COLOURS), strict=False)) | {GOLD: GOLD_COLOUR}
    for ax, draw in zip(axes, panels, strict=True):
        draw(ax, preview, colours)
        ax.set_xlim(0, len(preview.plan.shares) - 1)
        ax.spines[["top", "right"]].set_visible(False)
        if len(ax.get_legend_handles_labels()[0]) > 1:
            ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    axes[-1].set_xlabel("step")
    picture = io.BytesIO()
    try:
        figure.savefig(picture, format=kind)
    except ValueError as error:
        raise DistillError(
            f"Cannot draw {path}: {error}. Give --out a name ending in .svg or .png."
        ) from error
    return picture.getvalue()


def _draw_shares(ax: Axes, preview: BlendPreview, colours: Mapping[str, str]) -> None:
    shares = [preview.plan.source_shares(step) for step in range(len(preview.plan.shares))]
    parts = {name: [share[name] for share in shares] for name in shares[0]}
    ax.stackplot(
        range(len(shares)),
        *parts.values(),
        labels=[legend_name(name) for name in parts],
        colors=[colours[name] for name in parts],
        alpha=0.7,
        step="post",
    )
    if preview.run is not None:
        drawn = preview.run.shares()
        ax.plot(means(range(len(drawn)), POINTS), means(drawn, POINTS), label="distilled, realised", **OF_RUN)
    ax.set_ylim(0, 1)
    ax.set_ylabel("share of examples")


def _draw_rates(ax: Axes, preview: BlendPreview, colours: Mapping[str, str]) -> None:
    ax.plot(preview.rates, color="#555555", linewidth=1.5, label="planned")
    if preview.run is not None:
        steps = [line["step"] for line in preview.run.steps]
        ax.plot(steps, [line["learn_rate"] for line in preview.run.steps], label="realised", **DASHED)
    ax.set_ylim(bottom=0)
    ax.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    ax.set_ylabel("learning rate")


def _draw_exposures(ax: Axes, preview: BlendPreview, colours: Mapping[str, str]) -> None:
    # An underscore keeps a line out of the legend.
    labels = iter(["realised", *["_realised"] * len(colours)])
    for name in preview.plan.sources:
        parts = [size * preview.plan.source_shares(step)[name] for step, size in enumerate(preview.sizes)]
        ax.plot(
            list(accumulate(parts)), color=colours[name], linewidth=2.0, label=legend_name(f"{name}, planned")
        )
        if preview.run is not None and name in preview.run.exposures():
            steps = [line["step"] for line in preview.run.steps]
            drawn = [line["examples"][name] for line in preview.run.steps]
            ax.plot(steps, drawn, label=next(labels), **DASHED)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("examples drawn")
