"""What is refused beyond the types of options: unknown names, missing keys, and options that do not go together."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.studies import (
    BASE,
    CHOICE,
    DEFAULTS,
    MANTE,
    REACH,
    assert_named,
    figure,
    models,
    models_of,
    refused,
    study,
)

from neurorules.errors import InputError
from neurorules.learning.base.learning_rule import LEARNING_RULES, load_learning_rule
from neurorules.study.load import Study, load_study
from neurorules.study.yaml_source import BASE_CONFIG, REPOSITORY, merge

REFUSED: list[tuple[str, dict[str, Any], str, Any, str]] = [
    # case, study merged into config.yaml, key, value, words of the remedy
    ("unknown recording", {"use_recordings": ["mante2014"]}, "use_recordings", "mante2014", "Did you mean mante2013"),
    (
        "unknown option of a learning rule",
        {"learning_rules": {"modprop": {"tap": 3}}},
        "learning_rules.modprop.tap",
        "tap",
        "Did you mean taps?",
    ),
    (
        "an option of a learning rule that has none",
        {"learning_rules": {"bptt": {"mu": 3}}},
        "learning_rules.bptt.mu",
        "mu",
        "Nothing can be set here",
    ),
    (
        "unknown primary claim",
        {"figures": {"claims": {"primary": {"claim": "fig1-eprop-comparible"}}}},
        "figures.claims.primary.claim",
        "fig1-eprop-comparible",
        "Did you mean fig1-eprop-comparable",
    ),
    (
        "primary claim of an unknown recording",
        {"figures": {"claims": {"primary": {"recording": "mante2014"}}}},
        "figures.claims.primary.recording",
        "mante2014",
        "Did you mean mante2013",
    ),
    (
        "primary claim of a figure that decides none",
        {"figures": {"fig1": {"primary": {"claim": "fig1-eprop-comparable"}}}},
        "figures.fig1.primary",
        {"claim": "fig1-eprop-comparable"},
        "figures.claims",
    ),
    (
        "unknown learning rule with options",
        {"learning_rules": {"mod_prop": {"mu": 0.2}}},
        "learning_rules",
        "mod_prop",
        "Did you mean modprop?",
    ),
    (
        "wrong value of a learning rule",
        {"learning_rules": {"truncated_bptt": {"window_steps": 0}}},
        "learning_rules.truncated_bptt.window_steps",
        0,
        "at least 1",
    ),
    (
        "text for a number of a learning rule",
        {"learning_rules": {"node_perturbation": {"sigma": "1e-1"}}},
        "learning_rules.node_perturbation.sigma",
        "1e-1",
        "write 1.0e-3",
    ),
    (
        "unknown choice of a learning rule",
        {"learning_rules": {"modprop": {"variant": "code"}}},
        "learning_rules.modprop.variant",
        "code",
        "published-code, paper",
    ),
    (
        "wrong value of a learning rule in a setting",
        {"settings": {"dale-relu": {"by_learning_rule": {"modprop": {"learning": {"taps": 0.5}}}}}},
        "settings.dale-relu.by_learning_rule.modprop.learning.taps",
        0.5,
        "integer",
    ),
    (
        "unknown option of a learning rule in a setting",
        {"settings": {"base": {"by_learning_rule": {"truncated_bptt": {"learning": {"window": 5}}}}}},
        "settings.base.by_learning_rule.truncated_bptt.learning.window",
        "window",
        "Did you mean window_steps?",
    ),
    ("unknown figure", {"use_figures": ["fig0"]}, "use_figures", "fig0", "Did you mean fig"),
    (
        "unknown figure in the catalogue",
        {"figures": {"fig99": {"tasks": [REACH], "learning_rules": ["bptt"], "settings": ["base"]}}},
        "figures",
        "fig99",
        "Did you mean fig9?",
    ),
    ("unknown task", {"figures": {"fig1": {"tasks": ["mante"]}}}, "figures.fig1.tasks", "mante", "mante2013"),
    (
        "unknown learning rule",
        {"figures": {"fig1": {"learning_rules": ["e-prop"]}}},
        "figures.fig1.learning_rules",
        "e-prop",
        "Did you mean eprop?",
    ),
    (
        "unknown setting",
        {"figures": {"fig5": {"settings": ["gain-0-5"]}}},
        "figures.fig5.settings",
        "gain-0-5",
        "Did you mean gain-0.5?",
    ),
    (
        "unknown task in a setting",
        {"settings": {"base": {"by_task": {"hatsopoulos": {}}}}},
        "settings.base.by_task",
        "hatsopoulos",
        f"Did you mean {REACH}?",
    ),
    (
        "unknown learning rule in a setting",
        {"settings": {"base": {"by_learning_rule": {"bppt": {}}}}},
        "settings.base.by_learning_rule",
        "bppt",
        "Did you mean bptt?",
    ),
    ("task without a file", {"tasks": {"maze": {}}}, "tasks", "maze", f"{REACH}, {MANTE}"),
    ("unknown file of a task", {"tasks": {REACH: {"module": "maze"}}}, f"tasks.{REACH}.module", "maze", "Allowed"),
    (
        "unknown option of a task",
        {"tasks": {MANTE: {"task": {"delay": 300}}}},
        f"tasks.{MANTE}.task.delay",
        "delay",
        "Did you mean delay_ms?",
    ),
    (
        "unknown option of a task in a setting",
        {"settings": {"base": {"by_task": {REACH: {"task": {"step": 3}}}}}},
        f"settings.base.by_task.{REACH}.task.step",
        "step",
        "Did you mean steps?",
    ),
    (
        "an option that only another task has",
        {"settings": {"base": {"task": {"delay_ms": 0}}}},
        "settings.base.task.delay_ms",
        "delay_ms",
        "Allowed: dt_ms",
    ),
    (
        "unknown recording of a task",
        {"tasks": {MANTE: {"comparison": {"recording": "mante"}}}},
        f"tasks.{MANTE}.comparison.recording",
        "mante",
        "Did you mean mante2013?",
    ),
    (
        "unknown recording in a setting",
        {"settings": {"base": {"by_task": {MANTE: {"comparison": {"recording": "mante2013-dt50"}}}}}},
        f"settings.base.by_task.{MANTE}.comparison.recording",
        "mante2013-dt50",
        "mante2013-dt15",
    ),
    ("figures of nothing", {"use_recordings": ["mante2013"]}, "use_figures", "fig5", "use_recordings"),
]


@pytest.mark.parametrize(
    ("over", "key", "value", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_mistakes_are_named(tmp_path: Path, over: dict[str, Any], key: str, value: Any, words: str) -> None:
    assert_named(tmp_path, over, key, value, words)


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ({"tasks": ["maze"]}, "tasks", "maze"),
        ({"learning_rules": ["e-prop"]}, "learning_rules", "e-prop"),
        ({"settings": ["spars"]}, "settings", "spars"),
    ],
)
def test_names_in_extra_models_are_checked(part: dict[str, list[str]], key: str, value: str) -> None:
    error = refused(figure(REACH, extra_models=[{}, part]))
    assert (error.key, error.value) == (f"figures.fig1.extra_models.1.{key}", value)


def test_missing_keys_are_named() -> None:
    def without(*path: str) -> InputError:
        config = deepcopy(BASE)
        node = config
        for name in path[:-1]:
            node = node[name]
        del node[path[-1]]
        with pytest.raises(InputError, match=r"Missing key\.") as caught:
            Study(config)
        return caught.value

    assert without("seeds").key == "seeds"
    assert without("tasks", MANTE, "task", "delay_ms").key == f"tasks.{MANTE}.task.delay_ms"
    assert without("learning_rules", "modprop", "mu").key == "learning_rules.modprop.mu"
    assert without("learning_rules", "truncated_bptt").key == "learning_rules.truncated_bptt.window_steps"
    assert without("tasks", CHOICE, "task", "env").key == f"tasks.{CHOICE}.task.env"
    assert without("tasks", REACH, "comparison", "recording").key == f"tasks.{REACH}.comparison.recording"
    assert without("figures", "fig1", "settings").key == "figures.fig1.settings"
    assert without("recordings", MANTE, "reader").key == f"recordings.{MANTE}.reader"


def test_what_no_file_holds_may_be_of_the_command_line() -> None:
    reach = REPOSITORY / "config" / "reach.yaml"
    config = merge(load_study(reach).config, {"use_figures": ["fig99"]})
    with pytest.raises(InputError) as caught:
        Study(config, [BASE_CONFIG, reach])
    assert caught.value.file == f"{BASE_CONFIG}, {reach} or the command line"


def test_a_reach_cannot_do_without_its_recording() -> None:
    error = refused({"settings": {"base": {"by_task": {REACH: {"comparison": {"recording": None}}}}}})
    assert error.key == f"settings.base.by_task.{REACH}.comparison.recording"


@pytest.mark.parametrize(
    "task, option, value",
    [
        ("mante2013", "dt_ms", "50"),
        ("mante2013", "motion_coherence", 0.5),
        ("mante2013", "input_noise_sd", None),
        ("mante2013", "colour_target_input", "no"),
        ("hatsopoulos2007", "steps", 300.0),
        ("hatsopoulos2007", "interval1_steps", 50),
        ("hatsopoulos2007", "interval1_steps", [0, 10, 20]),
        ("hatsopoulos2007", "test_interval1_steps", -1),
        ("hatsopoulos2007", "output_offset_steps", -500),
        ("sussillo2015", "output_offset_steps", -9),
    ],
)
@pytest.mark.parametrize("setting", [False, True], ids=["task", "setting"])
def test_values_of_task_options_are_checked_at_planning(task: str, option: str, value: object, setting: bool) -> None:
    layer = {"task": {option: value}}
    change = {"settings": {"published-code": {"by_task": {task: layer}}}} if setting else {"tasks": {task: layer}}
    with pytest.raises(InputError) as caught:
        Study(merge(yaml.safe_load(BASE_CONFIG.read_text()), change))
    place = f"settings.published-code.by_task.{task}" if setting else f"tasks.{task}"
    assert caught.value.key is not None and caught.value.key.startswith(f"{place}.task.{option}")


# ---- what a learning rule needs, and constraints that cannot learn


def modprop_with(tmp_path: Path, network: dict[str, Any]) -> Path:
    """A study file of ModProp on the reach with a new setting."""
    file = tmp_path / "mine.yaml"
    entry = {"tasks": [REACH], "learning_rules": ["modprop"], "settings": ["mine"]}
    mine = {"use_figures": ["fig7"], "settings": {"mine": {"network": network}}}
    file.write_text(yaml.safe_dump({**mine, "figures": {"fig7": {**entry, "extra_models": [{}]}}}))
    return file


ALLOWED = {"activation": "relu", "dale": True, "cell_types_per_sign": 2}


@pytest.mark.parametrize(
    ("option", "value", "wanted", "why"),
    [
        ("activation", "retanh", "activation relu", "derivative of ReLU"),
        ("dale", False, "dale true", "excitatory or inhibitory"),
        ("cell_types_per_sign", 0, "cell_types_per_sign at least 1", "from cell type to cell type"),
    ],
)
def test_what_a_learning_rule_needs_is_checked_at_planning(
    tmp_path: Path, option: str, value: Any, wanted: str, why: str
) -> None:
    assert models_of(load_study(modprop_with(tmp_path, ALLOWED))) == models(REACH, "modprop", "mine")
    file = modprop_with(tmp_path, {**ALLOWED, option: value})
    with pytest.raises(InputError, match=why) as caught:
        load_study(file)
    error = caught.value
    assert f"modprop cannot train {REACH}/modprop/mine" in error.problem
    assert (error.file, error.key, error.value) == (str(file), f"settings.mine.network.{option}", value)
    assert error.remedy is not None and f"Required: {wanted}." in error.remedy and "`extra_models`" in error.remedy


def test_modprop_has_a_setting_and_no_other_will_do() -> None:
    good = {"dale-relu", "dale-relu-modprop-paper"}
    for name in BASE["settings"]:
        change = figure(REACH, extra_models=[{"learning_rules": ["modprop"], "settings": [name]}])
        if name in good:
            assert f"{REACH}/modprop/{name}" in models_of(study(change))
        else:
            assert "ModProp" not in refused(change).problem and "modprop cannot train" in refused(change).problem
    # with base it is the default that does not do
    error = refused(figure(REACH, extra_models=[{"learning_rules": ["modprop"]}]))
    assert (error.key, error.value) == ("defaults.network.activation", "retanh")


def test_every_need_is_an_option_of_the_network() -> None:
    for rule in LEARNING_RULES.names():
        assert {need.option for need in load_learning_rule(rule).REQUIRES} <= set(DEFAULTS["network"])
    assert {rule for rule in LEARNING_RULES.names() if load_learning_rule(rule).REQUIRES} == {"modprop", "mdgl", "rtrl"}


def test_flossing_of_more_exponents_than_units_is_refused_at_planning() -> None:
    def mine(exponents: int, iterations: int = 1) -> dict[str, Any]:
        training = {"flossing_iterations": iterations, "flossing_exponents": exponents}
        setting = {"network": {"units": 8}, "training": training}
        return {"settings": {"mine": setting}, **figure(REACH, extra_models=[{"settings": ["mine"]}])}

    study(mine(8))
    study(mine(9, iterations=0))
    error = refused(mine(9))
    assert (error.key, error.value) == ("settings.mine.training.flossing_exponents", 9)
    assert f"(in {REACH}/bptt/mine)" in error.problem and error.remedy == "Use 8 or fewer."


@pytest.mark.parametrize(
    ("network", "option", "words"),
    [
        ({"dale": True, "gain": 0.0}, "gain", "gain above 0"),
        ({"dale": True, "units": 1}, "units", "at least 2 units"),
        ({"cell_types_per_sign": 2}, "cell_types_per_sign", "dale: true"),
        ({"dale": True, "cell_types_per_sign": 41}, "cell_types_per_sign", "at most that many"),
        ({"unit_row_sum": True, "gain": 0.0, "density": 0.5}, "gain", "gain above 0"),
        ({"dale": True, "recurrent_scale": 0.0}, "recurrent_scale", "recurrent_scale above 0"),
        ({"unit_row_sum": True}, "unit_row_sum", "unit_row_sum: false"),
    ],
    ids=[
        "dale without weights",
        "dale with one unit",
        "types without dale",
        "too many types",
        "rows of nothing",
        "dale without weights by another name",
        "rows without constraints",
    ],
)
def test_constraints_that_make_no_sense_are_refused_at_planning(
    tmp_path: Path, network: dict[str, Any], option: str, words: str
) -> None:
    file = tmp_path / "mine.yaml"
    mine = {"settings": {"mine": {"network": network}}, **figure(REACH, extra_models=[{"settings": ["mine"]}])}
    file.write_text(yaml.safe_dump(mine))
    with pytest.raises(InputError) as caught:
        load_study(file)
    error = caught.value
    assert f"(in {REACH}/bptt/mine)" in error.problem
    assert (error.file, error.key, error.value) == (str(file), f"settings.mine.network.{option}", network[option])
    assert error.remedy is not None and words in error.remedy
    # nothing is required for what no figure shows
    mine["figures"]["fig1"]["extra_models"] = [{}]
    file.write_text(yaml.safe_dump(mine))
    assert models_of(load_study(file)) == models(REACH, "bptt", "base")


def test_options_of_learning_that_do_not_go_together_are_refused_at_planning(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("{use_figures: [fig9], learning_rules: {evolution_strategies: {samples: 5}}}")
    with pytest.raises(InputError, match="pairs") as caught:
        load_study(file)
    error = caught.value
    assert (error.file, error.key, error.value) == (str(file), "learning_rules.evolution_strategies.samples", 5)
    file.write_text("{use_figures: [fig9], learning_rules: {evolution_strategies: {samples: 5, antithetic: false}}}")
    assert f"{REACH}/evolution_strategies/base" in models_of(load_study(file))
