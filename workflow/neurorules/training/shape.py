"""Which networks can be trained in parallel as one stack: those with the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Options that may differ between the networks of a stack.
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
    """What networks must have in common to be trained as one stack, as plain values for JSON.

    They may differ in initial weights, in which weights exist, in learning rate, weight of the activity penalty, SD of
    the noise, checkpoints and gradient flossing (`VARIES`), and in their seeds. Everything else must be the same,
    including any new option that is not in `VARIES`. Networks with and without noise have different shapes, because
    those without need less memory and skip a step.

    Args:
        model: resolved options, as for `train`.
    """
    common: dict[str, Any] = dict(model)
    for group, varies in VARIES.items():
        common[group] = {name: value for name, value in model[group].items() if name not in varies}
    common["has_noise"] = model["network"]["noise_sd"] > 0
    return common
