"""The contract of a learning rule, and loading one by name.

A learning rule is one file in the parent folder. It defines LEARNING_RULE, a subclass of LearningRule, which specifies
the learning signal l_t and how to compute delta_t, the estimate of dL/da_t, from l_t and delta_{t+1}.
`AdjointEstimator` does the rest. A learning rule without a backward recursion provides its own estimator
(evolution_strategies.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neurorules.learning.base.adjoint import AdjointEstimator
from neurorules.learning.base.autograd import AutogradEstimator
from neurorules.network.requirement import Requirement as Requirement
from neurorules.plugins import Plugins

if TYPE_CHECKING:
    import torch

    from neurorules.learning.base.gradient_estimator import GradientEstimator
    from neurorules.network.architecture import Architecture
    from neurorules.network.parameters import Parameters
    from neurorules.network.rnn import Network
    from neurorules.options import Options
    from neurorules.tasks.base.losses import ScoredTrials
    from neurorules.tasks.base.task import Loss

LEARNING_RULES = Plugins("learning", "learning rule", "learning_rules", members=("LEARNING_RULE",))


class LearningRule:
    """The learning signal and the backward recursion of a learning rule, for one training.

    Subclasses define `backward_step`, or `backward_block` if working on many steps at once is faster. `cuts_credit`
    defines the rule for gated units.

    For a stack of networks, every tensor has a leading network dimension, here and in all methods, except inputs and
    targets that all share. Index dimensions from the end (`mT`, `dim=-1`), and use `add_product` for products.

    Args:
        options: the learning rule's resolved options.
        parameters: theta of the network or stack of networks to train.
        architecture: the fixed parts of the network.
        seeds: seeds for the learning rule's own random numbers, one per network.

    Attributes:
        label: name in legends.
        OPTION_SCHEMA: the learning rule's options, all required. Each is a JSON schema with a "description": its
            meaning, unit and source.
        REQUIRES: requirements on the network. Other settings are rejected before any job starts.
    """

    label: str
    OPTION_SCHEMA: Mapping[str, Mapping[str, Any]] = {}
    REQUIRES: Sequence[Requirement] = ()

    # Whether the estimate also depends on earlier batches, from which the rule learns weights of its own or a baseline.
    learns_from_earlier_batches = False

    # Whether the rule is defined for architectures other than leaky units.
    any_architecture = False

    # Whether the backward recursion of a block does the same operations on the same memory at every update, without
    # waiting for the device or drawing random numbers. A GPU then replays it as one launch.
    replays = False

    # Whether `compiled_path` describes the step of this very class, and not the step of a class that it derives from.
    _has_compiled_path = False

    def __init_subclass__(cls) -> None:
        path, *steps, cut, estimator = [
            next(at for at, kind in enumerate(cls.__mro__) if name in vars(kind))
            for name in ("compiled_path", "backward_step", "backward_block", "cuts_credit", "estimator")
        ]
        cls._has_compiled_path = cls.compiled_path is not LearningRule.compiled_path and path <= min(steps)
        if "any_architecture" not in vars(cls):
            # A class that changes the recursion has to say again where credit is cut.
            defined = cls.cuts_credit is not LearningRule.cuts_credit
            cls.any_architecture = defined and cut <= min(*steps, estimator)
        said = next(at for at, kind in enumerate(cls.__mro__) if "replays" in vars(kind))
        if min(steps) < said:  # A class that changes the recursion has to say again whether it replays.
            cls.replays = False

    def __init__(
        self, options: Options, parameters: Parameters, architecture: Architecture, seeds: Sequence[int]
    ) -> None:
        self.options = options
        self.architecture = architecture

    @classmethod
    def check(cls, options: Mapping[str, Any]) -> None:
        """Reject contradictory options, before any job starts.

        Raises:
            InputError: with the option's name as its key.
        """

    @classmethod
    def check_network(cls, network: Mapping[str, Any]) -> None:
        """Refuse a network that the rule cannot train, where REQUIRES cannot say it, before any job starts.

        Args:
            network: the resolved options of the group `network`.

        Raises:
            InputError: with the option's name as its key.
        """

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
        """A gradient estimator at `parameters`, for batches with `n_steps` and `n_trials`.

        For the other arguments, see the class.
        """
        rule = cls(options, parameters, architecture, seeds)
        if architecture.cell is not None:
            return AutogradEstimator(parameters, architecture, n_steps, n_trials, rule)
        return AdjointEstimator(parameters, architecture, n_steps, n_trials, rule)

    def cuts_credit(self, step: int, n_steps: int) -> bool:
        """Whether the path from h_t to a_{t+1} through the recurrent weights is cut.

        This is the rule's definition for architectures other than leaky units, together with its learning signal. A
        unit's own state keeps its path. Rules without such a definition leave this out; they train leaky units only.

        Args:
            step: t, from 0 to T - 1.
            n_steps: T.
        """
        raise NotImplementedError

    def prepare_update(self, network: Network, loss: Loss, batch: ScoredTrials) -> None:
        """Called after the forward pass of each update, before the backward recursion.

        Args:
            network: after its forward pass; `network.parameters` are its effective weights, after applying constraints.
            loss: the task's loss.
            batch: the batch's targets.
        """

    def learning_signal(
        self,
        network: Network,
        start: int,
        stop: int,
        output_error: torch.Tensor,
        activity_weight: float | torch.Tensor,
        signal: torch.Tensor,
    ) -> None:
        """Write l_t = dL/dh_t, through `feedback_weights` and the activity penalty only, for t = start+1..stop.

        Args:
            network: after its forward pass.
            start, stop: the steps, as in `network.outputs[start:stop]`.
            output_error: dL/dy_t, (step, trial, output).
            activity_weight: 2 lambda / (T B N), the factor of h_t in the activity penalty's gradient.
            signal: (step, trial, unit), memory for l_t.
        """
        import torch

        feedback = self.feedback_weights(network)
        torch.matmul(output_error.flatten(-3, -2), feedback, out=signal.flatten(-3, -2))
        add_activity(network, start, stop, activity_weight, signal)

    def feedback_weights(self, network: Network) -> torch.Tensor:
        """B in the learning signal, (output, unit): the readout weights or their replacement."""
        return network.parameters.readout

    def backward_step(
        self,
        network: Network,
        step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        """Turn the learning signal l_t into delta_t, in place.

        Args:
            network: weights and alpha.
            step: t, from T down to 0.
            derivative: f'(a_t), (trial, unit); read only.
            delta_next: delta_{t+1}, (trial, unit); read only.
            delta: (trial, unit), contains l_t and receives delta_t.
        """
        raise NotImplementedError

    def compiled_path(self, network: Network, first_step: int, n_steps: int) -> dict[str, Any]:
        """Arguments `through` and `own` that make `CompiledSteps.backward` do the same as `backward_step`.

        Learning rules with any other recursion omit this method, and are run step by step.

        Args:
            network: weights and alpha.
            first_step, n_steps: the steps: those of a block, or all from 1 to T.
        """
        raise NotImplementedError

    def compiled_block(self, network: Network, first_step: int, n_steps: int) -> dict[str, Any] | None:
        """`compiled_path`, if it and `feedback_weights` are the whole learning rule; None to call its methods."""
        own_signal = type(self).learning_signal is not LearningRule.learning_signal
        if network.compiled is None or own_signal or not self._has_compiled_path:
            return None
        return self.compiled_path(network, first_step, n_steps)

    def backward_block(
        self,
        network: Network,
        first_step: int,
        derivative: torch.Tensor,
        delta_next: torch.Tensor,
        delta: torch.Tensor,
    ) -> None:
        """Turn l_t into delta_t for a block of steps, last step first.

        The arguments are those of `backward_step`, for t = first_step, first_step + 1, ...: `derivative` and `delta`
        are (step, trial, unit), and `delta_next` belongs to the step after the block.
        """
        if network.compiled is not None and self._has_compiled_path:
            path = self.compiled_path(network, first_step, delta.shape[-3])
            arrays = network.compiled.per_network(delta_next, 2), network.compiled.per_network(delta, 3)
            network.compiled.backward(first_step=first_step, derivative=derivative, **path)(first_step, *arrays)
            return
        steps = list(zip(derivative.unbind(-3), delta.unbind(-3), strict=True))
        for i in reversed(range(len(steps))):
            derivative_t, delta_t = steps[i]
            self.backward_step(network, first_step + i, derivative_t, delta_next, delta_t)
            delta_next = delta_t


def add_activity(
    network: Network, start: int, stop: int, activity_weight: float | torch.Tensor, signal: torch.Tensor
) -> None:
    """Add the activity penalty's exact part, activity_weight h_t, to the learning signal for t = start+1..stop."""
    activity = network.activity[..., start + 1 : stop + 1, :, :]
    if not isinstance(activity_weight, float):
        signal.addcmul_(activity, activity_weight)
    elif activity_weight:
        signal.add_(activity, alpha=activity_weight)


def load_learning_rule(name: str) -> type[LearningRule]:
    """Load a learning rule by name.

    Raises:
        InputError: unknown learning rule.
    """
    rule: type[LearningRule] = LEARNING_RULES.load(name).LEARNING_RULE
    return rule
