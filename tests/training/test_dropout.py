"""The faster dropout drops as much, scales as much, and is decided by the seed."""

import torch

from spacy_distill.training.packing import FastDropout, replace_dropout


def make_model(p: float) -> torch.nn.Module:
    """A model with dropout at two depths."""
    model = torch.nn.Sequential(torch.nn.Dropout(p), torch.nn.Sequential(torch.nn.Dropout(p)))
    replace_dropout(model)
    return model


def test_it_drops_the_rate_and_scales_the_rest_up():
    torch.manual_seed(0)
    layer = make_model(0.2)[0]  # type: ignore[index]
    values = torch.ones(400, 500, requires_grad=True)
    dropped = layer(values)
    assert isinstance(layer, FastDropout)
    assert abs(float((dropped == 0).float().mean()) - 0.2) < 0.005
    assert torch.allclose(dropped[dropped != 0], torch.tensor(1.25), rtol=1e-4)
    dropped.sum().backward()
    assert torch.equal(values.grad, dropped.detach())


def test_the_seed_decides():
    def run() -> torch.Tensor:
        torch.manual_seed(3)
        found: torch.Tensor = make_model(0.5)(torch.ones(20, 20))
        return found

    assert torch.equal(run(), run())


def test_evaluation_drops_nothing():
    values = torch.ones(5, 5)
    assert make_model(0.5).eval()(values) is values
    assert torch.equal(make_model(0.0)(values), values)
    assert not make_model(1.0)(values).any()
