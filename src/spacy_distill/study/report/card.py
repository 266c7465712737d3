"""The model card of a run: the README.md that `spacy package` puts into the pipeline's wheel."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ...blend.preview import sparkline
from ...corpus.files import write_bytes
from ...errors import DistillError
from ..comparisons import test_sets
from ..config import ORACLE
from ..findings import exposures, teacher_findings
from ..results import Result
from ..run import LAST
from ..sources import trained_on
from ..statistics import Resampler, count_runs, score_arm
from ..summary import Summary, read_summary
from .sections import percent

README = "README.md"
# <student>/<regimen>/gold-<n>/seed-<s>
DEPTH = 4
DISTILLED = "on the labels of a large language model (distilled labels)"


def write_card(run_dir: Path, out: Path | None = None, *, licence: str = "") -> Path:
    """Write the model card of a finished run.

    run_dir: The run's folder, within its study's.
    out: Where to write; None for `README.md` in the run's model-last.
    licence: The licence of the training data; empty if it is not known.
    RETURNS: The card.
    RAISES DistillError: If this is not the folder of a finished run, or it kept no model to put the card in.
    """
    run_dir = Path(run_dir).resolve()
    summary, result = find_run(run_dir)
    if out is None and not (run_dir / LAST).is_dir():
        raise DistillError(
            f'{run_dir} kept no model. Set keep = "last" in [study] and run it again, or write the card '
            "elsewhere with --out."
        )
    place = out or run_dir / LAST / README
    write_bytes(render_card(summary, result, licence).encode(), place)
    return place


def find_run(run_dir: Path) -> tuple[Summary, Result]:
    """The study that a run belongs to, and the run.

    RAISES DistillError: If this is not the folder of a finished run of a study.
    """
    problem = (
        f"{run_dir} is not the folder of a finished run. Give one of the form "
        "STUDY/<student>/<regimen>/gold-<n>/seed-<s> that `spacy distill study` made."
    )
    if len(run_dir.parts) <= DEPTH:
        raise DistillError(problem)
    root = run_dir.parents[DEPTH - 1]
    try:
        summary = read_summary(root)
    except ValueError as error:
        raise DistillError(problem) from error
    wanted = run_dir.relative_to(root)
    for result in summary.results:
        if result.run.folder == wanted:
            return summary, result
    raise DistillError(problem)


def render_card(summary: Summary, result: Result, licence: str) -> str:
    """The card as Markdown."""
    environment = Environment(
        loader=PackageLoader("spacy_distill.study.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"percent": percent, "cell": lambda text: str(text).replace("|", "\\|")}
    return environment.get_template("card.md.jinja").render(card_facts(summary, result, licence))


def sources(result: Result) -> str:
    """What labels a pipeline was trained on, in words."""
    seen = {name for name, told in exposures([result]).items() if told["examples"]}
    if not seen:
        return "as its config says"
    more = "on more text with gold labels" if result.run.arm.regimen == ORACLE else DISTILLED
    parts = ["on gold labels"] * ("gold" in seen) + [more] * bool(seen - {"gold"})
    return " and ".join(parts) if len(parts) > 1 else f"{parts[0]} alone"


def card_facts(summary: Summary, result: Result, licence: str) -> dict[str, Any]:
    """Everything that the card says."""
    resampler = Resampler.of(summary.study.resamples)
    arm = result.run.arm
    siblings = summary.by_arm[arm]
    names = [name for name in test_sets(summary) if result.has("last", name)]
    teachers = teacher_findings(summary, resampler)
    curve = [point["planned"] for point in result.blend["curve"]] if result.blend else []
    return {
        "arm": arm,
        "seed": result.run.seed,
        "record": result.record,
        "scores": {name: score_arm(count_runs([result], name), resampler) for name in names},
        "over_seeds": {name: score_arm(count_runs(siblings, name), resampler) for name in names},
        "seeds": len(siblings),
        "curve": sparkline(curve, 50, top=1.0) if curve else "",
        "exposures": exposures([result]),
        "sources": sources(result),
        "variant": arm.variant,
        "teacher": teachers.get(arm.variant),
        "data": {
            name: summary.data[name] for name in trained_on(summary.study, result.run) if name in summary.data
        },
        "judged": {name: summary.data[name] for name in (*names, "dev") if name in summary.data},
        "licence": licence,
        "study": summary.study,
    }
