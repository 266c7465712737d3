"""Adam with a learning rate for the encoder and another for the rest of the pipeline."""

from thinc.api import Optimizer
from thinc.optimizers import FloatOrSeq
from thinc.types import FloatsXd

from ..errors import check_positive


def make_adam(
    learn_rate: FloatOrSeq = 0.001,
    head_factor: float = 1.0,
    L2: FloatOrSeq = 0.0,
    beta1: FloatOrSeq = 0.9,
    beta2: FloatOrSeq = 0.999,
    eps: FloatOrSeq = 1e-08,
    grad_clip: FloatOrSeq = 1.0,
    L2_is_weight_decay: bool = True,
    use_averages: bool = False,
) -> Optimizer:
    """Make thinc's Adam with two learning rates. A new head has everything to learn, an encoder much to lose.

    learn_rate: the rate of the encoder, that is of all torch weights.
    head_factor: what learn_rate is multiplied by for all other weights, above 0.
    L2, beta1, beta2, eps, grad_clip, L2_is_weight_decay, use_averages: as in thinc's Adam.v1.
    RAISES ConfigValidationError: if the factor is not above 0.
    """
    check_positive("head_factor", head_factor)
    optimizer = TwoRates(
        learn_rate,
        L2=L2,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        grad_clip=grad_clip,
        L2_is_weight_decay=L2_is_weight_decay,
        use_averages=use_averages,
    )
    optimizer.head_factor = head_factor
    return optimizer


class TwoRates(Optimizer):
    """A thinc optimizer whose `learn_rate` is that of torch's weights; thinc's have a multiple of it."""

    head_factor = 1.0

    def __call__(
        self, key: tuple[int, str], weights: FloatsXd, gradient: FloatsXd, *, lr_scale: float = 1.0
    ) -> tuple[FloatsXd, FloatsXd]:
        """Update some weights; see thinc's Optimizer."""
        # Torch names a weight by its path of modules, thinc by one word.
        of_encoder = "." in key[1]
        scale = lr_scale if of_encoder else lr_scale * self.head_factor
        updated: tuple[FloatsXd, FloatsXd] = super().__call__(key, weights, gradient, lr_scale=scale)
        return updated
