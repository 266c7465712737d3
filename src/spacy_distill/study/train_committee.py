"""Train a committee: the arms of a study that are kept as pipelines, and how sure they are together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import srsly
from confection import Config
from spacy.tokens import Doc
from spacy.util import dict_to_dot, dot_to_dict
from spacy.vocab import Vocab

from ..configs import labels_of, load_pipeline, read_config
from ..corpus.docbin import read_docs, write_docs
from ..corpus.files import check_outputs, write_bytes
from ..engines import EngineName
from ..engines.engine import Engine
from ..errors import DistillError
from ..labels.committee import COMMITTEE, HALF, Committee, Member, text_hash, write_committee
from ..labels.confidence import Rated, calibrate, calibration_error, rate
from ..labels.cross_validation import folds_of
from ..tasks.base import Task, task_of
from ..tasks.scores import Counts, micro, prf
from .config import WITHOUT_TEACHER, Run
from .job import LAST, SCORES, TrainingJob
from .runner import StudyEvent, run_study

MEMBERS = ("gold", "simple_mix", "cosine")
CONFIG = "committee.cfg"
RUNS = "runs"
STUDENT = "member"


@dataclass(frozen=True)
class CommitteeOptions:
    """Which members a committee has.

    members: share schedules, as a study's regimens.
    seeds: how many of each, from seed 0.
    folds: parts of the distilled corpus; with two or more, a member is trained for each part, on the others,
        so that none votes on what it learned from. 0: each member learns from all of it.
    """

    members: Sequence[str] = MEMBERS
    seeds: int = 1
    folds: int = 0

    def __post_init__(self) -> None:
        if self.seeds < 1 or self.folds < 0 or self.folds == 1:
            raise DistillError(
                f"seeds = {self.seeds} and folds = {self.folds}: give at least 1 seed; no fold, or 2 or more."
            )
        if repeated := sorted({name for name in self.members if list(self.members).count(name) > 1}):
            raise DistillError(
                f"{', '.join(repeated)}: named twice. Further ones of a kind are further seeds."
            )
        if len(self.members) * self.seeds < 2:
            raise DistillError(
                f"A committee of one has nobody to agree with: {', '.join(self.members) or 'no member'} with "
                f"{self.seeds} seed. Name more members, or give more seeds."
            )


@dataclass
class CommitteeReport:
    """A trained committee.

    committee: its members.
    together: micro F1 of their vote on dev, in [0, 1].
    before, after: how far shares of votes, and the chances learned from them, are from the share that is
        right, in [0, 1]; the latter on the items that they were learned from.
    failed: the members that could not be trained, with why.
    """

    committee: Committee
    together: float = 0.0
    before: float | None = None
    after: float | None = None
    failed: dict[str, str] = field(default_factory=dict)


DEFAULTS = CommitteeOptions()


def train_committee(
    config: Path,
    out: Path,
    options: CommitteeOptions = DEFAULTS,
    *,
    engine: EngineName | str | Engine[TrainingJob] = EngineName.local,
    jobs: int | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Iterator[StudyEvent | CommitteeReport]:
    """Train the members of a committee that are not trained yet, and learn how sure their votes are.

    config: a training config that reads `spacy_distill.BlendedCorpus.v1`; its [paths] name the corpora: gold,
        distilled, and dev, from which confidence is learned.
    out: folder for the committee; what is trained there is not trained again.
    options: which members.
    engine: who trains, as in `run_study`.
    jobs: trainings at a time.
    overrides: values of the config by dotted name, for instance {"paths.gold": "gold.spacy"}.
    YIELDS: what happens to the members, as in a study; at last the report.
    RAISES DistillError: if a corpus, the config or the folder cannot be used, or fewer than two members were
        trained.
    """
    values = dict(overrides or {})
    student = read_config(config, values, interpolate=True)
    paths = _paths(config, student, options)
    check_outputs([out], [config, *paths.values()], folder=True)
    out.mkdir(parents=True, exist_ok=True)
    distilled = list(read_docs(paths["distilled"], Vocab())) if "distilled" in paths else []
    folds = dict.fromkeys(map(text_hash, distilled), 0)
    teachers = {"all": str(paths.get("distilled", paths["gold"]))}
    if options.folds:
        numbers = folds_of(distilled, options.folds, 0)
        folds = {text_hash(doc): fold for doc, fold in zip(distilled, numbers, strict=True)}
        teachers = {f"fold-{fold}": str(out / f"fold-{fold}.spacy") for fold in range(options.folds)}
        for fold, path in enumerate(teachers.values()):
            write_docs([d for d in distilled if folds[text_hash(d)] != fold], Path(path))
    study = _study(config, student, options, paths, teachers, values)
    write_bytes(Config(study).to_str().encode(), out / CONFIG)
    failed: dict[str, str] = {}
    trained: list[Member] = []
    for event in run_study(out / CONFIG, out / RUNS, engine=engine, jobs=jobs, report=False):
        if event.kind == "started":
            # What it says is of other members from now on.
            (out / COMMITTEE).unlink(missing_ok=True)
        yield event
        if event.run is not None and event.kind == "failed":
            failed[str(event.run.run)] = event.error.strip().splitlines()[-1]
        elif event.run is not None and event.place is not None:
            trained.append(_member(event.run.run, event.place, out, folded=options.folds > 0))
    if len({member.name for member in trained}) < 2:
        why = "; ".join(f"{name}: {error}" for name, error in failed.items())
        raise DistillError(
            f"Fewer than two members were trained. Failed: {why}. Logs are in {out / RUNS / 'failed'}."
        )
    yield _conclude(out, trained, folds, paths, failed)


def read_training(folder: Path) -> tuple[Path, CommitteeOptions, dict[str, Any]]:
    """How the members of a committee were trained.

    folder: a folder that `train_committee` made.
    RETURNS: the training config, which members there are, and the values that were set, paths among them.
    RAISES DistillError: if the folder does not say so.
    """
    place = folder / CONFIG
    if not place.is_file():
        raise DistillError(
            f"{folder} has no {CONFIG}, so it is not known how its members were trained. Train a committee "
            "with `spacy-distill committee`."
        )
    study = Config().from_disk(place)["study"]
    teachers = study["teachers"]
    folds = 0 if "all" in teachers else len(teachers)
    corpora = {**study["corpora"], **({} if folds else {"distilled": teachers["all"]})}
    values = {**dict_to_dot(study["train"]), **{f"paths.{name}": path for name, path in corpora.items()}}
    options = CommitteeOptions(study["regimens"], len(study["seeds"]), folds)
    return Path(study["configs"][STUDENT]), options, values


def _paths(config: Path, student: Config, options: CommitteeOptions) -> dict[str, Path]:
    found = {name: Path(path) for name, path in student.get("paths", {}).items() if path}
    needed = ["gold", "dev"]
    if set(options.members) - set(WITHOUT_TEACHER):
        needed.append("distilled")
    if absent := [name for name in needed if name not in found]:
        options_ = " ".join(f"--{name} {name}.spacy" for name in absent)
        raise DistillError(f"{config}: [paths] has no {', '.join(absent)}. Give {options_}.")
    if options.folds and "distilled" not in needed:
        raise DistillError(
            "No member learns from distilled documents, so there is nothing to divide into folds."
        )
    return {name: found[name] for name in needed}


def _study(
    config: Path,
    student: Config,
    options: CommitteeOptions,
    paths: Mapping[str, Path],
    teachers: Mapping[str, str],
    overrides: Mapping[str, Any],
) -> dict[str, Any]:
    """The config of the study whose runs are the members, scored on dev."""
    corpora = {f"paths.{name}" for name in ("gold", "distilled", "dev")}
    train = dot_to_dict({name: value for name, value in overrides.items() if name not in corpora})
    steps = student["training"]["max_steps"]
    return {
        "study": {
            "name": "committee",
            "students": [STUDENT],
            "regimens": list(options.members),
            "variants": list(teachers),
            "seeds": list(range(options.seeds)),
            "max_steps": steps,
            "baseline": options.members[0],
            "score_best": False,
            "corpora": {"gold": str(paths["gold"]), "dev": str(paths["dev"])},
            "configs": {STUDENT: str(config)},
            "teachers": dict(teachers),
            "train": train,
        }
    }


def _member(run: Run, place: Path, out: Path, *, folded: bool) -> Member:
    arm = run.arm
    distilled = arm.regimen not in WITHOUT_TEACHER
    fold = int(arm.variant.removeprefix("fold-")) if folded and distilled else None
    rows = srsly.read_json(place / SCORES)["sets"]["dev"]
    counts = [Counts(*count) for row in rows for count in row["last"].values()]
    path = (place / LAST).relative_to(out).as_posix()
    score = prf(sum(counts, Counts())).f
    return Member(f"{arm.regimen}/seed-{run.seed}", path, fold, distilled, score)


def _conclude(
    out: Path,
    members: Sequence[Member],
    folds: Mapping[str, int],
    paths: Mapping[str, Path],
    failed: dict[str, str],
) -> CommitteeReport:
    """Learn from dev how sure votes are, and write the committee."""
    docs = list(read_docs(paths["dev"], Vocab()))
    gold = sorted(map(text_hash, read_docs(paths["gold"], Vocab())))
    task = task_of(docs)
    labels = labels_of(load_pipeline(out / members[0].path))
    committee = Committee(out, task.name, labels, members, folds, gold=gold)
    rated, chosen, counts = _vote(committee, task, [doc for doc in docs if task.read(doc).usable])
    after: list[Rated] = []
    if rated:
        calibration = calibrate(rated)
        after = [Rated(calibration(one.score), one.right) for one in chosen]
        committee = replace(committee, calibration=calibration)
    write_committee(committee)
    errors = calibration_error(chosen), calibration_error(after)
    return CommitteeReport(committee, prf(counts).f, *errors, failed)


def _vote(committee: Committee, task: Task, docs: Sequence[Doc]) -> tuple[list[Rated], list[Rated], Counts]:
    """What members find in gold documents, with shares; the chosen ones of it; the counts of the vote."""
    rated: list[Rated] = []
    chosen: list[Rated] = []
    total = Counts()
    # As on the pool, of the members of folds one of each name has a say.
    number = 1 + max((member.fold for member in committee.members if member.fold is not None), default=0)
    committee = replace(committee, folds={text_hash(doc): i % number for i, doc in enumerate(docs)}, gold=())
    for doc, votes_of in zip(docs, committee.ask(docs), strict=True):
        result = task.combine(list(votes_of.annotations.values()), HALF, votes_of.weights)
        gold = task.read(doc)
        rated += rate(gold, result.shares)
        chosen += rate(gold, {item: result.shares[item] for item in result.annotation.items})
        total += micro(task.counts(gold, result.annotation))
    return rated, chosen, total
