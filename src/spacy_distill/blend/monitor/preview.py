"""What a training is going to see, known before it starts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path
from typing import Any

from confection import Config, ConfigValidationError
from spacy.language import DEFAULT_CONFIG
from spacy.util import load_config, registry

from ..reading.account import Exposure
from ..reading.checks import cautions, check_config, check_labels, missing_encoder, section_at
from ..reading.plan import Plan
from ..reading.reader import BY_SEQUENCE, BlendedCorpus
from ..schedules.rates import Rates

BY_WORDS = "spacy.batch_by_words.v1"


@dataclass
class Preview:
    """The course of a training.

    plan (Plan): The share of distilled examples at each step, and the sources.
    rates (List[float]): The learning rate of each update.
    sizes (List[float]): Documents of each step; empty if the batcher does not say.
    exposures (Dict[str, Exposure]): About how many examples and words will be drawn from each source; empty
        likewise.
    cautions (List[str]): What in the config may be meant, but probably is not.
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

    path (Path): The training config.
    overrides (Optional[Mapping[str, Any]]): Values by dotted name, {"training.max_steps": 100}.
    RETURNS (Preview): What it is going to see.
    RAISES (ConfigValidationError): If the config would not train, or not as its schedule says.
    RAISES (ValueError): If there is no such config, or a corpus cannot be read.
    """
    if not Path(path).is_file():
        raise ValueError(f"No such config: {path}. Take one of configs/student_*.cfg.")
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
