"""What a learning rule is, and how one is found by name.

A learning rule is one file in this folder that defines LEARNING_RULE, an object of a subclass of LearningRule.
It says how credit flows one step back and nothing else; the engine does the rest.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from neurorules.errors import InputError

if TYPE_CHECKING:
    import torch

    from neurorules.network.rnn import Network

NOT_LEARNING_RULES = {"learning_rule", "engine"}


class LearningRule:
    """How credit flows back; subclasses define `step_back`, or `back` where a whole block is faster.

    Attributes:
        label: the name in legends.
    """

    label: str

    def step_back(
        self,
        network: Network,
        step: int,
        signal: torch.Tensor,
        derivative: torch.Tensor,
        credit_next: torch.Tensor,
        credit: torch.Tensor,
    ) -> None:
        """Write delta_t into `credit`.

        Args:
            network: weights and alpha.
            step: t, from T down to 0.
            signal: l_t, (trial, unit); may be overwritten.
            derivative: f'(a_t), (trial, unit); must not be changed.
            credit_next: delta_{t+1}, (trial, unit); must not be changed.
            credit: delta_t, (trial, unit), to be written.
        """
        raise NotImplementedError

    def back(
        self,
        network: Network,
        first_step: int,
        signal: torch.Tensor,
        derivative: torch.Tensor,
        credit_next: torch.Tensor,
        credit: torch.Tensor,
    ) -> None:
        """Write delta_t of a block of steps into `credit`, last step first.

        Args as of `step_back`, for t = first_step, first_step + 1, ...: signal, derivative and credit are
        (step, trial, unit), credit_next is delta of the step after the block.
        """
        steps = zip(signal.unbind(), derivative.unbind(), credit.unbind(), strict=True)
        for t, (signal_t, derivative_t, credit_t) in reversed(list(enumerate(steps, first_step))):
            self.step_back(network, t, signal_t, derivative_t, credit_next, credit_t)
            credit_next = credit_t


def learning_rule_names() -> list[str]:
    """Names of the learning rules in this folder."""
    import neurorules.learning as package

    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name not in NOT_LEARNING_RULES)


def load_learning_rule(name: str) -> LearningRule:
    """A learning rule by name.

    Raises:
        InputError: there is no such learning rule.
    """
    if name not in learning_rule_names():
        raise InputError(
            "There is no such learning rule.",
            key="learning_rules",
            value=name,
            remedy=f"Use one of {', '.join(learning_rule_names())}, or add workflow/neurorules/learning/{name}.py.",
        )
    return importlib.import_module(f"neurorules.learning.{name}").LEARNING_RULE
