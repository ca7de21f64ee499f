"""Which networks can be trained side by side as one stack: those of one shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Options that each network of a stack may have for itself.
VARIES: Mapping[str, frozenset[str]] = {
    "network": frozenset(
        {
            "gain",
            "recurrent_scale",
            "input_init",
            "bias_init",
            "gain_scales_readout",
            "density",
            "cell_type_density",
            "unit_row_sum",
            "noise_sd",  # but see `shape`
        }
    ),
    "training": frozenset(
        {
            "learning_rate",
            "learning_rate_grid",
            "learning_rate_updates",
            "learning_rate_seed",
            "activity_penalty",
            "checkpoints",
            "n_checkpoints",
            "flossing_iterations",
            "flossing_exponents",
            "flossing_learning_rate",
            "flossing_trials",
            "flossing_local",
        }
    ),
}


def shape(model: Mapping[str, Any]) -> dict[str, Any]:
    """What networks have to have in common to be trained as one stack, as JSON takes it.

    They differ in how weights begin and which exist, in learning rate, weight of the activity penalty, SD of the noise,
    checkpoints, gradient flossing, and in their seeds (`VARIES`). Everything else is common: an option that is added
    later too, until it stands there. Networks without noise are of another shape than those with it, since they need
    less memory and skip a step.

    Args:
        model: resolved options, as `train` takes them.
    """
    common: dict[str, Any] = dict(model)
    for group, varies in VARIES.items():
        common[group] = {name: value for name, value in model[group].items() if name not in varies}
    common["has_noise"] = model["network"]["noise_sd"] > 0
    return common
