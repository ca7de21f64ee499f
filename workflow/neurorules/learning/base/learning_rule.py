"""What a learning rule is, and how one is found by name.

A learning rule is one file in the folder above that defines LEARNING_RULE, a subclass of LearningRule. It says what the
learning signal is and how credit flows one step back, and nothing else; the engine does the rest. One that needs no
credit at all brings an engine of its own (evolution_strategies.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurorules.plugins import Plugins

if TYPE_CHECKING:
    import torch

    from neurorules.learning.base.gradient_estimator import Engine, GradientEngine
    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss

LEARNING_RULES = Plugins("learning", "learning rule", "learning_rules", members=("LEARNING_RULE",))


@dataclass(frozen=True)
class Need:
    """A network option that a learning rule needs to have certain values.

    Attributes:
        option: its name in the group `network`.
        allowed: what will do, as a JSON schema.
        why: a sentence.
    """

    option: str
    allowed: Mapping[str, Any]
    why: str


class LearningRule:
    """How credit flows back in one training; subclasses define `step_back`, or `back` where a whole block is faster.

    Args:
        options: its resolved options.
        parameters: theta of the network, or of a stack of networks, that it trains.
        architecture: what learning does not change.
        seeds: a seed for random numbers of its own, one per network.
    Attributes:
        label: the name in legends.
        OPTIONS: its options, all of them needed, each with what it allows as a JSON schema.
        NEEDS: what it needs of the network; other settings are refused before any job starts.
    """

    label: str
    OPTIONS: Mapping[str, Mapping[str, Any]] = {}
    NEEDS: Sequence[Need] = ()

    def __init__(
        self, options: Mapping[str, Any], parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        self.options = options
        self.architecture = architecture

    @classmethod
    def check(cls, options: Mapping[str, Any]) -> None:
        """Refuse options that do not go together, before any job starts.

        Raises:
            InputError: with the option's name as its key.
        """

    @classmethod
    def engine(
        cls,
        options: Mapping[str, Any],
        parameters: Parameters,
        architecture: Architecture,
        n_steps: int,
        n_trials: int,
        seeds: Sequence[int],
    ) -> Engine:
        """What computes the updates of `parameters` on batches of `n_steps` and `n_trials`."""
        from neurorules.learning.base.gradient_estimator import GradientEngine

        rule = cls(options, parameters, architecture, seeds)
        return GradientEngine(parameters, architecture, n_steps, n_trials, rule)

    def begin(self, engine: GradientEngine, loss: Loss, batch: ScoredTrials) -> None:
        """Called after the forward pass of each update, before credit flows back."""

    def learning_signal(
        self,
        network: Network,
        start: int,
        stop: int,
        output_error: torch.Tensor,
        activity_weight: float | torch.Tensor,
        signal: torch.Tensor,
    ) -> None:
        """Write l_t = dL/dh_t, through the readout and the activity penalty only, of t = start+1..stop.

        Of a stack, shapes have networks in front, here and below.

        Args:
            network: after its forward pass.
            start, stop: steps as in `network.outputs[start:stop]`.
            output_error: dL/dy_t, (step, trial, output).
            activity_weight: 2 lambda / (T B N), the factor of h_t in the activity penalty's gradient.
            signal: l_t, (step, trial, unit), to be written.
        """
        through_readout(output_error, network.parameters.readout, signal)
        add_activity(network, start, stop, activity_weight, signal)

    def step_back(
        self,
        network: Network,
        step: int,
        derivative: torch.Tensor,
        credit_next: torch.Tensor,
        credit: torch.Tensor,
    ) -> None:
        """Turn the learning signal l_t into delta_t, in place.

        Args:
            network: weights and alpha.
            step: t, from T down to 0.
            derivative: f'(a_t), (trial, unit); must not be changed.
            credit_next: delta_{t+1}, (trial, unit); must not be changed.
            credit: l_t, (trial, unit), to become delta_t.
        """
        raise NotImplementedError

    def back(
        self,
        network: Network,
        first_step: int,
        derivative: torch.Tensor,
        credit_next: torch.Tensor,
        credit: torch.Tensor,
    ) -> None:
        """Turn l_t into delta_t for a block of steps, last step first.

        Args as of `step_back`, for t = first_step, first_step + 1, ...: derivative and credit are (step, trial, unit),
        credit_next is delta of the step after the block.
        """
        steps = list(zip(derivative.unbind(-3), credit.unbind(-3), strict=True))
        for i in reversed(range(len(steps))):
            derivative_t, credit_t = steps[i]
            self.step_back(network, first_step + i, derivative_t, credit_next, credit_t)
            credit_next = credit_t


def through_readout(output_error: torch.Tensor, readout: torch.Tensor, signal: torch.Tensor) -> None:
    """signal = dL/dy_t W_y, of all steps at once."""
    import torch

    torch.matmul(output_error.flatten(-3, -2), readout, out=signal.flatten(-3, -2))


def add_activity(
    network: Network, start: int, stop: int, activity_weight: float | torch.Tensor, signal: torch.Tensor
) -> None:
    """Add the activity penalty's exact part, activity_weight h_t, to the learning signal of t = start+1..stop."""
    activity = network.activity[..., start + 1 : stop + 1, :, :]
    if not isinstance(activity_weight, float):
        signal.addcmul_(activity, activity_weight)
    elif activity_weight:
        signal.add_(activity, alpha=activity_weight)


def learning_rule_names() -> list[str]:
    """Names of the learning rules in the folder above."""
    return LEARNING_RULES.names()


def load_learning_rule(name: str) -> type[LearningRule]:
    """A learning rule by name.

    Raises:
        InputError: there is no such learning rule.
    """
    return LEARNING_RULES.load(name).LEARNING_RULE
