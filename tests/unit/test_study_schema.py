"""Types of options: invalid values and their errors, defaults, and the schema for editors."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from helpers.studies import (
    BASE,
    CHOICE,
    DEFAULTS,
    MANTE,
    MAZE,
    REACH,
    STUDY_FILES,
    assert_named,
    figure,
    refused,
    study,
)

from neurorules.study.model import Model
from neurorules.study.schema.editor import editor_schema
from neurorules.study.schema.study_file import OptionGroups
from neurorules.study.yaml_source import REPOSITORY

REFUSED: list[tuple[str, dict[str, Any], str, Any, str]] = [
    # case, study merged into config.yaml, key, value, words of the remedy
    ("misspelt key", {"use_recording": [REACH]}, "use_recording", [REACH], "Did you mean use_recordings?"),
    ("misspelt option", {"defaults": {"network": {"gian": 2}}}, "defaults.network.gian", 2, "Did you mean gain?"),
    (
        "misspelt option in a setting",
        {"settings": {"gain-0.5": {"training": {"lerning_rate": 1}}}},
        "settings.gain-0.5.training.lerning_rate",
        1,
        "Did you mean learning_rate?",
    ),
    ("text for a number", {"defaults": {"network": {"units": "many"}}}, "defaults.network.units", "many", "integer"),
    (
        "exponent without a dot",
        {"defaults": {"training": {"learning_rate": "1e-3"}}},
        "defaults.training.learning_rate",
        "1e-3",
        "write 1.0e-3",
    ),
    (
        "a word for a learning rate",
        {"settings": {"mine": {"training": {"learning_rate": "optimal"}}}},
        "settings.mine.training.learning_rate",
        "optimal",
        "It must be of type number, or best.",
    ),
    (
        "no grid of learning rates",
        {"tasks": {"romo": {"training": {"learning_rate_grid": []}}}},
        "tasks.romo.training.learning_rate_grid",
        [],
        "at least 1",
    ),
    (
        "best of best",
        {"defaults": {"training": {"learning_rate_grid": [1e-3, "best"]}}},
        "defaults.training.learning_rate_grid.1",
        "best",
        "type number.",
    ),
    (
        "a learning rate twice",
        {"defaults": {"training": {"learning_rate_grid": [1e-3, 1e-3]}}},
        "defaults.training.learning_rate_grid",
        [1e-3, 1e-3],
        "must be unique",
    ),
    ("fraction of units", {"defaults": {"network": {"units": 2.5}}}, "defaults.network.units", 2.5, "integer"),
    ("float for an integer", {"defaults": {"network": {"units": 8.0}}}, "defaults.network.units", 8.0, "integer"),
    ("yes for an integer", {"seeds_per_job": True}, "seeds_per_job", True, "integer"),
    (
        "negative gain",
        {"settings": {"mine": {"network": {"gain": -1}}}},
        "settings.mine.network.gain",
        -1,
        "at least 0",
    ),
    (
        "no learning",
        {"defaults": {"training": {"learning_rate": 0}}},
        "defaults.training.learning_rate",
        0,
        "greater than 0",
    ),
    (
        "infinite gain",
        {"defaults": {"network": {"gain": float("inf")}}},
        "defaults.network.gain",
        float("inf"),
        "number",
    ),
    (
        "unknown choice",
        {"defaults": {"network": {"activation": "sigmoid"}}},
        "defaults.network.activation",
        "sigmoid",
        "retanh, relu, tanh",
    ),
    ("no seeds", {"seeds": []}, "seeds", [], "at least 1"),
    ("a seed twice", {"seeds": [0, 1, 0]}, "seeds", [0, 1, 0], "must be unique"),
    ("negative seed", {"seeds": [0, -1]}, "seeds.1", -1, "at least 0"),
    ("a list wanted", {"use_figures": "fig1"}, "use_figures", "fig1", "array"),
    ("an emptied catalogue", {"settings": None}, "settings", None, "object"),
    ("path for a name", {"study": "../elsewhere"}, "study", "../elsewhere", "letters"),
    (
        "learning for all learning rules",
        {"settings": {"base": {"learning": {"mu": 0.3}}}},
        "settings.base.learning",
        {"mu": 0.3},
        "by_learning_rule",
    ),
    (
        "density of no weights",
        {"settings": {"sparse": {"network": {"density": 0}}}},
        "settings.sparse.network.density",
        0,
        "greater than 0",
    ),
    (
        "density above 1",
        {"settings": {"sparse": {"network": {"density": 25}}}},
        "settings.sparse.network.density",
        25,
        "at most 1",
    ),
    (
        "a private recording's empty path",
        {"recordings": {MAZE: {"path": ""}}},
        f"recordings.{MAZE}.path",
        "",
        "must not be empty",
    ),
    ("yes as an option of a task", {"tasks": {MANTE: {"task": {True: 1}}}}, f"tasks.{MANTE}.task.True", True, "quotes"),
    (
        "a year as a period of an environment",
        {"tasks": {CHOICE: {"task": {"timing": {2024: 1}}}}},
        f"tasks.{CHOICE}.task.timing.2024",
        2024,
        "quotes",
    ),
    (
        "a date as an option of an environment",
        {"tasks": {CHOICE: {"task": {"since": date(2024, 1, 1)}}}},
        f"tasks.{CHOICE}.task.since",
        date(2024, 1, 1),
        "of type string or number",
    ),
    ("a number as a key", {"defaults": {"network": {1: 2, "gian": 3}}}, "defaults.network.1", 2, "Allowed: activation"),
]


@pytest.mark.parametrize(
    ("over", "key", "value", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_mistakes_are_named(tmp_path: Path, over: dict[str, Any], key: str, value: Any, words: str) -> None:
    assert_named(tmp_path, over, key, value, words)


def test_not_a_number_is_none() -> None:
    """In YAML: .nan"""
    assert refused({"defaults": {"training": {"learning_rate": float("nan")}}}).key == "defaults.training.learning_rate"


def test_extra_models_have_no_seeds_and_no_extra_models_of_their_own() -> None:
    for key, value in (("seeds", [1]), ("extra_models", [{}]), ("setting", ["base"])):
        error = refused(figure(REACH, extra_models=[{key: value}]))
        assert (error.problem, error.key) == ("Unknown key.", f"figures.fig1.extra_models.0.{key}")


def test_seeds_of_the_command_line_are_numbers() -> None:
    """Snakemake hands `--config seeds=[0,12]` over as a list of strings."""
    assert study({"seeds": ["0", "12"]}).config["seeds"] == [0, 12]
    assert refused({"seeds": ["0", "x"]}).key == "seeds.1"
    assert refused({"seeds": ["1", 1]}).value == [1, 1]


def test_defaults_are_allowed_values() -> None:
    OptionGroups.model_validate(DEFAULTS)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
def test_integers_have_at_most_64_bits(number: int) -> None:
    """JSON has longer ones, NumPy has not."""
    for key in (
        ("defaults", "training", "updates"),
        ("defaults", "network", "gain"),
        ("tasks", MANTE, "task", "dt_ms"),
    ):
        over: Any = number
        for name in reversed(key):
            over = {name: over}
        assert (refused(over).key, refused(over).value) == (".".join(key), number)


@pytest.mark.parametrize("value", [True, "1", 1.0, None, [1]])
def test_nothing_becomes_an_integer(value: object) -> None:
    error = refused({"defaults": {"training": {"updates": value}}})
    assert (error.key, error.value) == ("defaults.training.updates", value) and type(error.value) is type(value)


def test_a_value_that_is_allowed_stays_as_it_is_written() -> None:
    gains = [1, 1.0]
    for gain in gains:
        made = study({"defaults": {"network": {"gain": gain}}}).options.of(Model(REACH, "bptt", "base"))
        assert made["network"]["gain"] == gain and type(made["network"]["gain"]) is type(gain)


# ---- the schema for editors


@cache
def validator() -> Any:
    schema = editor_schema(BASE["tasks"], BASE["networks"])
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("file", [*STUDY_FILES, REPOSITORY / "tests/config/tiny.yaml"], ids=lambda file: file.name)
def test_editors_take_every_study_file_and_find_the_schema(file: Path) -> None:
    first, *_ = file.read_text().splitlines()
    path = first.removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / path).resolve() == REPOSITORY / "workflow/schemas/config.schema.json"
    assert list(validator().iter_errors(yaml.safe_load(file.read_text()))) == []


@pytest.mark.parametrize(
    "over",
    [
        {"defaults": {"network": {"gian": 1}}},
        {"defaults": {"training": {"learning_rate": "optimal"}}},
        {"defaults": {"comparison": {"measures": ["procrustis"]}}},
        {"use_figures": ["fig0"]},
        {"figures": {"fig1": {"learning_rules": ["e-prop"]}}},
        {"figures": {"fig0": {}}},
        {"learning_rules": {"modprop": {"tap": 3}}},
        {"learning_rules": {"modprop": {"variant": "code"}}},
        {"tasks": {MANTE: {"task": {"delay": 300}}}},
        {"tasks": {"mine": {"module": "maze"}}},
        {"recordings": {REACH: {"reader": "hatsopoulos"}}},
        {"settings": {"mine": {"by_task": {REACH: {"network": {"units": 1.5}}}}}},
    ],
    ids=str,
)
def test_editors_mark_what_planning_refuses(over: dict[str, Any]) -> None:
    assert list(validator().iter_errors(over))
    refused({**over, "use_recordings": [REACH], "use_figures": over.get("use_figures", ["fig1", "fig7"])})


def test_editors_say_what_every_option_means() -> None:
    schema = editor_schema(BASE["tasks"], BASE["networks"])
    for group, options in DEFAULTS.items():
        shown = schema["$defs"][group.capitalize()]["properties"]
        assert all(shown[name]["description"] for name in options)
    assert "A.3" in schema["$defs"]["Network"]["properties"]["units"]["description"]
    assert "](" not in str(schema)
