"""Resolved options as jobs get them, for small networks; every function takes other values for some options by name.

network_options(units=12, dale=True).density
model_options("eprop", network={"units": 12}, training={"updates": 3})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurorules.options import Options

NETWORK: dict[str, Any] = {
    "architecture": "leaky",
    "units": 12,
    "activation": "retanh",
    "tau_steps": 10,
    "noise_sd": 0.1,
    "gain": 1.0,
    "recurrent_scale": 1.0,
    "input_init": "linear",
    "bias_init": "linear",
    "gain_scales_readout": False,
    "dale": False,
    "density": 1.0,
    "cell_types_per_sign": 0,
    "cell_type_density": 1.0,
    "unit_row_sum": False,
}
TRAINING: dict[str, Any] = {
    "updates": 12,
    "batch_size": 9,
    "learning_rate": 1e-2,
    "optimiser": "adam",
    "device": "cpu",
    "activity_penalty": 10.0,
    "flossing_iterations": 0,
    "flossing_exponents": 2,
    "flossing_learning_rate": 1e-2,
    "flossing_trials": 4,
    "flossing_local": True,
    "checkpoints": "quadratic",
    "n_checkpoints": 5,
}
LEARNING: dict[str, dict[str, Any]] = {
    "truncated_bptt": {"window_steps": 10},
    "modprop": {"variant": "published-code", "mu": 0.2, "taps": 10},
    "mdgl": {"reach": "synapses"},
    "kernl": {"rate": 0.1, "window_steps": 50},
    "node_perturbation": {"sigma": 0.1, "samples": 1, "perturb_activity_penalty": False},
    "evolution_strategies": {"sigma": 0.05, "samples": 10, "antithetic": True},
    "reward_hebbian": {
        "sigma": 1.0,
        "probability": 0.1,
        "fluctuation": "observed",
        "nonlinearity": "cube",
        "baseline": "unperturbed",
    },
}
COMPARISON: dict[str, Any] = {
    "recording": "reach",
    "onset_step": 28,
    "measures": ["procrustes", "cca", "cka", "cross_validated"],
    "rsa_dissimilarity": "squared_euclidean",
    "rsa_comparison": "spearman",
    "noise_floor_repeats": 4,
    "condition_shuffles": 3,
    "neuron_resamples": 5,
    "neuron_resample_accuracies": [0.5],
    "dsa_n_delays": [2, 3],
    "dsa_ranks": [2, 4],
    "dsa_choice": "all",
    "dsa_scores": ["wasserstein", "angular"],
    "dsa_checkpoints": 3,
    "dsa_restarts": 1,
    "lyapunov_exponents": 3,
    "lyapunov_passes": 2,
    "alignment_stride_steps": 5,
    "specification_measures": ["procrustes", "cka"],
    "specification_onset_steps": [24],
    "specification_splits": 2,
    "snapshot_accuracies": [0.8, 0.4],
    "snapshot_trials": 20,
    "trial_averaging_counts": [1, 2],
    "trial_averaging_repeats": 3,
    "recovery_measures": ["procrustes", "cca", "cka"],
    "recovery_neurons": [4],
    "recovery_trials": [2],
    "recovery_trials_per_condition": 5,
    "recovery_smoothing_sd_ms": None,
    "recovery_levels": [0.5],
    "recovery_draws": 1,
    "recovery_dsa_n_delays": 2,
    "recovery_dsa_rank": 2,
    "learning_resamples": 4,
}
# Learning rules that need cell types, and a network that they can train: ReLU units under Dale's law with cell types.
CELL_TYPE_RULES = ("modprop", "mdgl")
DALE_RELU: dict[str, Any] = {
    "activation": "relu",
    "dale": True,
    "cell_types_per_sign": 2,
    "cell_type_density": 0.5,
    "unit_row_sum": True,
}


def network_options(**overrides: Any) -> Options:
    """Options of the group `network`."""
    return _with(NETWORK, overrides)


def training_options(**overrides: Any) -> Options:
    """Options of the group `training`."""
    return _with(TRAINING, overrides)


def learning_options(learning_rule: str, **overrides: Any) -> Options:
    """Options of a learning rule; empty if it has none."""
    return _with(LEARNING.get(learning_rule, {}), overrides)


def comparison_options(**overrides: Any) -> Options:
    """Options of the group `comparison`."""
    return _with(COMPARISON, overrides)


def model_options(learning_rule: str = "bptt", task_name: str = "reach", **groups: Mapping[str, Any]) -> Options:
    """All options of a model but those of its task; other values by group. Learning rules that
    need cell types get a network with them."""
    unknown = set(groups) - {"network", "training", "learning", "comparison"}
    assert not unknown, unknown
    required = DALE_RELU if learning_rule in CELL_TYPE_RULES else {}
    return Options(
        {
            "task_name": task_name,
            "learning_rule": learning_rule,
            "learning": learning_options(learning_rule, **groups.get("learning", {})),
            "network": network_options(**{**groups.get("network", {}), **required}),
            "training": training_options(**groups.get("training", {})),
            "comparison": comparison_options(**groups.get("comparison", {})),
        }
    )


def _with(values: Mapping[str, Any], overrides: Mapping[str, Any]) -> Options:
    unknown = set(overrides) - set(values)
    assert not unknown, f"no such options: {unknown}"
    return Options({**values, **overrides})


# The center-out reach as published (A.3), and its published alignment of outputs.
REACH_TASK: dict[str, Any] = {
    "steps": 300,
    "interval1_steps": [0, 50],
    "interval2_steps": [0, 150],
    "test_steps": 250,
    "test_interval1_steps": 25,
    "test_interval2_steps": 105,
    "output_offset_steps": -10,
    "output_start_ms": -100,
    "dt_ms": 10,
}
