"""How fast the teacher is asked, and how fast kept answers are read, on one core.

Usage: python benchmarks/annotate.py [speed|memory|kept|all]

speed   requests a second against a server that answers after 200 ms, with 64 and 256 in flight; and the same
        prompts by aiohttp alone and through spacy-llm's own OpenAI model. The bound is (in flight) / 0.2 s.
memory  resident memory while 100,000 prompts are asked.
kept    documents a second when 10,000 kept answers are made into a .spacy file.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import spacy
from spacy_llm.models.rest.openai.model import OpenAI

from latency_server import ANSWER, latency_server
from spacy_distill.corpus.docbin import write_docs
from spacy_distill.teacher.annotate import annotate
from spacy_distill.teacher.chat_model import ChatModel, make_chat_model
from spacy_distill.teacher.ledger.entry import Entry
from spacy_distill.teacher.ledger.store import Ledger
from spacy_distill.teacher.messages import PromptJob
from spacy_distill.teacher.model import Asking
from spacy_distill.teacher.teacher import load_teacher

SECONDS = 0.2
# About as long as a prompt with definitions and a few examples.
PREFIX = "You annotate named entities in a text. " * 75
CONFIG = """
[nlp]
lang = "en"
pipeline = ["llm"]

[components]

[components.llm]
factory = "llm"

[components.llm.task]
@llm_tasks = "spacy_distill.NER.v1"
labels = ["LOC", "MISC", "ORG", "PER"]

[components.llm.model]
@llm_models = "spacy_distill.ChatModel.v1"
name = "fake"
ledger = "LEDGER"
endpoint = "http://127.0.0.1:9/v1"
api_key_env = null
"""


class Unchecked(OpenAI):
    """spacy-llm's model without its look at a hard-coded address."""

    def _verify_auth(self) -> None:
        return


def prompts(count: int) -> Iterator[PromptJob]:
    for i in range(count):
        yield PromptJob(f"{PREFIX} Text: Ada met number {i}.")


def memory() -> float:
    """Resident memory now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


async def bare(endpoint: str, concurrency: int, count: int) -> None:
    """The same requests and nothing else: what the HTTP library takes of a request's time."""
    todo = iter(list(prompts(count)))

    async def work(session: aiohttp.ClientSession) -> None:
        for job in todo:
            body = {"model": "fake", "messages": [{"role": "user", "content": job.prompt}]}
            async with session.post(f"{endpoint}/chat/completions", json=body) as reply:
                await reply.json()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        await asyncio.gather(*(work(session) for _ in range(concurrency)))


def speed(folder: Path) -> None:
    rates = {}
    with latency_server(SECONDS) as endpoint:
        for concurrency, count in ((64, 9000), (256, 9000)):
            model = make_chat_model(
                "fake", str(folder / f"{concurrency}.sqlite"), endpoint, None, concurrency=concurrency
            )
            model.get_answers([PromptJob("to import everything and open the ledger")])
            wall, cpu = time.perf_counter(), time.process_time()
            how = Asking()
            model.get_answers(prompts(count), how)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            rates[concurrency] = count / wall
            bound = concurrency / SECONDS
            print(
                f"{concurrency:4} in flight, {count} prompts: {count / wall:7.1f} a second, "
                f"{100 * count / wall / bound:5.1f} % of the bound, {1000 * cpu / count:.2f} ms of CPU each, "
                f"states {dict(how.statistics.states)}"
            )
        for concurrency in rates:
            cpu = time.process_time()
            asyncio.run(bare(endpoint, concurrency, 2000))
            cpu = time.process_time() - cpu
            print(f"{concurrency:4} in flight by aiohttp alone: {1000 * cpu / 2000:.2f} ms of CPU each")
        peer = Unchecked("fake", f"{endpoint}/chat/completions", {}, True, 3, 1.0, 30, None)
        count = 40
        wall = time.perf_counter()
        list(peer([[job.prompt] for job in prompts(count)]))
        rate = count / (time.perf_counter() - wall)
    print(f"   spacy-llm's own model, {count} prompts: {rate:7.1f} a second")
    for concurrency, ours in rates.items():
        print(f"ratio with {concurrency} in flight: {ours / rate:.1f}")


def memory_of_many(folder: Path, count: int = 100_000) -> None:
    with latency_server(0.0) as endpoint:
        model = make_chat_model("fake", str(folder / "many.sqlite"), endpoint, None, concurrency=64)

        def watched() -> Iterator[PromptJob]:
            for i, job in enumerate(prompts(count)):
                if i in (1000, 5000) or i % 20_000 == 0:
                    print(f"{i:7} prompts: {memory():6.1f} MB", flush=True)
                yield job

        model.get_answers(watched())
        print(f"{count:7} prompts: {memory():6.1f} MB")


def kept(folder: Path, count: int = 10_000) -> None:
    nlp = spacy.blank("en")
    texts = [f"Ada met Bob number {i} in Oslo on Monday , the city council said ." for i in range(count)]
    write_docs((nlp(text) for text in texts), folder / "in.spacy")
    config = folder / "teacher.cfg"
    config.write_text(CONFIG.replace("LEDGER", str(folder / "kept.sqlite")))
    teacher = load_teacher(config, {})
    assert isinstance(teacher.model, ChatModel)
    settings = teacher.model.settings
    with Ledger(folder / "kept.sqlite") as ledger:
        ledger.put_all(
            Entry(settings.key(m, 0), "fake", settings.host, tuple(m), ANSWER, "ok")
            for m in (settings.messages(job.prompt) for job in teacher.jobs(folder / "in.spacy"))
        )
    wall, cpu = time.perf_counter(), time.process_time()
    report = annotate(config, folder / "in.spacy", folder / "out.spacy")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{count} kept answers, both passes: {count / wall:.0f} documents a second, "
        f"{count / cpu:.0f} a second of CPU time; {report.statistics.requests} requests, "
        f"states {dict(report.states)}"
    )


def main(what: str) -> None:
    parts = {"speed": speed, "memory": memory_of_many, "kept": kept}
    for name, part in parts.items():
        if what in (name, "all"):
            with tempfile.TemporaryDirectory() as folder:
                print(f"# {name}")
                part(Path(folder))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "all")
