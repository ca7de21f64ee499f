"""What a learning rule is, and how one is found by name.

A learning rule is one file in this folder that defines LEARNING_RULE, an object with the attributes below.
It says how credit flows one step back and nothing else; the engine does the rest.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol

from neurorules.errors import InputError

if TYPE_CHECKING:
    import torch

    from neurorules.network.rnn import Network

NOT_LEARNING_RULES = {"learning_rule", "engine"}


class LearningRule(Protocol):
    """Attributes: `label`, the name in legends."""

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
