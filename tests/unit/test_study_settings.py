"""The settings that exist: what their names say, and what the papers say."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from helpers.studies import (
    BASE,
    MANTE,
    MAZE,
    REACH,
    STUDY_FILES,
    loaded,
)

from neurorules.study.load import load_study
from neurorules.study.model import Model
from neurorules.study.yaml_source import REPOSITORY


def changed_by(setting: str, task: str, rule: str = "bptt") -> dict[str, Any]:
    """What a setting changes of a model's options, by group and option."""
    made = loaded()
    before, after = (made.options.of(Model(task, rule, name)) for name in ("base", setting))
    assert {group: set(options) for group, options in before.items()} == {
        group: set(options) for group, options in after.items()
    }
    return {
        f"{group}.{option}": value
        for group, options in after.items()
        for option, value in options.items()
        if value != before[group][option]
    }


NUMBER = r"(\d[\d.e-]*)"
# What a setting sets by its name, all of it: patterns, and the options with what stands in the name for a number.
NAMES: list[tuple[str, dict[str, Any]]] = [
    (f"gain-{NUMBER}", {"network.gain": float}),
    (f"gain-with-readout-{NUMBER}", {"network.gain": float, "network.gain_scales_readout": True}),
    (f"gain-{NUMBER}-flossed", {"network.gain": float, "training.flossing_iterations": 100}),
    (
        f"gain-{NUMBER}-flossed-full",
        {"network.gain": float, "training.flossing_iterations": 100, "training.flossing_local": False},
    ),
    ("flossed", {"training.flossing_iterations": 100}),
    ("flossed-full", {"training.flossing_iterations": 100, "training.flossing_local": False}),
    (f"lr-{NUMBER}", {"training.learning_rate": float}),
    ("lr-best", {"training.learning_rate": "best"}),
    (f"batch-{NUMBER}", {"training.batch_size": int}),
    (f"tau-{NUMBER}", {"network.tau_steps": int}),
    ("relu", {"network.activation": "relu"}),
    ("tanh", {"network.activation": "tanh"}),
    *(
        (name, {"network.architecture": name, "network.activation": "tanh", "network.tau_steps": 1})
        for name in ("gru", "lstm")
    ),
    ("dale", {"network.dale": True}),
    ("noiseless", {"network.noise_sd": 0}),
    ("published-checkpoints", {"training.checkpoints": "published"}),
]


def named(setting: str) -> dict[str, Any] | None:
    """The options that a setting's name implies, or None if the name does not say."""
    for pattern, options in NAMES:
        if match := re.fullmatch(pattern, setting):
            return {option: value(match[1]) if callable(value) else value for option, value in options.items()}
    return None


@pytest.mark.parametrize("setting", [name for name in BASE["settings"] if named(name) is not None])
@pytest.mark.parametrize("task", [MANTE, REACH, MAZE])
def test_a_setting_changes_what_its_name_says_and_nothing_else(setting: str, task: str) -> None:
    expected, base = named(setting) or {}, loaded().options.of(Model(task, "bptt", "base"))
    values = {option: base[option.split(".")[0]][option.split(".")[1]] for option in expected}
    assert changed_by(setting, task) == {key: value for key, value in expected.items() if values[key] != value}


def test_what_is_called_doubled_is_twice_as_much() -> None:
    """Other options of a trial follow, such as its number of steps."""
    doubled = [name for name in BASE["settings"] if name.endswith("-doubled")]
    assert len(doubled) > 3
    for name in doubled:
        what = name.removesuffix("-doubled").removesuffix("s")
        for task in (MANTE, REACH, MAZE):
            before = loaded().options.of(Model(task, "bptt", "base"))
            for option, value in changed_by(name, task).items():
                group, key = option.split(".")
                if key.startswith(what):
                    assert np.array_equal(value, 2 * np.array(before[group][key])), (name, task)
                else:
                    assert key == "steps" and value > before[group][key]
        assert any(changed_by(name, task) for task in (MANTE, REACH))


def test_constraints_are_those_of_the_papers_figures() -> None:
    """A quarter of the weights (A.3, Figure 1); ReLU under Dale's law starts from cell types (published code)."""
    for task in (MANTE, REACH, MAZE):
        assert changed_by("sparse", task) == {"network.density": 0.25}
        assert changed_by("dale-sparse", task) == {"network.dale": True, "network.density": 0.25}
        assert changed_by("dale-relu", task) == changed_by("dale-relu-modprop-paper", task) == BLOCKS


BLOCKS = {
    "network.activation": "relu",
    "network.dale": True,
    "network.cell_types_per_sign": 8,
    "network.cell_type_density": 0.5,
    "network.unit_row_sum": True,
}


def test_half_the_time_step_takes_the_recording_with_its_bins() -> None:
    assert changed_by("dt-15", MANTE) == {"task.dt_ms": 15, "comparison.recording": "mante2013-dt15"}
    assert changed_by("dt-15", REACH) == {}


