"""`spacy-distill predict`: a trained pipeline over a corpus of any size."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..engines import EngineName
from ..errors import counted
from ..prediction import ShardFormat
from .console import RESUMABLE, command, duration, msg

if TYPE_CHECKING:
    from ..engines.engine import JobEvent
    from ..prediction.predict import PredictPlan
    from ..prediction.shards import Shard

# Seconds from one line of progress to the next.
EVERY = 10.0
# Exit status where all went well but for records that were set aside.
REJECTS_STATUS = 3


@command("predict", interrupted=RESUMABLE)
def predict_cli(
    model: Annotated[str, typer.Argument(help="A trained pipeline: its folder, or an installed package")],
    corpus: Annotated[
        Path,
        typer.Argument(metavar="IN", help="File or folder of .jsonl, .txt (.gz too), .parquet, .spacy"),
    ],
    out: Annotated[Path, typer.Argument(help="Folder of shards; what is finished there is not done again")],
    engine: Annotated[
        EngineName,
        typer.Option(help="Who predicts: processes here, or a Ray cluster (RAY_ADDRESS)"),
    ] = EngineName.local,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            help="Workers, one thread each.",
            show_default="1; on ray what fits",
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Documents predicted at a time", min=1)] = 128,
    shard_size: Annotated[int, typer.Option(help="Records of a shard", min=1)] = 10_000,
    format: Annotated[
        ShardFormat, typer.Option("--format", "-f", help="What is written")
    ] = ShardFormat.jsonl,
    text_field: Annotated[str, typer.Option(help="Field or column of the text")] = "text",
    id_field: Annotated[str, typer.Option(help="Field or column of the id, if there is one")] = "id",
    lines: Annotated[
        bool | None,
        typer.Option(
            "--lines/--files",
            help="Text: a document a line, or a file.",
            show_default="a line in a file, a file in a folder",
        ),
    ] = None,
    dev: Annotated[
        Path | None,
        typer.Option(help="Gold documents: each span gets its chance to be right, learned from them"),
    ] = None,
    gpus: Annotated[
        float, typer.Option(help="GPUs of a worker; on ray several workers may share one: 0.25", min=0)
    ] = 0.0,
    cpus: Annotated[float, typer.Option(help="ray: CPUs set aside for a worker", min=0.01)] = 1.0,
    shared: Annotated[
        bool, typer.Option("--shared", help="ray: read MODEL where it is, on storage that all nodes share")
    ] = False,
) -> None:
    """Predict a corpus with a trained pipeline, shard by shard.

    A record that cannot be predicted is set aside in OUT/_rejects with its reason, and the rest goes on. Exit
    status 3: records were set aside; 1: shards failed, and the same command tries those again.
    """
    from ..engines.engine import RayOptions
    from ..prediction.predict import PredictOptions, predict
    from ..prediction.records import Fields

    fields = Fields(text_field, id_field)
    options = PredictOptions(format, fields, lines, shard_size, batch_size, bool(gpus), dev)
    ray = RayOptions(num_cpus=cpus, num_gpus=gpus, files="shared" if shared else "ship")
    status = _show(predict(model, corpus, out, options, engine=engine, jobs=jobs, ray=ray), out, dev)
    raise typer.Exit(status)


def _show(facts: Iterator[PredictPlan | JobEvent[Shard]], out: Path, dev: Path | None) -> int:
    """Print what comes of a prediction.

    RETURNS: the status to exit with.
    """
    from ..labels.confidence import ENOUGH
    from ..prediction.predict import PredictPlan

    plan, failed, total = PredictPlan(), 0, Counter[str]()
    began = last = time.monotonic()
    for fact in facts:
        if isinstance(fact, PredictPlan):
            plan = fact
            records = sum(shard.chunk.records for shard in plan.todo)
            if plan.calibration is not None:
                learned = f"{plan.calibration.items:,} {plan.items} of {dev}"
                msg.info(f"A score is the chance to be right, learned from {learned}.")
                if plan.calibration.items < ENOUGH:
                    msg.warn(f"These are few: with less than {ENOUGH} scores are rough. Give more gold.")
            if plan.done:
                msg.info(f"{counted(len(plan.done), 'shard')} done already, and not predicted again.")
            msg.text(f"{counted(len(plan.todo), 'shard')} to do, {counted(records, 'record')}.")
            continue
        if fact.kind == "failed":
            failed += 1
            msg.fail(f"{fact.job.name}: {fact.error.strip().splitlines()[-1]}")
        elif fact.kind == "finished":
            total.update(_counts(fact.facts))
        now = time.monotonic()
        if fact.kind == "finished" and now - last > EVERY:
            last, passed = now, now - began
            left = passed / max(1, total["records"]) * (records - total["records"])
            msg.text(
                f"{total['records']:,} of {records:,} records, {total['words'] / passed:,.0f} words/s, "
                f"about {duration(left)} left"
            )
    return _show_summary(plan, total, failed, time.monotonic() - began, out)


def _counts(record: dict[str, Any]) -> dict[str, int]:
    return {name: value for name, value in record.items() if isinstance(value, int) and name != "bytes"}


def _show_summary(plan: PredictPlan, total: Counter[str], failed: int, seconds: float, out: Path) -> int:
    if total["words"]:
        msg.text(
            f"{counted(total['documents'], 'document')}, {total['words']:,} words in {duration(seconds)}: "
            f"{total['words'] / seconds:,.0f} words/s."
        )
    everything = total + sum((Counter(_counts(record)) for record in plan.done), Counter())
    for name, reason in plan.unreadable.items():
        msg.fail(f"{name} was left out: {reason}")
    if everything["rejects"]:
        msg.warn(f"{counted(everything['rejects'], 'record')} set aside, with reasons: {out / '_rejects'}")
    if failed:
        msg.fail(f"{counted(failed, 'shard')} failed. The same command tries those again, and only those.")
    if shards := len(plan.done) + len(plan.todo) - failed:
        msg.good(
            f"{counted(everything['documents'], 'document')} with {everything['items']:,} {plan.items} in "
            f"{counted(shards, 'shard')}: {out}"
        )
    if failed or plan.unreadable:
        return 1
    return REJECTS_STATUS if everything["rejects"] else 0
