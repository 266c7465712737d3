"""Seconds for the statistics of a study: 20 runs on a test corpus of 231 articles, 2,000 resamples of them.

    OMP_NUM_THREADS=1 python benchmarks/report.py [--runs 20] [--articles 231] [--resamples 2000]

The counts are random; what is computed is all that a report says of four regimens: scores with intervals, the
declared comparisons, and which errors are the teacher's.
"""

import argparse
import random
import time

from spacy_distill.study.config import StudyConfig, make_runs
from spacy_distill.study.findings import find_all
from spacy_distill.study.results import Row, RunResult, StudyResults

LABELS = ("LOC", "MISC", "ORG", "PER")
REGIMENS = ["gold", "pooled", "simple_mix", "cosine"]


def main() -> None:
    """Print how long the findings of a made-up study take."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--articles", type=int, default=231)
    parser.add_argument("--resamples", type=int, default=2000)
    args = parser.parse_args()
    study = make_study(args.runs // len(REGIMENS), args.articles, args.resamples)
    start = time.perf_counter()
    find_all(study)
    seconds = time.perf_counter() - start
    print(f"{len(study.results)} runs, {args.articles} articles, {args.resamples} resamples: {seconds:.2f} s")


def make_study(seeds: int, articles: int, resamples: int) -> StudyResults:
    """A study whose runs are all done."""
    study = StudyConfig.model_validate(
        {
            "students": ["cpu"],
            "regimens": REGIMENS,
            "variants": ["cot"],
            "seeds": list(range(seeds)),
            "max_steps": 300,
            "resamples": resamples,
            "comparisons": ["* - gold", "simple_mix - pooled", "cosine - pooled"],
            "corpora": {"gold": "gold", "dev": "dev", "test": "test"},
            "configs": {"cpu": "cpu.cfg"},
            "teachers": {"cot": "cot.spacy"},
        }
    )
    rng = random.Random(0)
    runs = make_runs(study)
    sets = [{"test": rows(rng, articles), "heldout": rows(rng, articles // 10)} for _ in runs]
    record = {"steps": 300, "seconds": {"train": 1.0}}
    results = [RunResult(run, record, counts) for run, counts in zip(runs, sets, strict=True)]
    return StudyResults(study, runs, results)


def rows(rng: random.Random, articles: int) -> list[Row]:
    """Counts of as many articles."""

    def numbers(width: int) -> dict[str, list[int]]:
        return {label: [rng.randrange(12), *(rng.randrange(3) for _ in range(width - 1))] for label in LABELS}

    widths = {"last": 3, "last_seen": 3, "best": 3, "lineage": 6}
    return [
        {"document": str(i), **{kind: numbers(width) for kind, width in widths.items()}}
        for i in range(articles)
    ]


if __name__ == "__main__":
    main()
