"""Gradients by one pass forward in time, along which a learning rule carries its estimate of da_t/dtheta.

With z_t = (h_t, x_{t+1}, 1), what drives a step, the weights into unit i act as

    a_i,t = (1 - alpha) a_i,t-1 + alpha sum_m w_im z_m,t-1,      w_i = (W_h, W_x, b) of unit i

and the influence of weight (i, m) on unit k, P_k,im,t = da_k,t/dw_im, follows forward in time:

    P_t = J_t P_{t-1} + alpha I z_{t-1}^T,     J_t = da_t/da_{t-1} = (1 - alpha) I + alpha W_h diag f'(a_{t-1})

where I z^T is z_m at (i, im) and 0 elsewhere. The initial state is one more column, whose influence is I at t = 0. The
gradient is the sum of c_t P_t over steps and trials, with c_t = f'(a_t) l_t and l_t the learning signal: dL/dh_t
through the readout and the activity penalty only. The readout's own gradient is exact.

The outputs of all steps are known when the sum begins, since a loss is a mean over the scored points of the whole
batch. An online version would divide by their number in advance, and would give the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurorules.learning.base.adjoint import AdjointEstimator
from neurorules.learning.base.learning_rule import LearningRule

if TYPE_CHECKING:
    import torch

    from neurorules.learning.base.gradient_estimator import GradientEstimator
    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network
    from neurorules.options import Options


@dataclass(frozen=True)
class ForwardPass:
    """What a rule needs of one network's forward pass.

    Attributes:
        recurrent: W_h, constraints included.
        alpha: dt / tau.
        driving: z_0..z_{T-1}, (step, trial, column).
        slope: f'(a_t) for t = 0..T, (step + 1, trial, unit).
        signal: c_t for t = 1..T, (step, trial, unit).
    """

    recurrent: torch.Tensor
    alpha: float
    driving: torch.Tensor
    slope: torch.Tensor
    signal: torch.Tensor


class ForwardRule(LearningRule):
    """A learning rule that carries an estimate of the influence forward in time. Subclasses define `gradient`."""

    @classmethod
    def estimator(
        cls,
        options: Options,
        parameters: Parameters,
        architecture: Architecture,
        n_steps: int,
        n_trials: int,
        seeds: Sequence[int],
    ) -> GradientEstimator:
        rule = cls(options, parameters, architecture, seeds)
        return ForwardEstimator(parameters, architecture, n_steps, n_trials, rule)

    def gradient(self, k: int, forward: ForwardPass) -> torch.Tensor:
        """The sum of c_t P_t over steps and trials.

        Args:
            k: number of the network in its stack; 0 if there is one.
            forward: its forward pass.

        Returns:
            (unit, column + 1): the gradient of what drives a step, and of the initial state in the last column.
        """
        raise NotImplementedError


class ForwardEstimator(AdjointEstimator):
    """Gradients by a rule that works forward in time. Arguments are those of `AdjointEstimator`.

    Networks of a stack are worked on one after another, each as if it were alone.
    """

    learning_rule: ForwardRule

    def _backward(self, output_error: torch.Tensor, activity_weight: float | torch.Tensor) -> None:
        """Write the gradient of the weights into `self.gradient`, after a forward pass."""
        network, gradient, theta = self.network, self.gradient, self.theta
        n_steps, n_units = network.n_steps, theta.sizes.units
        shape = (*theta.batch_shape, n_steps + 1, network.n_trials, n_units)
        signal, slope = self._signal(shape), self._slope(shape)
        self.learning_rule.learning_signal(network, 0, n_steps, output_error, activity_weight, signal)
        signal.mul_(slope[..., 1:, :, :])

        readout_gradient(network, output_error, gradient)
        driving = network.drive[..., :n_steps, :, : network.n_driving]
        parts = (network.parameters.recurrent, driving, slope, signal)
        per_network = [theta.per_network(part) for part in parts]
        drawn = [theta.per_network(part) for part in (gradient.recurrent, gradient.input, gradient.bias)]
        initial = theta.per_network(gradient.initial_state)
        for k, (recurrent, z, slope_k, signal_k) in enumerate(zip(*per_network, strict=True)):
            forward = ForwardPass(recurrent, network.alpha, z, slope_k, signal_k)
            columns = self.learning_rule.gradient(k, forward)
            drawn[0][k].copy_(columns[:, :n_units])
            drawn[1][k].copy_(columns[:, n_units:-2])
            drawn[2][k].copy_(columns[:, -2])
            initial[k].copy_(columns[:, -1])

    def _signal(self, shape: tuple[int, ...]) -> torch.Tensor:
        return self.network.drive.new_empty((*shape[:-3], shape[-3] - 1, *shape[-2:]))

    def _slope(self, shape: tuple[int, ...]) -> torch.Tensor:
        """f'(a_t) for t = 0..T: a_0 has no noise, so that its derivative is computed by itself."""
        slope, n_steps = self.network.drive.new_empty(shape), self.network.n_steps
        for start, stop in ((0, 1), (1, n_steps + 1)):
            part = slope[..., start:stop, :, :]
            found = self.network.derivative(start, stop, part)
            if found is not part:
                part.copy_(found)
        return slope


def readout_gradient(network: Network, output_error: torch.Tensor, gradient: Parameters) -> None:
    """Write the readout's exact gradient, sum_t dL/dy_t h_t^T.

    Args:
        network: after its forward pass.
        output_error: dL/dy_t, (step, trial, output).
        gradient: receives it.
    """
    import torch

    errors, n_units = output_error.flatten(-3, -2), gradient.sizes.units
    torch.matmul(errors.mT, network.rows(1, network.n_steps + 1)[..., :n_units], out=gradient.readout)
    torch.sum(errors, -2, out=gradient.readout_bias)
