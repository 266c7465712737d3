"""How long a ledger of many answers takes to open, to look up and to add to.

Usage: python benchmarks/ledger.py [ANSWERS]
"""

import random
import sys
import tempfile
import time
from pathlib import Path

from spacy_distill.teacher.ledger.entry import Entry
from spacy_distill.teacher.ledger.store import Ledger
from spacy_distill.teacher.messages import answer_key, user_message

PREFIX = "You annotate named entities in a text. " * 10


def entry(i: int) -> Entry:
    messages = tuple(user_message(f"{PREFIX} Text: Ada met number {i}."))
    key = answer_key("http://127.0.0.1:9/v1", "fake", messages, {}, 0)
    return Entry(key, "fake", "127.0.0.1:9", messages, '{"entities": []}', "ok", prompt_tokens=100)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        wall = time.perf_counter()
        with Ledger(path) as ledger:
            for start in range(0, count, 10_000):
                ledger.put_all(entry(i) for i in range(start, min(start + 10_000, count)))
        wall = time.perf_counter() - wall
        print(f"{count} answers: {path.stat().st_size / 1e6:.0f} MB, made in {wall:.0f} s")

        wall = time.perf_counter()
        ledger = Ledger(path)
        print(f"opened in {1000 * (time.perf_counter() - wall):.1f} ms")

        rng = random.Random(0)
        asked = [entry(rng.randrange(count)) for _ in range(2000)]
        for name, look_up in (
            ("has_answer", lambda e: ledger.has_answer(e.key)),
            ("answer", lambda e: ledger.answer(e.key)),
            ("get", lambda e: ledger.get(e.key)),
            ("answers_to", lambda e: ledger.answers_to(e.messages_hash)),
        ):
            times = []
            for one in asked:
                wall = time.perf_counter()
                look_up(one)
                times.append(time.perf_counter() - wall)
            times.sort()
            print(f"{name}: {1e6 * times[len(times) // 2]:.0f} µs median, {1e6 * times[-20]:.0f} µs at 99 %")
        wall = time.perf_counter()
        for i in range(1000):
            ledger.put(entry(count + i))
        print(f"put: {1000 * (time.perf_counter() - wall):.0f} µs each, one transaction an answer")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
