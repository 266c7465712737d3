"""Words per CPU second of trained pipelines, against a Hugging Face token-classification pipeline.

    OMP_NUM_THREADS=1 python benchmarks/predict.py --data FILE.spacy [--minilm MODEL] [--cpu MODEL]

MODEL is a trained pipeline's folder (`spacy train configs/student_minilm.cfg …`); without one an untrained
student is used, whose speed is the same but for the entities it finds. All take turns in one process on the
same text; the best round counts.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import spacy
import torch
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from spacy.vocab import Vocab
from transformers import AutoModelForTokenClassification, AutoTokenizer
from transformers.pipelines import pipeline

from spacy_distill import speed_up_prediction, write_docs

ROOT = Path(__file__).parents[1]
# A large batch pads more, a small one leaves the processor idle between them.
BATCHES = (8, 64)
# The transformer's max_batch_items: as in the shipped config, and the default of spacy-transformers.
PIECES = (512, 4096)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a .spacy file with sentences")
    parser.add_argument("--minilm", type=Path, help="a trained MiniLM student")
    parser.add_argument("--cpu", type=Path, help="a trained tok2vec student")
    parser.add_argument("--encoder", type=Path, default=ROOT / "assets" / "encoder")
    parser.add_argument("--sentences", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    docs = list(DocBin().from_disk(args.data).get_docs(Vocab()))[: args.sentences]
    texts = [doc.text for doc in docs]
    words = sum(len(doc) for doc in docs)
    corpus = Path(tempfile.mkdtemp()) / "sentences.spacy"
    write_docs(docs, corpus)
    minilm = load_or_make(args.minilm, "minilm", corpus, args.encoder)
    ours = speed_up_prediction(load_or_make(args.minilm, "minilm", corpus, args.encoder))
    tok2vec = load_or_make(args.cpu, "cpu", corpus, args.encoder)
    hugging_face = make_pipeline(args.encoder)
    measure(
        {
            **{
                f"Hugging Face, batches of {size}": partial(hugging_face, texts, batch_size=size)
                for size in BATCHES
            },
            **{f"nlp.pipe, MiniLM, {size} pieces": partial(pipe, minilm, texts, size) for size in PIECES},
            "speed_up_prediction, 512 pieces": partial(pipe, ours, texts, PIECES[0]),
            "nlp.pipe, tok2vec student": lambda: list(tok2vec.pipe(texts)),
        },
        words,
        args.rounds,
    )


def measure(predictors: dict[str, Callable[[], object]], words: int, rounds: int) -> None:
    """Print the speeds, and how many times as fast as the better Hugging Face pipeline each is."""
    speeds = dict.fromkeys(predictors, 0.0)
    for turn in range(rounds + 1):
        for name, predict in predictors.items():
            start = time.process_time()
            predict()
            # The first turn warms up.
            if turn:
                speeds[name] = max(speeds[name], words / (time.process_time() - start))
    base = max(speed for name, speed in speeds.items() if name.startswith("Hugging"))
    for name, speed in speeds.items():
        print(f"{name:32} {speed:8,.0f} words/s   {speed / base:6.2f} x")


def pipe(nlp: Language, texts: list[str], pieces: int) -> None:
    """Annotate texts, with so many word pieces in a batch of the transformer at most."""
    nlp.get_pipe("transformer").cfg["max_batch_items"] = pieces  # type: ignore[attr-defined]
    for _ in nlp.pipe(texts):
        pass


def load_or_make(model: Path | None, student: str, corpus: Path, encoder: Path) -> Language:
    """A trained pipeline, or an untrained student of the same shape."""
    if model:
        return spacy.load(model)
    overrides = {"paths.gold": str(corpus), "paths.dev": str(corpus), "corpora.train.share": 0.0}
    if student != "cpu":
        overrides["paths.encoder"] = str(encoder)
    return init_nlp(load_config(ROOT / "configs" / f"student_{student}.cfg", overrides=overrides))


def make_pipeline(encoder: Path) -> Callable[..., object]:
    """A Hugging Face pipeline with the same encoder and nine tags."""
    model = AutoModelForTokenClassification.from_pretrained(encoder, num_labels=9)
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    made: Callable[..., object] = pipeline(
        "token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple"
    )
    return made


if __name__ == "__main__":
    main()
