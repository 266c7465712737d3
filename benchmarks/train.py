"""Words per second of training a transformer student, against stock spaCy and a plain Hugging Face loop.

    OMP_NUM_THREADS=1 python benchmarks/train.py [--data FILE.spacy] [--shape minilm|bert] [--only a b c d]

Everything runs on the same sentences in one process, taking turns, so that other load on the machine hits
all alike; the best round of each counts. On a machine that does other work, --cpu counts CPU time. `grouped`
is the same with batches of similar length. The encoder has random weights in the shape of MiniLM or of
bert-base, and the tokenizer of --encoder (the folder that the project's command `encoder` fetches).

  a   spacy-transformers as `spacy train` runs it
  b   the same with spacy_distill.fast_encoder.v1 (b0: fp32; b1: bf16 and thinc's Adam)
  c   a Hugging Face token-classification loop in fp32 with fused AdamW
  d   the same in bf16
"""

import argparse
import itertools
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from spacy.tokens import Doc, DocBin
from spacy.training import Example, offsets_to_biluo_tags
from spacy.training.initialize import init_nlp
from spacy.util import load_config, registry
from spacy.vocab import Vocab
from transformers import AutoTokenizer, BertConfig, BertForTokenClassification, BertModel

from spacy_distill.training.fast_encoder import bf16_gain, make_fast_encoder

ROOT = Path(__file__).parents[1]
BATCH = 16
SHAPES = {
    "minilm": {"hidden_size": 384, "num_hidden_layers": 6, "intermediate_size": 1536},
    "bert": {"hidden_size": 768, "num_hidden_layers": 12, "intermediate_size": 3072},
}
Trainer = Callable[[list[Doc]], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, help="a .spacy file; else the sample's sentences")
    parser.add_argument("--shape", choices=SHAPES, default="minilm")
    parser.add_argument("--encoder", type=Path, default=ROOT / "assets" / "encoder")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=6, help="a round")
    parser.add_argument("--only", nargs="*", help="some of the trainers, by the beginnings of their names")
    parser.add_argument("--cpu", action="store_true", help="count CPU time, not time that passes")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    gold = args.data or sample_corpus()
    docs = list(DocBin().from_disk(gold).get_docs(Vocab()))
    folder = write_encoder(args.shape, args.encoder)
    trainers = make_trainers(folder, gold, args.only)
    print(
        f"{args.shape} shape, {args.threads} thread(s); bf16 is {bf16_gain():.2f} times as fast as fp32 here"
    )
    clock = time.process_time if args.cpu else time.perf_counter
    measure(trainers, docs, args.rounds, args.updates, clock)


def make_trainers(folder: Path, gold: Path, only: list[str] | None) -> dict[str, Trainer]:
    """The trainers by name. Those that are not asked for are not made."""
    makers: dict[str, Callable[[], Trainer]] = {
        "a  stock spaCy": lambda: spacy_trainer(folder, gold, None, fused=False),
        "b0 ours, fp32, fused AdamW": lambda: spacy_trainer(folder, gold, "fp32", fused=True),
        "b1 ours, bf16, thinc's Adam": lambda: spacy_trainer(folder, gold, "bf16", fused=False),
        "b  ours, auto, fused AdamW": lambda: spacy_trainer(folder, gold, "auto", fused=True),
        "c  Hugging Face, fp32": lambda: torch_trainer(folder, half=False),
        "d  Hugging Face, bf16": lambda: torch_trainer(folder, half=True),
    }
    chosen = {n: make for n, make in makers.items() if not only or n.split()[0] in only}
    return {name: make() for name, make in chosen.items()}


def measure(
    trainers: dict[str, Trainer], docs: list[Doc], rounds: int, updates: int, clock: Callable[[], float]
) -> None:
    """Print the speeds, and how many times as fast as the first trainer each is."""
    batches = {"as drawn": plain_batches(docs), "grouped": grouped_batches(docs)}
    speeds: dict[tuple[str, str], float] = {}
    for turn in range(rounds + 1):
        for kind, stream in batches.items():
            chosen = list(itertools.islice(stream, updates))
            words = sum(len(doc) for batch in chosen for doc in batch)
            for name, train in trainers.items():
                start = clock()
                for batch in chosen:
                    train(batch)
                speed = words / (clock() - start)
                # The first turn warms up.
                if turn:
                    speeds[name, kind] = max(speeds.get((name, kind), 0.0), speed)
    base = next(iter(speeds.values()))
    for (name, kind), speed in speeds.items():
        print(f"{name:30} {kind:9} {speed:7.0f} words/s   {speed / base:5.2f} x")


