"""The config of a study, and the runs that it asks for."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from confection import Config, ConfigValidationError
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ..configs import read_config
from ..engines.engine import RayOptions
from ..errors import DistillError

Hold = Literal["steps", "gold"]
# A corpus, or several by name.
Corpora = str | dict[str, str]

ORACLE = "oracle"
RATES = ("student", "constant", "decay", "restart")
# Regimens that see no distilled label of the teacher: one run serves all variants.
WITHOUT_TEACHER = ("gold", ORACLE)
# The study's own corpora: no teacher and no further test corpus may be called so.
DEV, TEST, HELDOUT, POOL = "dev", "test", "heldout", "pool"
OWN = ("gold", ORACLE, DEV, TEST, HELDOUT, "held out")
# Folders from a study's down to a run's.
DEPTH = 5
# Folders of a study that are no student's.
RESERVED = ("corpora", "failed")
# Stands in the path of labels that are made anew for each seed.
SEED = "{seed}"
# In a declared comparison: every other arm; between its two arms.
ANY = "*"
MINUS = " - "
# What some file system does not allow in a name, or takes for a folder of its own.
UNUSABLE = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]|^[. ]|[. ]$|^$')


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, int | float) else value


# Axes of which a single value may be given as such.
Steps = Annotated[list[Annotated[int, Field(gt=0)]], BeforeValidator(_as_list), Field(min_length=1)]
LearnRates = Annotated[
    list[Annotated[float, Field(ge=0, allow_inf_nan=False)]], BeforeValidator(_as_list), Field(min_length=1)
]


class Section(BaseModel):
    """A section that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid")


class Grid(Section):
    """Axes of a part of the study; an axis that is left out is that of `[study]`."""

    students: list[str] | None = None
    regimens: list[str] | None = None
    rates: list[str] | None = None
    variants: list[str] | None = None
    gold_sizes: list[int] | None = None
    max_steps: Steps | None = None
    learn_rates: LearnRates | None = None
    hold: list[Hold] | None = None
    seeds: list[int] | None = None


class CorpusPaths(Section):
    """The corpora: `.spacy` files or folders."""

    gold: str
    dev: str
    # Without one students are scored on dev: to choose by it, and keep test for what was chosen.
    test: str | None = None
    # The distilled pool's sentences with gold labels: for the teacher table, the oracle and the lineage.
    pool: str | None = None


