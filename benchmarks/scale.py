"""Words per second of `spacy-distill predict` on each engine, and what an engine costs before the first word.

    OMP_NUM_THREADS=1 python benchmarks/scale.py [--model MODEL] [--documents 30000]

MODEL is a trained pipeline; without one an untrained tok2vec student is used. Plain `nlp.pipe` in one
process comes first and last, in the same run and on the same text. The fixed cost is that of a corpus of one
document a worker: starting processes or a cluster, loading the pipeline in each, ending them.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import spacy
from spacy.training.initialize import init_nlp
from spacy.util import load_config

from spacy_distill import ImportOptions, PredictOptions, import_corpus, predict
from spacy_distill.engines import EngineName
from spacy_distill.engines.engine import JobEvent

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "assets" / "sample" / "pool.jsonl"
BATCH = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--data", type=Path, default=SAMPLE, help="JSON Lines whose text is repeated")
    parser.add_argument("--documents", type=int, default=30_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = args.model or make_student(folder, args.data)
        texts = [json.loads(line)["text"] for line in args.data.read_text(encoding="utf8").splitlines()]
        corpus = write_corpus(folder / "corpus.jsonl", texts, args.documents)
        words, speed = plain(model, corpus)
        print(f"{words:,} words in {args.documents:,} documents", flush=True)
        print(f"nlp.pipe, one process     {speed:8,.0f} words/s", flush=True)
        for engine in EngineName:
            for workers in (1, 2):
                few = write_corpus(folder / f"few{workers}.jsonl", texts, workers)
                fixed = run(model, few, folder / f"{engine}{workers}-few", engine, workers, 1)
                size = -(-args.documents // 8)
                whole = run(model, corpus, folder / f"{engine}{workers}", engine, workers, size)
                net = words / (whole - fixed)
                print(
                    f"{engine.value:5} {workers} worker(s)       {net:8,.0f} words/s  {net / speed:5.2f} x  "
                    f"fixed {fixed:5.1f} s, whole {whole:5.1f} s",
                    flush=True,
                )
        again = plain(model, corpus)[1]
        print(f"nlp.pipe, once more       {again:8,.0f} words/s  {again / speed:5.2f} x")


def plain(model: Path, corpus: Path) -> tuple[int, float]:
    """Words of a corpus, and words per second of the pipeline alone."""
    nlp = spacy.load(model)
    with corpus.open(encoding="utf8") as stream:
        texts = [json.loads(line)["text"] for line in stream]
    list(nlp.pipe(texts[:BATCH]))
    start = time.perf_counter()
    words = sum(len(doc) for doc in nlp.pipe(texts, batch_size=BATCH))
    return words, words / (time.perf_counter() - start)


def run(model: Path, corpus: Path, out: Path, engine: EngineName, workers: int, size: int) -> float:
    """Seconds that predicting a corpus takes, from nothing to the last shard."""
    start = time.perf_counter()
    options = PredictOptions(shard_size=size, batch_size=BATCH)
    events = list(predict(model, corpus, out, options, engine=engine, jobs=workers))[1:]
    failed = [event.error for event in events if isinstance(event, JobEvent) and event.error]
    if failed:
        raise SystemExit(failed[0])
    return time.perf_counter() - start


def write_corpus(path: Path, texts: list[str], documents: int) -> Path:
    """A corpus of so many documents."""
    rows: Iterator[str] = (json.dumps({"text": text}) + "\n" for text in islice(cycle(texts), documents))
    path.write_text("".join(rows), encoding="utf8")
    return path


def make_student(folder: Path, data: Path) -> Path:
    """An untrained student: as fast as a trained one."""
    import_corpus(data, folder / "gold.spacy", ImportOptions("jsonl"))
    gold = str(folder / "gold.spacy")
    overrides = {"paths.gold": gold, "paths.dev": gold, "corpora.train.share": 0.0}
    init_nlp(load_config(ROOT / "configs" / "student_cpu.cfg", overrides=overrides)).to_disk(folder / "model")
    return folder / "model"


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