def test_settings_of_one_learning_rule() -> None:
    paper = {"learning.variant": "paper", "learning.mu": 0.25}
    assert changed_by("dale-relu-modprop-paper", REACH, "modprop") == {**BLOCKS, **paper}
    assert changed_by("dale-relu", REACH, "modprop") == BLOCKS
    assert changed_by("es-plain", REACH, "evolution_strategies") == {"learning.antithetic": False}


def test_doubled_trials_are_longer_by_what_was_doubled() -> None:
    """Lengths in steps, counted by the tasks themselves; the compared stimulus stays as long."""
    from neurorules.tasks.base.task import make_task

    made = loaded()
    tasks = {
        name: make_task(MANTE, made.options.of(Model(MANTE, "bptt", name))["task"], None)
        for name in ("base", "fixation-doubled", "delay-doubled", "decision-doubled")
    }
    steps = {name: task.test().n_steps for name, task in tasks.items()}
    assert steps == {"base": 34, "fixation-doubled": 34 + 7, "delay-doubled": 34 + 6, "decision-doubled": 34 + 6}
    time_ms = np.arange(125.0, 850.0, 50.0)
    assert {name: len(task.window(time_ms, {})) for name, task in tasks.items()} == dict.fromkeys(tasks, 15)


# ---- the papers


def test_base_is_the_papers_text() -> None:
    """Appendix A: units, updates, steps, learning rate, noise, gain."""
    made = loaded()
    mante, reach = (made.options.of(Model(task, "eprop", "base")) for task in (MANTE, REACH))
    assert (mante["network"]["units"], mante["training"]["updates"], mante["task"]["dt_ms"]) == (400, 3000, 50)
    assert (reach["network"]["units"], reach["training"]["updates"], reach["task"]["dt_ms"]) == (200, 1000, 10)
    for options in (mante, reach):
        assert options["training"]["learning_rate"] == 1e-3
        assert options["training"]["batch_size"] == 100
        assert options["network"]["noise_sd"] == 0.1
        assert options["network"]["gain"] == 1


def test_published_code_on_the_reach() -> None:
    """Noise 0 and learning rates 1e-3 for BPTT and 3e-4 for e-prop, as in the published analysis."""
    made = loaded()
    options = {rule: made.options.of(Model(REACH, rule, "published-code")) for rule in ("bptt", "eprop")}
    assert {rule: of["training"]["learning_rate"] for rule, of in options.items()} == {"bptt": 1e-3, "eprop": 3e-4}
    assert all(of["network"]["noise_sd"] == 0 for of in options.values())
    assert all(of["network"]["recurrent_scale"] == 1.5 for of in options.values())
    assert made.options.recording(Model(REACH, "bptt", "published-code")) == REACH


def test_published_code_on_the_decision() -> None:
    """Steps of 15 ms, the 72 test trials as one batch, unit norm, and noise in the units but not in the inputs."""
    made = loaded()
    for rule in ("bptt", "eprop"):
        options = made.options.of(Model(MANTE, rule, "published-code"))
        assert options["task"]["dt_ms"] == 15
        assert options["task"]["trials"] == "test"
        assert options["task"]["unit_norm_inputs"] is True
        assert options["task"]["input_noise_sd"] == 0
        assert options["training"]["batch_size"] == 72
        assert options["training"]["learning_rate"] == 3e-4
        assert options["training"]["updates"] == 3000
        assert options["network"]["units"] == 400
        assert options["network"]["noise_sd"] == 0.1
        assert options["comparison"]["recording"] == "mante2013-dt15"
    assert made.config["recordings"]["mante2013-dt15"]["options"]["dt_ms"] == 15


def test_the_companions_networks_are_what_its_appendix_says() -> None:
    """Appendix A: 64 units, batches of 32, Adam, the best of four learning rates, 100 iterations of flossing.

    "Similar trends were observed when doubling these", units and batch.
    """
    for model, seeds in loaded(REPOSITORY / "config" / "companion.yaml").selection.seeds.items():
        options = loaded().options.of(model)
        training, network = options["training"], options["network"]
        units, batch = (2 if word in model.setting else 1 for word in ("units-128", "batch-64"))
        assert (network["units"], training["batch_size"]) == (64 * units, 32 * batch)
        assert (network["activation"], len(seeds)) == ("relu", 5)
        assert (training["optimiser"], training["learning_rate"]) == ("adam", "best")
        assert training["learning_rate_grid"] == [1e-4, 3e-4, 1e-3, 3e-3]
        assert training["flossing_iterations"] == (100 if "flossed" in model.setting else 0)
        assert training["flossing_local"] is True
        gain = model.setting.removesuffix("-flossed").removesuffix("-units-128").removesuffix("-batch-64")
        gain = gain.removeprefix("gain-")
        at_1 = ("base", "flossed", "units-128", "batch-64")
        assert network["gain"] == (1.0 if gain in at_1 else float(gain))


def test_a_recording_has_the_bins_of_the_tasks_that_are_compared_with_it() -> None:
    for file in STUDY_FILES:
        made = load_study(file)
        for model in made.selection.seeds:
            recording = made.options.recording(model)
            options = {} if recording is None else made.selection.recording_entry(recording)["options"]
            if "dt_ms" in options:
                assert options["dt_ms"] == made.options.of(model)["task"]["dt_ms"], (file, model)
