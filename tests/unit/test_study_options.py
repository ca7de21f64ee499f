"""How the options of a model are resolved, and which of them a run, a table or a learning rate depends on."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.studies import (
    BASE,
    MANTE,
    REACH,
    study,
)

from neurorules.errors import InputError
from neurorules.learning.base.learning_rule import LEARNING_RULES
from neurorules.study.load import Study, load_study
from neurorules.study.model import Model
from neurorules.study.yaml_source import merge

LAYERS = {
    "defaults": ("defaults",),
    "task": ("tasks", REACH),
    "setting": ("settings", "mine"),
    "by_task": ("settings", "mine", "by_task", REACH),
    "by_learning_rule": ("settings", "mine", "by_learning_rule", "eprop"),
}


def nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    return value


@pytest.mark.parametrize("last", range(len(LAYERS)))
def test_later_layers_win(last: int) -> None:
    config: dict[str, Any] = {"settings": {"mine": {}}, "use_figures": ["fig1"]}
    for number, path in enumerate(list(LAYERS.values())[: last + 1]):
        # batch_size: set by all layers so far; units: only by the first
        said = {"training": {"batch_size": 10 + number}}
        if number == 0:
            said["network"] = {"units": 55}
        config = merge(config, nested(path, said))
    options = study(config).options.of(Model(REACH, "eprop", "mine"))
    assert options["training"]["batch_size"] == 10 + last
    assert options["network"]["units"] == 55
    assert options["training"]["learning_rate"] == 1e-3  # set only by config.yaml


def test_a_learning_rule_has_its_own_options_and_no_other() -> None:
    made = study({})
    assert made.options.of(Model(REACH, "truncated_bptt", "base"))["learning"] == {"window_steps": 10}
    assert made.options.of(Model(REACH, "bptt", "base"))["learning"] == {}
    assert made.options.training(Model(REACH, "truncated_bptt", "base"))["learning"] == {"window_steps": 10}
    # a setting's, for that learning rule only
    plain = {rule: made.options.of(Model(REACH, rule, "es-plain"))["learning"] for rule in LEARNING_RULES.names()}
    given = BASE["learning_rules"]
    assert plain.pop("evolution_strategies") == {**given["evolution_strategies"], "antithetic": False}
    assert plain == {rule: given.get(rule, {}) for rule in plain}
    # options of learning do not change any table's comparison or any run of another learning rule
    changed = study({"learning_rules": {"truncated_bptt": {"window_steps": 3}}})
    for rule in ("bptt", "eprop"):
        assert changed.options.training(Model(REACH, rule, "base")) == made.options.training(Model(REACH, rule, "base"))
    assert changed.options.training(Model(REACH, "truncated_bptt", "base"))["learning"] == {"window_steps": 3}


def test_layers_of_another_task_or_learning_rule_do_not_count() -> None:
    mine = {
        "training": {"batch_size": 1},
        "by_task": {MANTE: {"training": {"batch_size": 2}}},
        "by_learning_rule": {"bptt": {"training": {"batch_size": 3}}},
    }
    made = study({"settings": {"mine": mine}})
    sizes = {
        (task, rule): made.options.of(Model(task, rule, "mine"))["training"]["batch_size"]
        for task in (REACH, MANTE)
        for rule in ("bptt", "eprop")
    }
    assert sizes == {(REACH, "eprop"): 1, (MANTE, "eprop"): 2, (REACH, "bptt"): 3, (MANTE, "bptt"): 3}


def test_options_are_copies() -> None:
    made = study({})
    before = deepcopy(made.config)
    options = made.options.of(Model(MANTE, "bptt", "published-code"))
    options["task"]["motion_coherence"].append(0.9)
    options["network"].clear()
    assert made.config == before


def test_comparison_is_no_part_of_training() -> None:
    model = Model(REACH, "bptt", "base")
    before, splits = study({}), study({"defaults": {"comparison": {"noise_floor_repeats": 7}}})
    onset = study({"tasks": {REACH: {"comparison": {"onset_step": 153}}}})
    assert before.options.training(model) == splits.options.training(model) == onset.options.training(model)
    assert before.options.scoring(model, "noise_floor") != splits.options.scoring(model, "noise_floor")
    assert before.options.scoring(model, "distances") == splits.options.scoring(model, "distances")
    for kind in ("noise_floor", "distances"):
        assert before.options.scoring(model, kind) != onset.options.scoring(model, kind)


def test_each_kind_of_table_depends_on_its_own_options_only() -> None:
    made = study({})
    model = Model(REACH, "bptt", "base")
    alignment = {"recording": REACH, "onset_step": 185}
    assert made.options.scoring(model, "learning") == {"comparison": alignment}
    assert made.options.scoring(model, "noise_floor") == {"comparison": {**alignment, "noise_floor_repeats": 200}}
    assert set(made.options.table_options("trial_averaging")) == {"trial_averaging_counts", "trial_averaging_repeats"}


def test_only_tables_with_a_measure_depend_on_its_options() -> None:
    """A study without the measure has the same tables whatever its options are."""
    model = Model(REACH, "bptt", "base")

    def comparison(**options: Any) -> dict[str, Any]:
        of = study({"defaults": {"comparison": options}}).options
        kinds = ("distances", "specifications", "noise_floor")
        return {**{kind: of.scoring(model, kind) for kind in kinds}, "baselines": of.table_options("baselines")}

    tau, with_rsa = {"rsa_comparison": "kendall_tau_a"}, {"measures": ["procrustes", "rsa"]}
    assert comparison() == comparison(**tau)
    spearman, kendall = comparison(**with_rsa), comparison(**with_rsa, **tau)
    assert {kind for kind in kendall if kendall[kind] != spearman[kind]} == {"distances", "baselines"}
    in_multiverse = {"specification_measures": ["rsa"]}
    spearman, kendall = comparison(**in_multiverse), comparison(**in_multiverse, **tau)
    assert {kind for kind in kendall if kendall[kind] != spearman[kind]} == {"specifications"}


# ---- a learning rate that is chosen


ROMO = Model("romo", "eprop", "gain-0.2")


COMPANION_FIG1 = {"use_figures": ["companion_fig1"]}


def test_best_is_a_learning_rate() -> None:
    made = study({**COMPANION_FIG1, "settings": {"lr-1e-3": {"training": {"learning_rate": "best"}}}})
    assert made.options.chooses_learning_rate(ROMO)
    assert made.options.chooses_learning_rate(Model(REACH, "bptt", "lr-1e-3"))
    assert made.options.chooses_learning_rate(Model(REACH, "bptt", "lr-best"))
    assert not made.options.chooses_learning_rate(Model(REACH, "bptt", "base"))
    assert not made.options.chooses_learning_rate(Model("romo", "eprop", "lr-3e-4"))  # a setting wins over the task
    assert made.paths.learning_rate_file(ROMO) == "results/paper/learning_rates/romo/eprop/gain-0.2.json"


def with_training(**options: Any) -> dict[str, Any]:
    return {**COMPANION_FIG1, "tasks": {"romo": {"training": options}}}


def test_the_grid_is_no_part_of_training_and_the_number_of_updates_no_part_of_choosing() -> None:
    before = study(COMPANION_FIG1)
    changes = {"learning_rate_grid": [1e-2], "learning_rate_updates": 7, "learning_rate_seed": 99}
    for option, value in changes.items():
        after = study(with_training(**{option: value}))
        assert after.options.training(ROMO) == before.options.training(ROMO), option
        assert after.options.selection_options(ROMO) != before.options.selection_options(ROMO), option
        assert after.options.selection_options(ROMO)["training"][option] == value
    for option, value in {"updates": 7, "checkpoints": "published", "n_checkpoints": 3}.items():
        after = study(with_training(**{option: value}))
        assert after.options.selection_options(ROMO) == before.options.selection_options(ROMO), option
        assert after.options.training(ROMO) != before.options.training(ROMO), option
    # a network's options and its training count for both
    for option, value in {"batch_size": 5, "flossing_iterations": 3, "activity_penalty": 1.0}.items():
        after = study(with_training(**{option: value}))
        assert after.options.selection_options(ROMO) != before.options.selection_options(
            ROMO
        ) and after.options.training(ROMO) != before.options.training(ROMO), option
    # nothing that tells how to choose is part of a run whose learning rate is a number, either
    fixed = Model("romo", "eprop", "lr-3e-4")
    assert fixed_training(study(with_training(**changes)), fixed) == fixed_training(before, fixed)
    assert set(changes).isdisjoint(before.options.training(fixed)["training"])


def fixed_training(made: Study, model: Model) -> dict[str, Any]:
    assert made.options.training(model)["training"]["learning_rate"] == 3e-4
    return made.options.training(model)


def test_a_learning_rate_is_not_chosen_on_a_network_that_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    mine = {**COMPANION_FIG1, "figures": {"companion_fig1": {"seeds": [3, 1000]}}}
    file.write_text(yaml.safe_dump(mine))
    with pytest.raises(InputError, match="companion_fig1 shows the seed") as caught:
        load_study(file)
    assert (caught.value.key, caught.value.value) == ("defaults.training.learning_rate_seed", 1000)
    assert caught.value.remedy == "Use a seed that no figure shows."
    # the seed is to be changed where it is set
    file.write_text(yaml.safe_dump({**COMPANION_FIG1, "tasks": {"romo": {"training": {"learning_rate_seed": 3}}}}))
    with pytest.raises(InputError) as caught:
        load_study(file)
    error = caught.value
    assert (error.file, error.key, error.value) == (str(file), "tasks.romo.training.learning_rate_seed", 3)
    # a figure of other models may show that seed
    shown = study({"use_figures": ["fig1", "companion_fig1"], "figures": {"fig1": {"seeds": [1000]}}})
    assert shown.selection.figure_seeds("fig1") == [1000]