class AnswerPrices(Section):
    """USD per million tokens, for answers whose cost the ledger does not know."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class StudyConfig(Section):
    """The section [study] of a study config: see docs/study.md for the meaning of each value."""

    name: str = Field("study", pattern=r"^[A-Za-z0-9_.-]+$")
    students: list[str] = Field(min_length=1)
    regimens: list[str] = Field(min_length=1)
    rates: list[str] = Field(["student"], min_length=1)
    variants: list[str] = Field(min_length=1)
    gold_sizes: list[int] = Field([0], min_length=1)
    hold: list[Hold] = Field(["steps"], min_length=1)
    max_steps: Steps
    learn_rates: LearnRates = [0.0]
    seeds: list[int] = Field([0], min_length=1)
    baseline: str = "gold"
    comparisons: list[str] = []
    heldout: float = Field(0.0, ge=0, lt=1)
    keep: Literal["all", "last", "none"] = "last"
    score_best: bool = True
    looks: int | None = Field(None, gt=0)
    gpu: int = Field(-1, ge=-1)
    resamples: int = Field(2000, ge=1)
    corpora: CorpusPaths
    configs: dict[str, str]
    teachers: dict[str, Corpora]
    tests: dict[str, str] = {}
    shares: dict[str, dict[str, Any]] = {}
    train: dict[str, Any] = {}
    grids: dict[str, Grid] = {}
    ledgers: dict[str, str] = {}
    prices: AnswerPrices | None = None
    ray: RayOptions = RayOptions()

    @field_validator(
        "students", "regimens", "rates", "variants", "gold_sizes", "max_steps", "learn_rates", "hold", "seeds"
    )
    @classmethod
    def no_repeats(cls, values: list[Any]) -> list[Any]:
        """Refuse a value that stands twice on an axis."""
        if repeated := sorted({str(v) for v in values if values.count(v) > 1}):
            raise ValueError(f"listed twice: {', '.join(repeated)}. Leave one of them out")
        return values

    @model_validator(mode="after")
    def names_are_known(self) -> "StudyConfig":
        """Refuse a name on an axis that no section explains."""
        for where, grid in self.all_grids().items():
            _check_known(f"{where}.students", grid.students, self.configs, "[study.configs]")
            _check_known(f"{where}.variants", grid.variants, self.teachers, "[study.teachers]")
            _check_known(f"{where}.rates", grid.rates, RATES, "the learning rates")
            if any(size < 0 for size in grid.gold_sizes or []):
                raise ValueError(f"{where}.gold_sizes: a size is a number of documents, or 0 for all of them")
            if ORACLE in (grid.regimens or []) and not self.corpora.pool:
                raise ValueError(
                    f"{where}.regimens: 'oracle' needs the pool's gold labels; "
                    "set pool in [study.corpora], or leave 'oracle' out"
                )
        _check_known("study.ledgers", self.ledgers, self.teachers, "[study.teachers]")
        if self.heldout and not self.corpora.pool:
            raise ValueError(
                "heldout: the held-out part is scored against the pool's gold labels; "
                "set pool in [study.corpora], or heldout = 0"
            )
        if odd := [text for text in self.comparisons if text.count(MINUS) != 1]:
            raise ValueError(
                f"comparisons: {odd[0]!r} is not of the form 'first - second', for instance "
                "'simple_mix - pooled', or '* - gold' for all others"
            )
        return self

    @model_validator(mode="after")
    def names_are_usable(self) -> "StudyConfig":
        """Refuse a name that cannot be a folder's, or that another corpus has."""
        parts = [part for source in self.teachers.values() if isinstance(source, dict) for part in source]
        for section, names in {
            "configs": self.configs,
            "teachers": [*self.teachers, *parts],
            "shares": self.shares,
            "tests": self.tests,
        }.items():
            if odd := [name for name in names if UNUSABLE.search(name)]:
                raise ValueError(
                    f"{section}: {', '.join(map(repr, odd))} cannot be the name of a folder. Use letters, "
                    "digits, '_', '-', '+' and '.', and no '.' or space at its beginning or end"
                )
        _check_free("configs: no student", self.configs, RESERVED, "a folder of the study is")
        _check_free("tests: no further test corpus", self.tests, (*OWN, POOL), "the study's own are")
        seeds = {seed for grid in self.all_grids().values() for seed in grid.seeds or []}
        labels = [
            (name, part)
            for teacher, source in self.teachers.items()
            for name in {self.labels_of(teacher, seed) for seed in seeds}
            for part in _parts(source)
        ]
        names = [name for name, _ in labels]
        _check_free("teachers: no teacher", names, (*OWN, *self.tests), "a corpus of the study is")
        for joint in "- ":
            counts = Counter(joint.join(filter(None, parts)) for parts in labels)
            if shared := sorted(name for name, count in counts.items() if count > 1):
                raise ValueError(
                    f"teachers: two corpora would both be called {shared[0]!r}; a part or a seed is added to "
                    "a teacher's name. Rename one"
                )
        return self

    @property
    def main_set(self) -> str:
        """The name of the corpus that students are compared on: "test", or "dev" where there is no test."""
        return TEST if self.corpora.test else DEV

    def labels_of(self, variant: str, seed: int) -> str:
        """The name of the labels that a run reads; those made anew for each seed have names of their own."""
        anew = any(SEED in path for path in _parts(self.teachers[variant]).values())
        return f"{variant}-seed-{seed}" if anew else variant

    def teacher_paths(self, variant: str, seed: int) -> dict[str, Path]:
        """A teacher's corpora by part; a single one is the part ""."""
        parts = _parts(self.teachers[variant])
        return {part: Path(path.replace(SEED, str(seed))) for part, path in parts.items()}

    def all_grids(self) -> dict[str, Grid]:
        """The grids with every axis filled in; the first is that of `[study]` itself."""
        base = {axis: getattr(self, axis) for axis in Grid.model_fields}
        filled = {
            f"study.grids.{name}": Grid(**{**base, **grid.model_dump(exclude_none=True)})
            for name, grid in self.grids.items()
        }
        return {"study": Grid(**base), **filled}

    def declared(self) -> list[tuple[str, str]]:
        """The declared comparisons: names of two arms, the first may be "*" for all others."""
        pairs = [text.partition(MINUS) for text in self.comparisons] or [(ANY, MINUS, self.baseline)]
        return [(first.strip(), second.strip()) for first, _, second in pairs]


def _parts(source: Corpora) -> dict[str, str]:
    return source if isinstance(source, dict) else {"": source}


def _check_known(where: str, names: Iterable[str] | None, known: Iterable[str], section: str) -> None:
    if unknown := sorted(set(names or []) - set(known)):
        raise ValueError(
            f"{where}: unknown {', '.join(map(repr, unknown))}. {section} knows {', '.join(sorted(known))}"
        )


def _check_free(what: str, names: Iterable[str], taken: Iterable[str], as_what: str) -> None:
    if clash := sorted(set(names) & set(taken)):
        raise ValueError(f"{what} may be called {', '.join(clash)}, as {as_what}. Rename it")


