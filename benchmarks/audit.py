"""How the time of an audit grows with a corpus of documents made from one template.

Usage: python benchmarks/audit.py [DOCUMENTS …]; without numbers 12,500, 25,000, 50,000 and 100,000.

Each document is an invoice of about 45 tokens that differs from the others in names, numbers and dates.
Prints seconds of wall and of CPU time for the audit, reading the file included, and the CPU time a document.
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import spacy
from spacy.tokens import Doc

from spacy_distill import audit_corpus
from spacy_distill.corpus.docbin import write_docs

FIRMS = ("Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Wonka")
PLACES = ("Oslo", "Lima", "Graz", "Bern", "Kyoto", "Quito", "Turin", "Porto")
TEXT = (
    "Invoice {number} of {day}.{month}.2024 from {firm} Ltd , {place} , to customer {customer} . Amount due "
    "{amount} EUR within {days} days by transfer to account {account} . Please state the number {number} . "
    "Thank you for your order {order} ."
)


def invoices(count: int) -> Iterator[Doc]:
    rng, vocab = random.Random(0), spacy.blank("en").vocab
    for _ in range(count):
        firm, place = rng.choice(FIRMS), rng.choice(PLACES)
        words = TEXT.format(
            number=rng.randrange(10**6), day=rng.randrange(1, 29), month=rng.randrange(1, 13), firm=firm,
            place=place, customer=rng.randrange(10**5),
            amount=rng.randrange(10**4), days=rng.choice((14, 30)),
            account=rng.randrange(10**8), order=rng.randrange(10**5),
        ).split()  # fmt: skip
        tags = ["B-ORG" if word == firm else "B-LOC" if word == place else "O" for word in words]
        yield Doc(vocab, words=words, ents=tags)


def main(counts: list[int]) -> None:
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "invoices.spacy"
            write_docs(invoices(count), path)
            wall, cpu = time.perf_counter(), time.process_time()
            found = audit_corpus(path)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{count:7,} documents: {wall:6.1f} s, {cpu:6.1f} s of CPU, {1000 * cpu / count:.2f} ms each, "
            f"{found.duplicates.near:,} nearly repeated, {found.duplicates.capped:,} capped, {peak:,.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [12_500, 25_000, 50_000, 100_000])
