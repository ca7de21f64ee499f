"""What gated architectures require of a model: options that are about leaky units do not apply to them."""

from __future__ import annotations

from neurorules.network.requirement import Requirement

GATED_REQUIRES = (
    Requirement("activation", {"const": "tanh"}, "Its units are defined with tanh and logistic gates."),
    Requirement(
        "tau_steps", {"const": 1}, "Its units have no time constant: their gates decide how long they remember."
    ),
    Requirement(
        "dale",
        {"const": False},
        "The activity of its units has both signs, so that Dale's law would not fix the sign of what a unit sends.",
    ),
    Requirement(
        "flossing_iterations", {"const": 0}, "Gradient flossing is defined here for leaky units only.", group="training"
    ),
)
