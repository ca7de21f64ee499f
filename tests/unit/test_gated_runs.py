"""Runs of gated networks: trained from a study, stored, scored without PyTorch; and what planning refuses of them."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
import torch
import xarray as xr
from helpers.options import model_options
from helpers.studies import figure, refused, study

from neurorules.dynamics.lyapunov import lyapunov_exponents
from neurorules.network.architectures.base.cell import ARCHITECTURES
from neurorules.provenance.code import coverage
from neurorules.runs.evaluate import ModelActivity, accuracies
from neurorules.runs.run import checkpoint_arrays, checkpoint_parameters
from neurorules.study.code import scoring_code, training_code
from neurorules.study.model import Model
from neurorules.study.schema.network import Network as NetworkOptions
from neurorules.study.yaml_source import REPOSITORY
from neurorules.tasks.base.task import Task, make_task
from neurorules.training.gradient_alignment import gradient_alignment
from neurorules.training.train import Network, train, train_stack

GATED = ("gru", "lstm")
REACH = "hatsopoulos2007"
ROMO = study({}).config["tasks"]["romo"]["task"]
# Rows of weights per unit, and further parameters of a unit.
EXPECTED = {"gru": (3, "recurrent_bias"), "lstm": (4, "initial_cell")}


def romo() -> Task:
    return make_task("romo", ROMO, None)


def options_of(architecture: str, rule: str = "bptt", **network: Any) -> Any:
    gated = {"architecture": architecture, "activation": "tanh", "tau_steps": 1, **network}
    training = {"updates": 3, "batch_size": 6, "activity_penalty": 1.0, "n_checkpoints": 3}
    return model_options(rule, "romo", network=gated, training=training)


def trained(architecture: str, rule: str = "bptt", seed: int = 0, **network: Any) -> xr.Dataset:
    run = train(options_of(architecture, rule, **network), [seed], romo())[seed]
    assert isinstance(run, xr.Dataset)
    return run


@pytest.mark.parametrize("rule", ["bptt", "eprop", "evolution_strategies"])
@pytest.mark.parametrize("architecture", GATED)
def test_a_run_keeps_every_parameter_and_scores_as_it_did_in_training(architecture: str, rule: str) -> None:
    run, (gates, further) = trained(architecture, rule), EXPECTED[architecture]
    arrays = checkpoint_arrays(run, -1)
    six = {"recurrent", "input", "bias", "initial_state", "readout", "readout_bias"}
    assert set(arrays) == {*six, further}
    assert run["recurrent"].dims == ("checkpoint", "gate_unit", "source_unit")
    assert arrays["recurrent"].shape == (gates * 12, 12) and arrays[further].shape == (12,)
    # h_0 of LSTM reaches the loss through the recurrent weights alone, where e-prop cuts credit.
    for name in six - ({"initial_state"} if (architecture, rule) == ("lstm", "eprop") else set()):
        assert np.abs(run[name][-1] - run[name][0]).max() > 0, name
    for name, tensor in checkpoint_parameters(run, -1).named().items():
        np.testing.assert_array_equal(tensor.numpy(), arrays[name])
    # PyTorch in training, NumPy afterwards.
    again = accuracies(run, options_of(architecture), romo(), romo().test())
    np.testing.assert_allclose(again, run["accuracy"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("architecture", GATED)
def test_a_run_repeats_to_the_byte(architecture: str) -> None:
    first, again = trained(architecture, "eprop"), trained(architecture, "eprop")
    xr.testing.assert_identical(first, again)


@pytest.mark.parametrize("architecture", GATED)
def test_networks_of_a_stack_are_those_trained_alone(architecture: str) -> None:
    """In float64; seeds differ, and so do gain and density."""
    models = [options_of(architecture, gain=0.5), options_of(architecture), options_of(architecture, density=0.5)]
    networks = [Network(model, seed) for seed, model in enumerate(models)]
    together = train_stack(networks, romo(), dtype=torch.float64)
    for network, run in zip(networks, together, strict=True):
        (alone,) = train_stack([network], romo(), dtype=torch.float64)
        assert isinstance(run, xr.Dataset) and isinstance(alone, xr.Dataset)
        for name in alone.variables:
            np.testing.assert_allclose(run[name], alone[name], rtol=1e-10, atol=1e-10, err_msg=str(name))


@pytest.mark.parametrize("architecture", GATED)
def test_training_lowers_the_loss(architecture: str) -> None:
    options = options_of(architecture, noise_sd=0.01)
    longer = options.but(training=options.training.but(updates=60, batch_size=20, activity_penalty=0.0))
    run = train(longer, [0], romo())[0]
    assert isinstance(run, xr.Dataset)
    loss = run["task_loss"].values
    assert loss[-10:].mean() < 0.8 * loss[:10].mean()


@pytest.mark.parametrize("architecture", GATED)
def test_activity_is_h_and_exponents_are_finite(architecture: str) -> None:
    run, options = trained(architecture), options_of(architecture)
    activity = ModelActivity(run, options, romo(), None).at(-1)
    assert activity.shape[-1] == 12 and (np.abs(activity) < 1).all() and activity.std() > 1e-3
    exponents = lyapunov_exponents(run, -1, options.network, romo(), 0, n_exponents=3, n_passes=1)
    assert exponents.shape == (3,) and np.isfinite(exponents).all() and (np.diff(exponents) <= 0).all()
    # Untrained gated units forget: their largest exponent is that of a contracting map.
    assert lyapunov_exponents(run, 0, options.network, romo(), 0, n_exponents=1, n_passes=1)[0] < 0


# ---- planning


def fig2_of(rule: str, setting: str, **change: Any) -> dict[str, Any]:
    """A study of one figure that shows one more model."""
    return {**figure(REACH, extra_models=[{"learning_rules": [rule], "settings": [setting]}]), **change}


def test_the_option_names_every_architecture() -> None:
    assert sorted(get_args(NetworkOptions.model_fields["architecture"].annotation)) == ARCHITECTURES.names()


@pytest.mark.parametrize("rule", ["bptt", "truncated_bptt", "eprop", "eprop_random_feedback", "node_perturbation"])
@pytest.mark.parametrize("architecture", GATED)
def test_a_gated_setting_is_planned(architecture: str, rule: str) -> None:
    planned = study(fig2_of(rule, architecture))
    assert Model(REACH, rule, architecture) in planned.selection.trained


@pytest.mark.parametrize("rule", ["modprop", "eprop_diagonal"])
def test_a_rule_without_a_definition_is_refused(rule: str) -> None:
    error = refused(fig2_of(rule, "gru"))
    assert f"{rule} cannot train {REACH}/{rule}/gru" in error.problem and "leaky units" in error.problem
    assert (error.key, error.value) == ("settings.gru.network.architecture", "gru")
    assert error.remedy is not None and "Required: architecture leaky." in error.remedy


@pytest.mark.parametrize(
    ("group", "option", "value", "why"),
    [
        ("network", "activation", "relu", "logistic gates"),
        ("network", "tau_steps", 10, "no time constant"),
        ("network", "dale", True, "both signs"),
        ("training", "flossing_iterations", 5, "leaky units only"),
    ],
)
def test_an_option_that_does_not_apply_is_refused(group: str, option: str, value: Any, why: str) -> None:
    network = {"architecture": "lstm", "activation": "tanh", "tau_steps": 1}
    layer = {"network": network}
    layer.setdefault(group, {})[option] = value
    error = refused(fig2_of("bptt", "mine", settings={"mine": layer}))
    assert why in error.problem and (error.key, error.value) == (f"settings.mine.{group}.{option}", value)


def test_a_figure_of_eigenvalues_refuses_gated_networks() -> None:
    entry = {"tasks": [REACH], "learning_rules": ["bptt"], "settings": ["gru"], "extra_models": []}
    error = refused({"use_figures": ["fig8"], "figures": {"fig8": entry}})
    assert "matrix for each gate" in error.problem and error.key == "settings.gru.network.architecture"


def test_the_code_of_a_run_is_that_of_its_architecture() -> None:
    planned = study(fig2_of("bptt", "gru"))
    scripts = REPOSITORY / "workflow" / "scripts"
    for setting, architecture in (("base", "leaky"), ("gru", "gru")):
        model = Model(REACH, "bptt", setting)
        for script, plugins in (
            training_code(planned, model),
            scoring_code(planned, "score.py", "distances", [model]),
        ):
            modules = {module for module, _ in coverage(scripts / script, plugins)}
            own = {f"neurorules.network.architectures.{name}" for name in ARCHITECTURES.names()} & modules
            assert own == {f"neurorules.network.architectures.{architecture}"}


def test_weights_from_elsewhere_are_not_read_as_gated_units() -> None:
    known = study({}).config["networks"]["authors_bptt"]
    entry = {"tasks": [REACH], "learning_rules": ["bptt", "authors_bptt"], "settings": ["gru"], "extra_models": []}
    over = {"use_figures": ["fig1"], "figures": {"fig1": entry}}
    error = refused({**over, "networks": {"authors_bptt": {**known, "setting": "gru"}}})
    assert error.key == "settings.gru.network.architecture" and "gru" in error.problem
    assert error.remedy is not None and "networks.authors_bptt.setting" in error.remedy


@pytest.mark.parametrize("architecture", GATED)
def test_updates_are_compared_with_bptts(architecture: str) -> None:
    """BPTT agrees with itself; e-prop points less than 90 degrees away, and is not BPTT."""
    found = {}
    for rule in ("bptt", "eprop"):
        options = options_of(architecture, rule, density=0.5, noise_sd=0.0)
        found[rule] = gradient_alignment(trained(architecture, rule, density=0.5), 0, options, romo(), 0, 2)
    assert found["bptt"] == pytest.approx((1.0, 1.0), abs=1e-5)
    assert 0 < found["eprop"][0] < 0.999
