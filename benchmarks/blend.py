"""The reader's speed against spacy.Corpus.v1, and its memory on a corpus that would not fit.

    python benchmarks/blend.py [--documents 1000000] [--shards 100] [--window 10000]

Synthetic documents of 5 to 15 words from a vocabulary of 30,000; nothing is downloaded.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training.corpus import Corpus
from spacy.vocab import Vocab

from spacy_distill.blend.progress import progress_of
from spacy_distill.blend.reader import BlendedCorpus

SPEED_DOCUMENTS = 5000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--window", type=int, default=10_000)
    parser.add_argument("--grouped", action="store_true", help="group by length")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        measure_memory(Path(args.child), args.documents, args.window, args.grouped)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare_speed(Path(folder), args.grouped)
        compare_memory(Path(folder), args)


def compare_speed(folder: Path, grouped: bool) -> None:
    """Print examples per second of either reader, once their corpora were read."""
    write_corpus(folder / "gold", SPEED_DOCUMENTS, 1)
    nlp = make_nlp()
    reader = BlendedCorpus(folder / "gold", folder / "gold", 0.5, group_by_length=grouped)
    corpus = Corpus(folder / "gold")
    list(corpus(nlp))
    list(reader(nlp))
    stock, ours = [], []
    for _ in range(5):
        stock.append(rate(lambda: sum(1 for _ in corpus(nlp))))
        ours.append(rate(lambda: sum(1 for _ in islice(reader(nlp), SPEED_DOCUMENTS))))
    print(f"spacy.Corpus.v1   {max(stock):12,.0f} examples/s")
    print(f"BlendedCorpus.v1  {max(ours):12,.0f} examples/s   {max(ours) / max(stock):.2f} times as many")
    progress_of(nlp).step = 0
    streamed = BlendedCorpus(folder / "gold", folder / "gold", 0.5, shuffle_window=SPEED_DOCUMENTS // 5)
    stream = streamed(nlp)
    progress_of(nlp).step = 0
    list(islice(stream, SPEED_DOCUMENTS))
    found = max(rate(lambda: sum(1 for _ in islice(stream, SPEED_DOCUMENTS))) for _ in range(3))
    print(f"… streamed        {found:12,.0f} examples/s   {found / max(stock):.2f} times as many")


def rate(count: Callable[[], int]) -> float:
    """Examples per second of CPU time."""
    start = time.process_time()
    return count() / (time.process_time() - start)


def compare_memory(folder: Path, args: argparse.Namespace) -> None:
    """Print the peak memory of drawing one pass over a large corpus, and of drawing nothing."""
    start = time.perf_counter()
    write_corpus(folder / "large", args.documents, args.shards)
    print(f"wrote {args.documents:,} documents in {args.shards} shards ({time.perf_counter() - start:.0f} s)")
    peaks = {}
    for name, documents in (("nothing", 0), ("one pass", args.documents)):
        command = [sys.executable, __file__, "--child", str(folder / "large"), "--documents", str(documents)]
        command += ["--window", str(args.window), *(["--grouped"] if args.grouped else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks[name], seconds = map(float, done.stdout.split())
        print(f"{name:9} peak {peaks[name]:7.0f} MB   {seconds:6.0f} s CPU")
    print(f"more than an empty run: {peaks['one pass'] - peaks['nothing']:.0f} MB")


def measure_memory(folder: Path, documents: int, window: int, grouped: bool) -> None:
    """Draw documents and print the peak memory in MB and the CPU seconds; runs in a process of its own."""
    start = time.process_time()
    nlp = make_nlp()
    if documents:
        stream = BlendedCorpus(None, folder, 1.0, shuffle_window=window, group_by_length=grouped)(nlp)
        progress_of(nlp).step = 0
        for _ in islice(stream, documents):
            pass
    print(peak_memory(), time.process_time() - start)


def peak_memory() -> float:
    """The peak of this process in MB, without what its parent had when it started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def make_nlp() -> Language:
    """A pipeline whose config the reader accepts."""
    nlp = spacy.blank("en")
    config = nlp.config
    callback = {"@callbacks": "spacy_distill.track_progress.v1"}
    config["training"].update(max_epochs=-1, max_steps=1_000_000, before_update=callback)
    nlp.config = config
    return nlp


def write_corpus(folder: Path, documents: int, shards: int) -> None:
    """Write documents with about one entity each."""
    folder.mkdir()
    rng = random.Random(0)
    words = ["".join(rng.choices("etaoinshrdlucmfw", k=rng.randint(2, 9))) for _ in range(30_000)]
    for shard in range(shards):
        vocab = Vocab()
        docbin = DocBin()
        for _ in range(documents // shards):
            chosen = rng.choices(words, k=rng.randint(5, 15))
            labels = ["B-LOC" if i == 1 else "O" for i in range(len(chosen))]
            docbin.add(Doc(vocab, words=chosen, spaces=[True] * len(chosen), ents=labels))
        docbin.to_disk(folder / f"{shard:04}.spacy")


if __name__ == "__main__":
    main()
