"""Sentences that share rows of a batch, and the dropout of their attention."""

from dataclasses import dataclass
from typing import Any

import numpy
import torch
from numpy.typing import NDArray

# Model types that take a position for each piece and a mask for each pair of pieces, by where their positions
# begin.
FROM_ZERO = ("bert", "electra")
AFTER_PADDING = ("roberta", "xlm-roberta", "camembert")


@dataclass
class Packing:
    """How sentences share rows.

    places: place of each piece in the flattened padded batch, row by row of the packed one; -1 where
        a row is not full.
    shape: number of rows, and their length.
    sentences: to which sentence each piece of each row belongs, -1 for none.
    positions: its position in the sentence.
    """

    places: torch.Tensor
    shape: tuple[int, int]
    sentences: torch.Tensor
    positions: torch.Tensor

    def pack(self, padded: torch.Tensor) -> torch.Tensor:
        """Lay a value of each piece out in rows; pieces that are none get the first one's."""
        return padded.flatten()[self.places.clamp(min=0)].view(self.shape)

    def unpack(self, packed: torch.Tensor, padded_shape: torch.Size) -> torch.Tensor:
        """Put the vectors of pieces back to where the padded batch has them; padding gets zeros."""
        taken = self.places >= 0
        vectors = packed.new_zeros(padded_shape[0] * padded_shape[1], packed.shape[-1])
        filled = vectors.index_copy(0, self.places[taken], packed.flatten(0, 1)[taken])
        return filled.view(*padded_shape, -1)

    def mask(self) -> torch.Tensor:
        """Which piece may see which: those of its own sentence."""
        return self.sentences[:, :, None] == self.sentences[:, None, :]


def pack_rows(mask: torch.Tensor) -> Packing | None:
    """Find out how the sentences of a padded batch can share rows.

    mask: the attention mask of the padded batch: 1 for a piece, 0 for padding.
    RETURNS: None if it saves no row.
    """
    lengths = mask.sum(dim=1).to(torch.int64).numpy()
    width = int(mask.shape[1])
    rows = fill_rows(lengths, width)
    padded_on_the_right = ((numpy.arange(width) < lengths[:, None]) == (mask.numpy() != 0)).all()
    if len(rows) == len(lengths) or not padded_on_the_right:
        return None
    places, sentences, positions = (numpy.full((len(rows), width), -1) for _ in range(3))
    positions[:] = 0
    for row, members in enumerate(rows):
        start = 0
        for sentence in members:
            end = start + int(lengths[sentence])
            positions[row, start:end] = numpy.arange(end - start)
            places[row, start:end] = sentence * width + positions[row, start:end]
            sentences[row, start:end] = sentence
            start = end
    flat = torch.from_numpy(places.ravel())
    return Packing(flat, places.shape, torch.from_numpy(sentences), torch.from_numpy(positions))


def fill_rows(lengths: NDArray[numpy.int64], width: int) -> list[list[int]]:
    """Put sentences of some lengths into as few rows as first-fit decreasing needs.

    RETURNS: the sentences of each row.
    """
    rows: list[list[int]] = []
    left: list[int] = []
    for sentence in numpy.argsort(-lengths, kind="stable"):
        length = int(lengths[sentence])
        row = next((row for row, room in enumerate(left) if room >= length), None)
        if row is None:
            rows.append([])
            left.append(width)
            row = len(rows) - 1
        rows[row].append(int(sentence))
        left[row] -= length
    return rows


def first_position(config: Any) -> int | None:
    """Where the positions of a model of this config begin, or None if it cannot take packed sentences."""
    more_outputs = config.output_hidden_states or config.output_attentions
    if more_outputs or getattr(config, "position_embedding_type", None) != "absolute":
        return None
    if config.model_type in FROM_ZERO:
        return 0
    return config.pad_token_id + 1 if config.model_type in AFTER_PADDING else None


def run_packed(model: Any, inputs: dict[str, torch.Tensor], packing: Packing) -> Any:
    """Run a transformer that `first_position` knows on packed sentences.

    inputs: its arguments for the padded batch.
    RETURNS: the last hidden state, padded as the inputs are.
    """
    rows = {name: packing.pack(value) for name, value in inputs.items() if name != "attention_mask"}
    first = first_position(model.config) or 0
    output = model(**rows, attention_mask=packing.mask(), position_ids=packing.positions + first)
    shape = inputs["attention_mask"].shape
    return type(output)(last_hidden_state=packing.unpack(output.last_hidden_state, shape))


# Sixteen random bits decide on a value: the rate is exact to 1 / 65,536.
CHANCES = 1 << 16


class FastDropout(torch.nn.Dropout):
    """Dropout as torch.nn.Dropout does it, with other random numbers.

    p: the fraction of values that are dropped.
    rng: decides which.
    """

    def __init__(self, p: float, rng: numpy.random.Generator) -> None:
        super().__init__(p)
        self._rng = rng

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Drop some values and scale the others up; none in evaluation mode."""
        dropped = round(self.p * CHANCES) if self.training else 0
        if not dropped:
            return values
        drawn = self._rng.integers(0, CHANCES, values.shape, dtype=numpy.uint16)
        kept = torch.from_numpy(drawn >= dropped).to(values.dtype)
        return values * kept.mul_(CHANCES / max(1, CHANCES - dropped))


def replace_dropout(model: torch.nn.Module) -> None:
    """Let a model drop values the faster way, as torch's seed decides."""
    rng = numpy.random.Generator(numpy.random.SFC64(torch.initial_seed()))
    for module in list(model.modules()):
        for name, part in module.named_children():
            if type(part) is torch.nn.Dropout:
                setattr(module, name, FastDropout(part.p, rng))