def plain_batches(docs: list[Doc]) -> Iterator[list[Doc]]:
    """Batches in random order."""
    rng = random.Random(0)
    while True:
        order = rng.sample(docs, len(docs))
        yield from (order[i : i + BATCH] for i in range(0, len(order) - BATCH + 1, BATCH))


def grouped_batches(docs: list[Doc]) -> Iterator[list[Doc]]:
    """Batches of similar length, in random order."""
    rng = random.Random(0)
    ordered = sorted(docs, key=len)
    blocks = [ordered[i : i + BATCH] for i in range(0, len(ordered) - BATCH + 1, BATCH)]
    while True:
        yield from rng.sample(blocks, len(blocks))


def spacy_trainer(folder: Path, gold: Path, precision: str | None, *, fused: bool) -> Trainer:
    """The updates of `spacy train`."""
    overrides: dict[str, object] = {
        "paths.gold": str(gold),
        "paths.dev": str(gold),
        "paths.encoder": str(folder),
    }
    overrides |= {"corpora.train.share": 0.0, "initialize.after_init": None}
    nlp = init_nlp(load_config(ROOT / "configs" / "student_minilm.cfg", overrides=overrides))
    if precision:
        make_fast_encoder(precision, fused_adam=fused)(nlp)  # type: ignore[arg-type]
    section = nlp.config.interpolate()["training"]["optimizer"]
    optimizer = registry.resolve({"optimizer": section})["optimizer"]

    def train(docs: list[Doc]) -> None:
        examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
        nlp.update(examples, sgd=False, drop=0.1, losses={})  # type: ignore[arg-type]
        for _, pipe in nlp.pipeline:
            pipe.finish_update(optimizer)  # type: ignore[attr-defined]

    return train


def torch_trainer(folder: Path, *, half: bool) -> Trainer:
    """A token-classification loop as Hugging Face's examples have it."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tags = ["O", *(f"{p}-{label}" for label in ("LOC", "MISC", "ORG", "PER") for p in "BILU")]
    model = BertForTokenClassification(BertConfig.from_pretrained(folder, num_labels=len(tags))).train()
    adamw = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.01, fused=True)

    def train(docs: list[Doc]) -> None:
        words = [[token.text for token in doc] for doc in docs]
        batch = tokenizer(words, is_split_into_words=True, padding=True, truncation=True, return_tensors="pt")
        labels = torch.full_like(batch["input_ids"], -100)
        for i, doc in enumerate(docs):
            spans = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
            numbers = [tags.index(tag) if tag in tags else 0 for tag in offsets_to_biluo_tags(doc, spans)]
            previous = None
            for place, word in enumerate(batch.word_ids(i)):
                if word is not None and word != previous:
                    labels[i, place] = numbers[word]
                previous = word
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            loss = model(**batch, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        adamw.zero_grad()

    return train


def write_encoder(shape: str, tokenizer: Path) -> Path:
    """Write an encoder with random weights and this shape, and give its folder."""
    import tempfile

    folder = Path(tempfile.mkdtemp())
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    BertModel(BertConfig(num_attention_heads=12, **SHAPES[shape])).save_pretrained(folder)
    return folder


def sample_corpus() -> Path:
    """The sample's gold sentences as a .spacy file."""
    import json
    import tempfile

    import spacy

    nlp, docbin = spacy.blank("en"), DocBin()
    for line in (ROOT / "assets" / "sample" / "gold.jsonl").read_text(encoding="utf8").splitlines():
        record = json.loads(line)
        doc = nlp.make_doc(record["text"])
        spans = (doc.char_span(s["start"], s["end"], label=s["label"]) for s in record["spans"])
        doc.set_ents([span for span in spans if span])
        docbin.add(doc)
    place = Path(tempfile.mkdtemp()) / "gold.spacy"
    docbin.to_disk(place)
    return place


if __name__ == "__main__":
    main()
