"""One corpus as an endless, reshuffled stream of examples."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..corpus.docbin import read_docs, shard_paths

Usable = Callable[[Doc], bool]


def is_usable(doc: Doc, max_length: int = 0) -> bool:
    """Whether a document can be trained on: it has tokens and NER annotation, and is not too long."""
    fits = not max_length or len(doc) <= max_length
    return len(doc) > 0 and fits and doc.has_annotation("ENT_IOB")


def make_example(nlp: Language, reference: Doc) -> Example:
    """An example with the pipeline's own tokens, or with the reference's where its spacing is unknown.

    nlp (Language): The pipeline.
    reference (Doc): The annotated document.
    RETURNS (Example): The example.
    """
    if reference.has_unknown_spaces:
        words = [token.text for token in reference]
        return Example(Doc(nlp.vocab, words=words), reference)
    return Example(nlp.make_doc(reference.text), reference)


def stream_held(path: Path, nlp: Language, rng: random.Random, max_length: int) -> Iterator[Example]:
    """A corpus that is kept in memory, decoded: a new order at every pass.

    path (Path): A `.spacy` file or folder.
    nlp (Language): The pipeline.
    rng (random.Random): Decides the orders.
    max_length (int): Longer documents are left out; 0 for no limit.
    YIELDS (Example): Examples, without end; each document once in every pass.
    """
    examples = [make_example(nlp, d) for d in read_docs(path, nlp.vocab) if is_usable(d, max_length)]
    while examples:
        rng.shuffle(examples)
        yield from examples


def stream_shards(
    path: Path, nlp: Language, rng: random.Random, max_length: int, window: int
) -> Iterator[Example]:
    """A corpus that is too large to keep: shards in a new order at every pass, shuffled within a window.

    path (Path): A `.spacy` file or folder.
    nlp (Language): The pipeline.
    rng (random.Random): Decides the orders.
    max_length (int): Longer documents are left out; 0 for no limit.
    window (int): How many documents are held for shuffling.
    YIELDS (Example): Examples, without end; each document once in every pass.
    """
    shards = shard_paths(path)
    while True:
        rng.shuffle(shards)
        docs = (d for shard in shards for d in read_docs(shard, nlp.vocab) if is_usable(d, max_length))
        for doc in shuffle_within(docs, rng, window):
            yield make_example(nlp, doc)


def shuffle_within(docs: Iterator[Doc], rng: random.Random, window: int) -> Iterator[Doc]:
    """Shuffle a stream while holding no more than a window of it.

    docs (Iterator[Doc]): The stream.
    rng (random.Random): Decides the order.
    window (int): How many documents are held.
    YIELDS (Doc): Every document once.
    """
    held: list[Doc] = []
    for doc in docs:
        if len(held) < window:
            held.append(doc)
            continue
        place = rng.randrange(window)
        yield held[place]
        held[place] = doc
    rng.shuffle(held)
    yield from held
