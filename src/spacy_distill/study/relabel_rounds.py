"""Relabel a pool more than once: each further committee learns from the labels of the round before."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from ..corpus.files import check_outputs
from ..corpus.provenance import RELABELLED
from ..engines import EngineName
from ..engines.engine import Engine
from ..errors import DistillError
from ..labels.relabel import DEFAULTS, RelabelOptions, RelabelReport, relabel
from ..labels.vote import check_result
from .config import WITHOUT_TEACHER
from .job import TrainingJob
from .runner import StudyEvent
from .train_committee import CommitteeReport, read_training, train_committee


def relabel_in_rounds(
    committee: Path,
    pool: Path,
    views: Sequence[Path],
    out: Path,
    options: RelabelOptions = DEFAULTS,
    gold: Path | None = None,
    *,
    rounds: int = 2,
    engine: EngineName | str | Engine[TrainingJob] = EngineName.local,
    jobs: int | None = None,
) -> Iterator[StudyEvent | CommitteeReport | RelabelReport]:
    """Relabel a pool, train the committee anew with the result as its distilled corpus, and relabel again.

    In each round the members of that round and the views vote. Beside the committee's folder there is one for
    each further round, `DIR-round-2`, which is a committee too; beside `OUT.spacy` the labels that it learned
    from, `OUT-round-1.spacy`. What is trained there is not trained again.

    committee: a folder that `train_committee` made.
    pool, views, out, options, gold: as in `relabel`.
    rounds: how often, at least 1.
    engine, jobs: who trains, as in `run_study`.
    YIELDS: what happens to the members, the report of each further committee, and that of each round; the
        last one is of `out`.
    RAISES DistillError: as `relabel` and `train_committee`; if the number of rounds cannot be used, or it is
        not known how the members were trained, or none of them learns from the pool.
    """
    if rounds < 1:
        raise DistillError(f"rounds = {rounds}: give 1, or more to train further committees.")
    targets = [out.with_name(f"{out.stem}-round-{number}{out.suffix}") for number in range(1, rounds)] + [out]
    check_outputs(targets, [committee, pool, *views, gold])
    if rounds > 1:
        config, members, values = read_training(committee)
        if not set(members.members) - set(WITHOUT_TEACHER):
            raise DistillError(
                f"rounds = {rounds}: no member of {committee} learns from the pool, so a further round would "
                f"be the first again. It has {', '.join(members.members)}; train a member with a blend, "
                "for instance simple_mix."
            )
    for target in targets:
        check_result(target, RELABELLED, "relabelling")
    yield relabel(committee, pool, views, targets[0], options, gold)
    for number, (learned, target) in enumerate(pairwise(targets), start=2):
        folder = Path(f"{committee}-round-{number}")
        values["paths.distilled"] = str(learned)
        yield from train_committee(config, folder, members, engine=engine, jobs=jobs, overrides=values)
        yield relabel(folder, pool, views, target, options, gold)
