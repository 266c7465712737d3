"""Linear layers whose products oneDNN computes where no gradient is asked for."""

from typing import Any

import torch

CONVERTED = "_onednn"


class OneDnnLinear(torch.nn.Linear):
    """A linear layer that predicts by oneDNN, on a CPU and in fp32; else it is the one of torch.

    Weights are laid out for oneDNN when they are first needed, and again after training.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The product with the weights, and the bias added."""
        plain = input.device.type == "cpu" and input.dtype == self.weight.dtype == torch.float32
        if torch.is_grad_enabled() or not plain:
            # The weights are about to change, or have been moved.
            self.__dict__.pop(CONVERTED, None)
            return super().forward(input)
        if CONVERTED not in self.__dict__:
            self.__dict__[CONVERTED] = [
                None if part is None else part.detach().to_mkldnn() for part in (self.weight, self.bias)
            ]
        weight, bias = self.__dict__[CONVERTED]
        product: torch.Tensor = torch.ops.aten.mkldnn_linear(input.to_mkldnn(), weight, bias)
        return product.to_dense()

    def __getstate__(self) -> dict[str, Any]:
        """All but the laid out weights, which cannot be pickled."""
        return {name: value for name, value in self.__dict__.items() if name != CONVERTED}


def take_onednn(model: torch.nn.Module) -> None:
    """Turn a model's linear layers into ones that oneDNN computes; they stay the same objects."""
    for part in model.modules():
        # A layer of another package may compute something else.
        if type(part) is torch.nn.Linear:
            part.__class__ = OneDnnLinear