def read_study(path: Path, overrides: Mapping[str, Any] | None = None) -> tuple[StudyConfig, Config]:
    """Read and check a study config.

    path: the config file.
    overrides: values by dotted name, for instance {"study.max_steps": 20}.
    RETURNS: the study, and the config with all variables filled in.
    RAISES DistillError: if there is no such file.
    RAISES ConfigValidationError: if the config does not say what it must, with the lines to change.
    """
    if not Path(path).is_file():
        raise DistillError(f"No such study config: {path}. Copy one from configs/study_sample.cfg.")
    config = read_config(path, overrides, interpolate=True)
    return check_study(config), config


def check_study(config: Config) -> StudyConfig:
    """The checked section [study] of a config without variables.

    RAISES ConfigValidationError: if the config does not say what it must, with the lines to change.
    """
    if "study" not in config:
        raise ConfigValidationError(
            desc="There is no section [study]. Copy configs/study_sample.cfg and change it.",
            title="Not a study config",
        )
    try:
        return StudyConfig.model_validate(dict(config["study"]))
    except ValidationError as error:
        raise ConfigValidationError(
            errors=[{"loc": ["study", *map(str, e["loc"])], "msg": e["msg"]} for e in error.errors()],
            title="The study config cannot be used",
        ) from error


@dataclass(frozen=True, order=True)
class Arm:
    """One way to train; its runs differ by their seed alone.

    student: name of the student config.
    regimen: name of the share schedule, or "oracle".
    gold_size: number of gold documents, 0 for all.
    variant: whose distilled labels; empty where the regimen sees none.
    rate: learning rate: "student" (as its config says), "constant", "decay" or "restart".
    hold: what is equal to the baseline: "steps" or "gold" (the gold examples seen).
    max_steps: number of updates; at equal gold those of the baseline that it is equal to.
    learn_rate: highest learning rate, 0 for that of the student's config.
    name: the regimen and whatever differs from the first value of its axis; student, gold, steps and learning
        rate stand beside it.
    """

    student: str
    regimen: str
    gold_size: int
    variant: str
    rate: str
    hold: Hold
    max_steps: int
    learn_rate: float = 0.0
    name: str = ""

    @property
    def labels(self) -> str:
        """Whose labels its distilled documents have; empty if it has none."""
        return "the pool's gold labels" if self.regimen == ORACLE else self.variant

    def record(self) -> dict[str, Any]:
        """The arm as plain data."""
        return asdict(self)


@dataclass(frozen=True, order=True)
class Run:
    """One training: an arm and a seed."""

    arm: Arm
    seed: int

    @property
    def folder(self) -> Path:
        """Place of the run within the study."""
        arm = self.arm
        steps = f"steps-{arm.max_steps}" + (f"-rate-{arm.learn_rate:g}" if arm.learn_rate else "")
        return Path(arm.student, arm.name, steps, f"gold-{arm.gold_size or 'all'}", f"seed-{self.seed}")

    def __str__(self) -> str:
        return self.folder.as_posix()


def make_runs(study: StudyConfig) -> list[Run]:
    """All runs of a study, each once, ordered so that every arm gets its first seed before any its second.

    RAISES DistillError: if two different arms get one name: their runs would share a folder.
    """
    runs: dict[Path, Run] = {}
    for grid in study.all_grids().values():
        for run in _grid_runs(study, grid):
            other = runs.setdefault(run.folder, run)
            if other != run:
                raise DistillError(
                    f"Two different arms would both be called {run.arm.name!r}: {other.arm.record()} and "
                    f"{run.arm.record()}. Give one's teacher or regimen another name, in [study.teachers] "
                    "or [study.shares]."
                )
    order = {seed: i for i, seed in enumerate(dict.fromkeys(run.seed for run in runs.values()))}
    return sorted(runs.values(), key=lambda run: order[run.seed])


def arms_of(runs: Iterable[Run]) -> list[Arm]:
    """The arms of some runs, in the order of their first run."""
    return list(dict.fromkeys(run.arm for run in runs))


def _grid_runs(study: StudyConfig, grid: Grid) -> Iterator[Run]:
    budgets = list(product(grid.gold_sizes or [], grid.max_steps or [], grid.learn_rates or []))
    ways = list(product(grid.regimens or [], grid.variants or [], grid.rates or [], grid.hold or []))
    for seed, student in product(grid.seeds or [], grid.students or []):
        for (size, steps, peak), (regimen, variant, rate, hold) in product(budgets, ways):
            yield Run(_named(study, Arm(student, regimen, size, variant, rate, hold, steps, peak)), seed)


def _named(study: StudyConfig, arm: Arm) -> Arm:
    """An arm with its name; of what makes no difference to it only one value is left."""
    variant = "" if arm.regimen in WITHOUT_TEACHER else arm.variant
    hold: Hold = "steps" if arm.regimen == study.baseline else arm.hold
    extras = (
        variant if variant != study.variants[0] else "",
        arm.rate if arm.rate != study.rates[0] else "",
        "equal_gold" if hold == "gold" else "",
    )
    name = "+".join([arm.regimen, *filter(None, extras)])
    return replace(arm, variant=variant, hold=hold, name=name)
