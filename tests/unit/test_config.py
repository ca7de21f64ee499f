"""Study files: what they select, how options are resolved, what is refused, and that config/README.md tells it all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from neurorules.cli.main import main
from neurorules.errors import InputError
from neurorules.figures.base.figure import figure_names, needs_recording
from neurorules.learning.base.learning_rule import learning_rule_names, load_learning_rule
from neurorules.recordings.synthetic.base.write import SYNTHETIC
from neurorules.study.load import Study, load_study
from neurorules.study.model import Block, Model, subset_name
from neurorules.study.schema import SCHEMA
from neurorules.study.yaml_source import BASE_CONFIG, REPOSITORY, merge
from neurorules.tasks.base.task import task_names

REACH, MANTE, MAZE, CHOICE = "hatsopoulos2007", "mante2013", "sussillo2015", "perceptual-decision"
REACH_COMPANION = "reach-companion"
SYNTHETIC_DEFAULTS = {name: SYNTHETIC.load(name).DEFAULTS for name in (MANTE, REACH, MAZE)}
STUDY_FILES = sorted((REPOSITORY / "config").glob("*.yaml"))
BASE = yaml.safe_load(BASE_CONFIG.read_text())


loaded = cache(load_study)  # for studies that are only looked at


def study(over: dict[str, Any]) -> Study:
    """config.yaml with something laid over it."""
    return Study(merge(BASE, over))


def refused(over: dict[str, Any]) -> InputError:
    with pytest.raises(InputError) as caught:
        study(over)
    return caught.value


# ---- what is selected


def models_of(study: Study) -> set[str]:
    return {str(model) for model in study.selection.seeds}


def models(tasks: str, rules: str, settings: str) -> set[str]:
    """Every combination of names that are separated by spaces."""
    return {f"{task}/{rule}/{name}" for task in tasks.split() for rule in rules.split() for name in settings.split()}


def test_reach_plans_what_one_recording_shows() -> None:
    reach = load_study(REPOSITORY / "config" / "reach.yaml")
    of_two_seeds = models(REACH, "bptt eprop", "gain-0.1 gain-0.25 gain-0.75 gain-2")
    of_four_seeds = (
        models(REACH, "bptt eprop", "base gain-0 gain-0.5 gain-1.5")
        | models(REACH, "truncated_bptt feedback_alignment eprop_random_feedback", "base")
        | models(REACH, "bptt", "lr-3e-4 lr-1e-4 lr-3e-5")
    )
    expected = {name: [0, 1] if name in of_two_seeds else [0, 1, 2, 3] for name in of_two_seeds | of_four_seeds}
    assert {str(model): seeds for model, seeds in reach.selection.seeds.items()} == expected
    assert {reach.options.recording(model) for model in reach.selection.seeds} == {REACH}
    assert all(reach.selection.left_out(name) == [] for name in reach.selection.figures)
    assert not reach.selection.recording_entry(REACH)["synthetic"]
    rates = {
        rule: reach.options.of(Model(REACH, rule, name))["training"]["learning_rate"]
        for rule in ("bptt", "eprop", "eprop_random_feedback", "feedback_alignment")
        for name in ("base", "gain-0.5")
    }
    assert rates == {"bptt": 1e-3, "eprop": 3e-4, "eprop_random_feedback": 3e-4, "feedback_alignment": 1e-3}


def test_reach_long_adds_what_takes_long() -> None:
    short, long = (load_study(REPOSITORY / "config" / f"{name}.yaml") for name in ("reach", "reach-long"))
    assert set(short.selection.seeds) < set(long.selection.seeds) and set(short.selection.figures) < set(
        long.selection.figures
    )
    assert all(short.options.training(model) == long.options.training(model) for model in short.selection.seeds)
    added = {model.learning_rule for model in set(long.selection.seeds) - set(short.selection.seeds)}
    assert {"node_perturbation", "evolution_strategies"} <= added
    assert long.selection.seeds[Model(REACH, "bptt", "base")] == list(range(10))
    gains = {long.options.of(model)["network"]["gain"] for model in long.selection.figures["gain_map"]}
    assert gains >= {round(0.1 * n, 1) for n in range(1, 21)}


RECORDED = f"{MANTE} {REACH} {MAZE}"
BOTH = "bptt eprop"
GAINS = models(RECORDED, BOTH, "gain-0 gain-0.5 base gain-1.5")
BASE_ONLY = models(RECORDED, BOTH, "base")
RATES = models(RECORDED, "bptt", "base lr-3e-4 lr-1e-4 lr-3e-5") | models(RECORDED, "eprop", "base")
CODE = models(RECORDED, BOTH, "published-code")
FINE_GAINS = "base " + " ".join(f"gain-{n / 10:g}" for n in range(1, 21) if n != 10)
OF_ALL = "units-doubled batch-50 batch-200 tau-20"
UNRECORDED = "romo 2af dms"
COMPANION_GAINS = "gain-0 gain-0.2 gain-0.5 base gain-1.2 gain-1.5"
FLOSSED = "gain-0-flossed gain-0.2-flossed gain-0.5-flossed flossed gain-1.2-flossed gain-1.5-flossed"
OF_COMPANION: dict[str, set[str]] = {
    "companion_fig1": models("romo", BOTH, COMPANION_GAINS),
    "companion_fig2": models("2af dms", BOTH, COMPANION_GAINS),
    "companion_fig3": models(UNRECORDED, BOTH, COMPANION_GAINS) | models(UNRECORDED, "eprop", FLOSSED),
    "companion_fig4": models(UNRECORDED, "eprop", f"{COMPANION_GAINS} {FLOSSED}"),
    "companion_fig5": models("romo", BOTH, f"{COMPANION_GAINS} gain-0.1 gain-0.3 gain-0.4 gain-0.7"),
    "companion_distance": models(
        REACH_COMPANION, BOTH, f"{COMPANION_GAINS} {FLOSSED}".replace("gain-1.5-flossed", "").replace("gain-1.5", "")
    ),
}
FIGURES: dict[str, set[str]] = {
    "fig1": models(f"{MANTE} {REACH}", "bptt truncated_bptt eprop", "base")
    | models(MAZE, "bptt truncated_bptt eprop", "sparse"),
    "fig2": GAINS,
    "table1": GAINS,
    "table2": BASE_ONLY,
    "fig3": RATES,
    "fig4": BASE_ONLY,
    "fig5": CODE,
    "table3": CODE,
    "proposition": set(),
    "fig6": models(RECORDED, "bptt truncated_bptt eprop", "base"),
    "fig7": models(RECORDED, BOTH, "noiseless sparse dale dale-relu") | models(RECORDED, "modprop", "dale-relu"),
    "fig8": models(RECORDED, BOTH, "base gain-0 gain-2"),
    "fig9": models(RECORDED, f"{BOTH} node_perturbation evolution_strategies", "base"),
    "fig10": models(RECORDED, f"{BOTH} feedback_alignment eprop_random_feedback", "base"),
    "table4": set(),
    "robustness": models(MANTE, BOTH, f"{OF_ALL} dt-15 fixation-doubled delay-doubled decision-doubled")
    | models(f"{REACH} {MAZE}", BOTH, f"{OF_ALL} intervals-doubled"),
    "gain_map": models(RECORDED, BOTH, FINE_GAINS),
    "alignment": models(f"{REACH} {MAZE}", BOTH, "base"),
    "slow_bptt": RATES,
    "learning_curves": models(f"{RECORDED} {CHOICE}", BOTH, "base"),
    "model_distances": models(CHOICE, BOTH, "base"),
    **OF_COMPANION,
    "claims": set(),
}

# What the demo shows less of: tasks, and settings where it has others.
DEMO_TASKS = {
    **dict.fromkeys(
        ("fig2", "table1", "fig3", "fig8", "fig9", "robustness", "gain_map", "alignment", "slow_bptt"), REACH
    ),
    **dict.fromkeys(("table2", "fig4", "fig6", "fig7"), f"{MANTE} {REACH}"),
    "fig10": f"{REACH} {MAZE}",
    "learning_curves": f"{MANTE} {REACH} {CHOICE}",
}
DEMO_RATES = models(REACH, "bptt", "base lr-1e-3 lr-3e-4") | models(REACH, "eprop", "base")
DEMO_FLOSSED = "gain-0.2-flossed flossed"
IN_DEMO = {
    "fig3": DEMO_RATES,
    "slow_bptt": DEMO_RATES,
    "robustness": models(REACH, BOTH, "units-doubled tau-20"),
    "gain_map": models(REACH, BOTH, "gain-0.2 gain-0.5 base gain-1.5 gain-2"),
    "companion_fig1": models("romo", BOTH, "gain-0.2 base gain-1.5"),
    "companion_fig2": models("2af dms", "eprop", "gain-0.2 base"),
    "companion_fig3": models("romo", BOTH, "gain-0.2 base gain-1.5") | models("romo", "eprop", DEMO_FLOSSED),
    "companion_fig4": models("romo", "eprop", f"gain-0.2 base {DEMO_FLOSSED}"),
    "companion_fig5": models("romo", "eprop", "gain-0.2 gain-0.5 base gain-1.5"),
    "companion_distance": models(REACH_COMPANION, "eprop", f"gain-0.2 base {DEMO_FLOSSED}"),
}


def test_demo_shows_every_figure_from_synthetic_recordings() -> None:
    demo = load_study(REPOSITORY / "config" / "demo.yaml")
    for name, shown in demo.selection.figures.items():
        tasks = DEMO_TASKS.get(name, f"{RECORDED} {CHOICE}").split()
        expected = IN_DEMO.get(name, {model for model in FIGURES[name] if model.split("/")[0] in tasks})
        assert set(map(str, shown)) == expected
    assert set(demo.selection.figures) == set(FIGURES) == set(figure_names())
    assert all(demo.selection.left_out(name) == [] for name in demo.selection.figures)
    assert all(seeds == [0, 1] for seeds in demo.selection.seeds.values())
    assert [block.seeds for block in demo.selection.blocks] == [(0, 1)]
    assert set(demo.selection.blocks[0].models) == set(demo.selection.seeds)
    assert sum(map(len, demo.selection.seeds.values())) <= 160
    compared = {demo.options.recording(model) for model in demo.selection.seeds}
    assert compared == {REACH, MAZE, "mante2013-dt15", None}
    assert all(demo.selection.recording_entry(name)["synthetic"] for name in demo.selection.used_recordings)


def test_the_default_study_shows_the_same_without_the_private_recording() -> None:
    of_maze = {name for shown in FIGURES.values() for name in shown if name.startswith(MAZE)}
    assert {name: set(map(str, shown)) for name, shown in loaded().selection.figures.items()} == {
        name: shown - of_maze for name, shown in FIGURES.items()
    }
    ten, five = FIGURES["fig3"], set().union(*OF_COMPANION.values())
    expected = {
        model: 10 if str(model) in ten else 5 if str(model) in five else 4 for model in loaded().selection.seeds
    }
    assert {model: len(seeds) for model, seeds in loaded().selection.seeds.items()} == expected


def test_the_companions_study_shows_its_figures_and_no_other() -> None:
    companion = loaded(REPOSITORY / "config" / "companion.yaml")
    shown = {name: set(map(str, of_figure)) for name, of_figure in companion.selection.figures.items()}
    assert shown == {**OF_COMPANION, "claims": set()}
    assert all(seeds == [0, 1, 2, 3, 4] for seeds in companion.selection.seeds.values())
    assert [block.seeds for block in companion.selection.blocks] == [(0, 1, 2, 3, 4)]
    # the same networks as those of the default study
    assert all(
        companion.options.training(model) == loaded().options.training(model) for model in companion.selection.seeds
    )
    # all but one do without a recording
    without = {name for name in companion.selection.figures if not needs_recording(name)}
    assert {name for name in companion.selection.figures if companion.selection.figure_recordings(name)} == {
        "companion_distance"
    }
    assert without == {*OF_COMPANION, "claims"} - {"companion_distance"}


def test_the_companions_networks_are_what_its_appendix_says() -> None:
    """Appendix A: 64 units, batches of 32, Adam, the best of four learning rates, 100 iterations of flossing."""
    for model, seeds in loaded(REPOSITORY / "config" / "companion.yaml").selection.seeds.items():
        options = loaded().options.of(model)
        training, network = options["training"], options["network"]
        assert (network["units"], network["activation"], training["batch_size"], len(seeds)) == (64, "relu", 32, 5)
        assert (training["optimiser"], training["learning_rate"]) == ("adam", "best")
        assert training["learning_rate_grid"] == [1e-4, 3e-4, 1e-3, 3e-3]
        assert training["flossing_iterations"] == (100 if "flossed" in model.setting else 0)
        assert training["flossing_local"] is True
        gain = model.setting.removesuffix("-flossed").removeprefix("gain-")
        assert network["gain"] == (1.0 if gain in ("base", "flossed") else float(gain))


def test_catalogues_make_no_work() -> None:
    more = {
        "recordings": {"another": {"reader": MANTE, "source": "raw"}},
        "learning_rules": {"bptt": {}},
        "tasks": {"mante-long": {**BASE["tasks"][MANTE], "module": MANTE}},
        "settings": {"gain-9": {"network": {"gain": 9.0}}},
    }
    assert study(more).selection.seeds == study({}).selection.seeds
    only_fig1 = study({"use_figures": ["fig1"]})
    assert models_of(only_fig1) == models(f"{MANTE} {REACH}", "bptt truncated_bptt eprop", "base")


def test_a_model_is_planned_only_where_its_recording_is_used() -> None:
    # published-code compares mante2013 with the recording mante2013-dt15
    only_dt15 = study({"use_recordings": ["mante2013-dt15", REACH], "use_figures": ["fig1", "fig5"]})
    assert f"{MANTE}/bptt/published-code" in models_of(only_dt15)
    assert f"{MANTE}/bptt/base" not in models_of(only_dt15)
    assert only_dt15.selection.left_out("fig1") == [MANTE, MAZE]
    assert only_dt15.selection.left_out("fig5") == [MAZE]


def test_a_figure_may_have_seeds_of_its_own_and_shares_its_models() -> None:
    own = study(
        {
            "seeds": [1, 0],
            "use_recordings": [REACH],
            "use_figures": ["fig1", "fig5"],
            "figures": {"fig1": {"settings": ["published-code"], "learning_rules": ["bptt"], "seeds": [7, 1]}},
        }
    )
    assert own.selection.figure_seeds("fig1") == [1, 7]
    assert own.selection.figure_seeds("fig5") == [0, 1]
    assert own.selection.seeds == {
        Model(REACH, "bptt", "published-code"): [0, 1, 7],
        Model(REACH, "eprop", "published-code"): [0, 1],
    }


def figure(*tasks: str, extra_models: list[dict[str, list[str]]], rules: tuple[str, ...] = ("bptt",)) -> dict[str, Any]:
    """A study of Figure 1 with the setting base and more models."""
    entry = {"tasks": list(tasks), "learning_rules": list(rules), "settings": ["base"], "extra_models": extra_models}
    return {"use_figures": ["fig1"], "figures": {"fig1": entry}}


def test_also_is_laid_over_the_figures_own_lists() -> None:
    extra_models = [{"settings": ["sparse", "base"]}, {"tasks": [MANTE], "learning_rules": ["eprop"]}, {}]
    shown = study(figure(REACH, extra_models=extra_models))
    assert models_of(shown) == models(REACH, "bptt", "base sparse") | models(MANTE, "eprop", "base")
    # each model once, in the order in which they are named first
    assert [str(model) for model in shown.selection.figures["fig1"]] == [
        f"{REACH}/bptt/base",
        f"{REACH}/bptt/sparse",
        f"{MANTE}/eprop/base",
    ]
    assert shown.selection.left_out("fig1") == []
    private = study(figure(REACH, extra_models=[{"tasks": [MAZE, REACH], "settings": ["sparse"]}]))
    assert private.selection.left_out("fig1") == [MAZE]


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ({"tasks": ["maze"]}, "tasks", "maze"),
        ({"learning_rules": ["e-prop"]}, "learning_rules", "e-prop"),
        ({"settings": ["spars"]}, "settings", "spars"),
    ],
)
def test_names_in_also_are_checked(part: dict[str, list[str]], key: str, value: str) -> None:
    error = refused(figure(REACH, extra_models=[{}, part]))
    assert (error.key, error.value) == (f"figures.fig1.extra_models.1.{key}", value)


def test_also_has_no_seeds_and_no_also_of_its_own() -> None:
    for key, value in (("seeds", [1]), ("extra_models", [{}]), ("setting", ["base"])):
        error = refused(figure(REACH, extra_models=[{key: value}]))
        assert (error.problem, error.key) == ("This key is not known.", f"figures.fig1.extra_models.0.{key}")


def test_an_empty_also_takes_out_what_config_yaml_has() -> None:
    fig1 = {"tasks": [REACH], "learning_rules": ["bptt"], "settings": ["base"]}
    over = {"use_figures": ["fig1"], "recordings": {MAZE: {"path": "/mnt/maze"}}}
    with_it, without = (study({**over, "figures": {"fig1": fig}}) for fig in (fig1, {**fig1, "extra_models": []}))
    assert {model.task for model in with_it.selection.seeds} == {REACH, MAZE}
    assert {model.task for model in without.selection.seeds} == {REACH}


def test_distances_between_models_need_two_networks() -> None:
    alone = {"learning_rules": ["bptt"], "seeds": [0]}
    error = refused({"use_figures": ["model_distances"], "figures": {"model_distances": alone}})
    assert error.key == "figures.model_distances" and "two seeds" in str(error.remedy)
    two_rules = study({"use_figures": ["model_distances"], "figures": {"model_distances": {"seeds": [0]}}})
    assert [[m.learning_rule for m in group] for group in two_rules.selection.groups.values()] == [["bptt", "eprop"]]


def test_a_reach_cannot_do_without_its_recording() -> None:
    error = refused({"settings": {"base": {"by_task": {REACH: {"comparison": {"recording": None}}}}}})
    assert error.key == f"settings.base.by_task.{REACH}.comparison.recording"


# ---- recordings that are private, and tasks without any


def test_a_private_recording_needs_its_path() -> None:
    files = {"recordings": {MAZE: {"path": "/mnt/maze"}}}
    synthetic = {"recordings": {MAZE: {"synthetic": True}}}
    without = study({})
    assert MAZE in without.config["use_recordings"]
    assert MAZE not in without.selection.used_recordings
    of_maze = {name for name, shown in FIGURES.items() if any(model.startswith(MAZE) for model in shown)}
    assert {name for name in without.selection.figures if without.selection.left_out(name) == [MAZE]} == of_maze
    assert not [model for model in without.selection.seeds if model.task == MAZE]
    for change in (files, synthetic):
        made = study(change)
        assert MAZE in made.selection.used_recordings
        assert {name: set(map(str, shown)) for name, shown in made.selection.figures.items()} == FIGURES
        assert {name: left for name in made.selection.figures if (left := made.selection.left_out(name))} == {
            "table4": [f"{REACH}-trials"]
        }
        assert {made.options.training_recording(model) for model in made.selection.seeds if model.task == MAZE} == {
            MAZE
        }
        # found in its folder or written, never downloaded
        assert MAZE not in {reader for reader, _ in made.selection.sources()}
    # where the files lie is no part of what is made of them
    elsewhere = study({"recordings": {MAZE: {"path": "/elsewhere"}}})
    assert (
        "/mnt/maze" not in str(study(files).selection.recording_spec(MAZE))
        and study(files).selection.recording_spec(MAZE)["reader"] == MAZE
    )
    assert elsewhere.selection.recording_spec(MAZE) == study(files).selection.recording_spec(MAZE)
    # in the folder alone it is not used
    assert study({**files, "use_recordings": [REACH], "use_figures": ["fig5"]}).selection.left_out("fig5") == [
        MANTE,
        MAZE,
    ]


def test_a_figure_of_a_private_recording_alone_is_refused_without_its_path() -> None:
    alone = figure(MAZE, extra_models=[{"settings": ["sparse"]}])
    error = refused(alone)
    assert (error.key, error.value) == ("use_figures", "fig1")
    assert error.remedy is not None and "a private one needs its path" in error.remedy
    assert models_of(study(merge(alone, {"recordings": {MAZE: {"path": "/mnt/maze"}}}))) == models(
        MAZE, "bptt", "base sparse"
    )


def test_a_task_without_a_recording_is_shown_where_none_is_needed() -> None:
    without = {"learning_curves", "model_distances", "slow_bptt", "proposition", "claims"}
    without |= set(OF_COMPANION) - {"companion_distance"}
    assert {name for name in figure_names() if not needs_recording(name)} == without
    both = {"tasks": [CHOICE, REACH], "learning_rules": ["bptt"], "settings": ["base"]}
    made = study({"use_figures": ["learning_curves", "fig1"], "figures": {"learning_curves": both, "fig1": both}})
    assert set(map(str, made.selection.figures["learning_curves"])) == models(f"{CHOICE} {REACH}", "bptt", "base")
    assert set(map(str, made.selection.figures["fig1"])) == models(REACH, "bptt", "base")
    assert made.selection.left_out("fig1") == [CHOICE, MAZE]  # the latter by `extra_models`
    model = Model(CHOICE, "bptt", "base")
    assert made.options.recording(model) is None and made.options.training_recording(model) is None
    assert refused(figure(CHOICE, extra_models=[{}])).key == "use_figures"


def test_environments_take_any_parameter_and_other_tasks_none() -> None:
    task = {"env": "DelayMatchSample-v0", "dt_ms": 20, "steps": 135, "test_trials": 4, "dim_ring": 2}
    made = study(
        {
            "tasks": {"match": {"module": "neurogym", "task": task}},
            "settings": {"wide": {"by_task": {"match": {"task": {"dim_ring": 8}}}}},
            "figures": {"learning_curves": {"tasks": ["match"], "settings": ["base", "wide"]}},
        }
    )
    assert made.options.of(Model("match", "bptt", "base"))["task"] == task
    assert made.options.training(Model("match", "bptt", "wide"))["task"] == {**task, "dim_ring": 8}
    assert made.options.task_module("match") == "neurogym"
    for name in (MANTE, REACH, MAZE):
        error = refused({"tasks": {name: {"task": {"dim_ring": 2}}}})
        assert (error.key, error.value) == (f"tasks.{name}.task.dim_ring", "dim_ring")
    error = refused({"tasks": {"match": {"module": "neurogym", "task": {"env": "DelayMatchSample-v0"}}}})
    assert (error.problem, error.key) == ("A key is missing.", "tasks.match.task.dt_ms")


# ---- groups of models


def test_a_group_holds_the_models_of_one_task_and_one_recording() -> None:
    made = study(
        {
            "use_figures": ["model_distances", "fig1"],
            "figures": {
                "model_distances": {
                    "tasks": [MANTE, REACH],
                    "learning_rules": ["eprop", "bptt"],
                    "settings": ["base"],
                    "extra_models": [{"tasks": [MANTE], "learning_rules": ["bptt"], "settings": ["dt-15"]}],
                }
            },
        }
    )
    name = "model_distances"
    assert made.selection.groups == made.selection.figure_groups(name)
    assert made.selection.groups == {
        f"{name}/{REACH}/{REACH}": (Model(REACH, "bptt", "base"), Model(REACH, "eprop", "base")),
        f"{name}/{MANTE}/{MANTE}": (Model(MANTE, "bptt", "base"), Model(MANTE, "eprop", "base")),
        f"{name}/{MANTE}/{MANTE}-dt15": (Model(MANTE, "bptt", "dt-15"),),
    }
    assert made.selection.figure_groups("fig1") == {}
    file = f"results/paper/similarity/groups/{name}/{REACH}/{REACH}/model_distances.csv"
    assert file in made.paths.figure_tables(name)


def test_a_single_network_makes_no_group() -> None:
    models = {"tasks": [REACH], "learning_rules": ["bptt"], "settings": ["base"]}
    made = {"use_figures": ["model_distances"], "figures": {"model_distances": models}}
    assert refused({**made, "seeds": [3]}).key == "figures.model_distances"
    assert len(study({**made, "seeds": [3, 4]}).selection.groups) == 1


def test_a_figure_of_recordings_describes_those_it_names_or_those_of_its_models() -> None:
    made = study({"use_figures": ["table4", "fig1"], "use_recordings": [MANTE, REACH]})
    assert made.selection.figure_recordings("table4") == [MANTE]
    assert made.paths.figure_tables("table4") == [f"results/paper/similarity/recordings/{MANTE}/trial_averaging.csv"]
    assert made.selection.figure_recordings("fig1") == sorted([MANTE, REACH])
    assert refused({"use_figures": ["table4"], "use_recordings": [REACH]}).key == "use_figures"


def test_claims_are_decided_from_the_tables_of_the_figures_that_they_are_about() -> None:
    made = study({"use_figures": ["claims", "fig1", "alignment", "table3"]})
    inputs = made.paths.figure_inputs("claims")
    assert list(inputs) == ["fig1", "table3"]  # no claim is about alignment
    tables = {name: {Path(file).stem for file in files} for name, files in inputs.items()}
    assert tables == {"fig1": {"distances"}, "table3": {"noise_floor"}}
    assert set(inputs["fig1"]) < set(made.paths.figure_tables("fig1"))  # without baselines
    assert made.paths.figure_inputs("table3") == {"table3": made.paths.figure_tables("table3")}


def test_each_kind_of_table_depends_on_its_own_options_only() -> None:
    made = study({})
    model = Model(REACH, "bptt", "base")
    alignment = {"recording": REACH, "onset_step": 185}
    assert made.options.scoring(model, "learning") == {"comparison": alignment}
    assert made.options.scoring(model, "noise_floor") == {"comparison": {**alignment, "noise_floor_repeats": 200}}
    assert set(made.options.table_options("trial_averaging")) == {"trial_averaging_counts", "trial_averaging_repeats"}


# ---- seeds that are scored together


def test_seeds_of_a_model_are_scored_in_parts_that_figures_share() -> None:
    base = {"tasks": [REACH], "learning_rules": ["bptt"], "settings": ["base"], "extra_models": []}
    made = study(
        {
            "use_figures": ["fig1", "fig4", "fig10"],
            "figures": {
                "fig1": {**base, "seeds": [0, 1, 2, 5]},
                "fig4": {**base, "seeds": [1, 2]},
                "fig10": {**base, "seeds": [9, 5]},
            },
        }
    )
    model = Model(REACH, "bptt", "base")
    assert made.selection.seed_subsets["distances"][model] == {"seeds0-2": [0, 1, 2], "seeds5": [5], "seeds9": [9]}
    folder = f"results/paper/similarity/{model}"
    assert made.paths.figure_tables("fig10") == [f"{folder}/seeds5/distances.csv", f"{folder}/seeds9/distances.csv"]
    # of another kind of table
    assert made.paths.figure_tables("fig4") == [f"{folder}/seeds1-2/dpca.csv"]


def test_names_of_parts() -> None:
    assert subset_name([3]) == "seeds3"
    assert subset_name([0, 1, 2, 5, 7, 8]) == "seeds0-2_5_7-8"


# ---- training jobs


@pytest.mark.parametrize(
    ("size", "blocks"),
    [
        (1, [(0,), (1,), (2,), (3,), (4,)]),
        (2, [(0, 1), (2, 3), (4,)]),
        (3, [(0, 1, 2), (3, 4)]),
        (5, [(0, 1, 2, 3, 4)]),
        (9, [(0, 1, 2, 3, 4)]),
    ],
)
def test_blocks_of_seeds(size: int, blocks: list[tuple[int, ...]]) -> None:
    made = study({"seeds": [4, 2, 0, 1, 3], "seeds_per_job": size, "use_figures": ["fig1"]})
    assert [block.seeds for block in made.selection.blocks] == blocks
    assert all(block.models == tuple(made.selection.seeds) for block in made.selection.blocks)


def test_a_gpu_trains_all_seeds_of_a_model_in_one_job() -> None:
    change = {"seeds": [4, 2, 0], "use_figures": ["fig1"]}
    on_gpu = study({**change, "defaults": {"training": {"device": "cuda"}}})
    assert [block.seeds for block in on_gpu.selection.blocks] == [(0, 2, 4)]
    assert set(on_gpu.selection.blocks[0].models) == set(on_gpu.selection.seeds) == set(study(change).selection.seeds)
    # the device is part of what a run is
    model = Model(REACH, "bptt", "base")
    assert (
        on_gpu.options.training(model)["training"]["device"]
        == "cuda"
        != study(change).options.training(model)["training"]["device"]
    )

    # one task on a GPU, the other on the CPU
    mixed = study({**change, "tasks": {REACH: {"training": {"device": "cuda"}}}})
    assert {block.seeds: {model.task for model in block.models} for block in mixed.selection.blocks} == {
        (0, 2, 4): {REACH},
        (0,): {MANTE},
        (2,): {MANTE},
        (4,): {MANTE},
    }
    assert refused({"defaults": {"training": {"device": "gpu"}}}).key == "defaults.training.device"


def test_models_of_other_seeds_stand_in_blocks_of_their_own() -> None:
    made = study(
        {
            "seeds": [0, 1],
            "seeds_per_job": 2,
            "use_recordings": [REACH],
            "use_figures": ["fig1", "fig5"],
            "figures": {
                "fig1": {"learning_rules": ["bptt"], "settings": ["base"], "seeds": [0, 1, 2]},
                "fig5": {"learning_rules": ["eprop"]},
            },
        }
    )
    bptt, eprop = Model(REACH, "bptt", "base"), Model(REACH, "eprop", "published-code")
    assert made.selection.blocks == [Block((0, 1), (bptt, eprop)), Block((2,), (bptt,))]


# ---- which option wins

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
        # batch_size: said by all layers so far; units: by the first alone
        said = {"training": {"batch_size": 10 + number}}
        if number == 0:
            said["network"] = {"units": 55}
        config = merge(config, nested(path, said))
    options = study(config).options.of(Model(REACH, "eprop", "mine"))
    assert options["training"]["batch_size"] == 10 + last
    assert options["network"]["units"] == 55
    assert options["training"]["learning_rate"] == 1e-3  # said by nobody but config.yaml


def test_a_learning_rule_has_its_own_options_and_no_other() -> None:
    made = study({})
    assert made.options.of(Model(REACH, "truncated_bptt", "base"))["learning"] == {"window_steps": 10}
    assert made.options.of(Model(REACH, "bptt", "base"))["learning"] == {}
    assert made.options.training(Model(REACH, "truncated_bptt", "base"))["learning"] == {"window_steps": 10}
    # a setting's, for that learning rule only
    plain = {rule: made.options.of(Model(REACH, rule, "es-plain"))["learning"] for rule in learning_rule_names()}
    given = BASE["learning_rules"]
    assert plain.pop("evolution_strategies") == {**given["evolution_strategies"], "antithetic": False}
    assert plain == {rule: given.get(rule, {}) for rule in plain}
    # options of learning change no table's comparison, and a run of another learning rule not at all
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


def test_a_recording_has_the_bins_of_the_tasks_that_are_compared_with_it() -> None:
    for file in STUDY_FILES:
        made = load_study(file)
        for model in made.selection.seeds:
            recording = made.options.recording(model)
            options = {} if recording is None else made.selection.recording_entry(recording)["options"]
            if "dt_ms" in options:
                assert options["dt_ms"] == made.options.of(model)["task"]["dt_ms"], (file, model)


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


BLOCKS = {
    "network.activation": "relu",
    "network.dale": True,
    "network.cell_types_per_sign": 8,
    "network.cell_type_density": 0.5,
    "network.unit_row_sum": True,
}
DOUBLED_INTERVALS = {"task.steps": 500, "task.interval1_steps": [0, 100], "task.interval2_steps": [0, 300]}
DT_15 = {"task.dt_ms": 15, "comparison.recording": "mante2013-dt15"}
FLOSSED_IN_FULL = {"training.flossing_iterations": 100, "training.flossing_local": False}
# Settings with what they change in mante2013 and in the reaches.
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    **{f"gain-{g:g}": ({"network.gain": g},) * 2 for g in (0, 0.25, 0.75, *(n / 10 for n in range(1, 21) if n != 10))},
    **{f"gain-with-readout-{g}": ({"network.gain": g, "network.gain_scales_readout": True},) * 2 for g in (0.5, 1.5)},
    **{f"lr-{lr}": ({"training.learning_rate": float(lr)},) * 2 for lr in ("3e-3", "3e-4", "1e-4", "3e-5")},
    "lr-1e-3": ({}, {}),
    "lr-best": ({"training.learning_rate": "best"},) * 2,
    **{
        f"gain-{gain}-flossed": ({"network.gain": float(gain), "training.flossing_iterations": 100},) * 2
        for gain in ("0", "0.2", "0.5", "1.2", "1.5")
    },
    "flossed": ({"training.flossing_iterations": 100},) * 2,
    "flossed-full": (FLOSSED_IN_FULL,) * 2,
    "gain-0.2-flossed-full": ({**FLOSSED_IN_FULL, "network.gain": 0.2},) * 2,
    "sgd": ({"training.optimiser": "sgd", "training.learning_rate": 0.1},) * 2,
    "published-checkpoints": ({"training.checkpoints": "published"},) * 2,
    "noiseless": ({"network.noise_sd": 0},) * 2,
    "sparse": ({"network.density": 0.25},) * 2,
    "dale": ({"network.dale": True},) * 2,
    "dale-sparse": ({"network.dale": True, "network.density": 0.25},) * 2,
    "relu": ({"network.activation": "relu"},) * 2,
    "tanh": ({"network.activation": "tanh"},) * 2,
    "dale-relu": (BLOCKS,) * 2,
    "dale-relu-modprop-paper": (BLOCKS,) * 2,
    "units-doubled": ({"network.units": 2 * 400}, {"network.units": 2 * 200}),
    "batch-50": ({"training.batch_size": 50},) * 2,
    "batch-200": ({"training.batch_size": 200},) * 2,
    "tau-20": ({"network.tau_steps": 2 * 10},) * 2,
    "dt-15": (DT_15, {}),
    "fixation-doubled": ({"task.fixation_ms": 2 * 350}, {}),
    "delay-doubled": ({"task.delay_ms": 2 * 300}, {}),
    "decision-doubled": ({"task.decision_ms": 2 * 300}, {}),
    "intervals-doubled": ({}, DOUBLED_INTERVALS),
    "es-plain": ({}, {}),
}


@pytest.mark.parametrize("setting", CHANGES)
def test_a_setting_changes_what_its_name_says_and_nothing_else(setting: str) -> None:
    of_mante, of_reaches = CHANGES[setting]
    assert changed_by(setting, MANTE) == of_mante
    assert changed_by(setting, REACH) == changed_by(setting, MAZE) == of_reaches


def test_every_setting_is_checked() -> None:
    """`base` is the paper's text, `published-code` has tests of its own."""
    assert {*CHANGES, "base", "published-code"} == set(BASE["settings"])


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


def test_comparison_is_no_part_of_training() -> None:
    model = Model(REACH, "bptt", "base")
    before, splits = study({}), study({"defaults": {"comparison": {"noise_floor_repeats": 7}}})
    onset = study({"tasks": {REACH: {"comparison": {"onset_step": 153}}}})
    assert before.options.training(model) == splits.options.training(model) == onset.options.training(model)
    assert before.options.scoring(model, "noise_floor") != splits.options.scoring(model, "noise_floor")
    assert before.options.scoring(model, "distances") == splits.options.scoring(model, "distances")
    for kind in ("noise_floor", "distances"):
        assert before.options.scoring(model, kind) != onset.options.scoring(model, kind)


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
    # what a network is and how it is trained count for both
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
    with pytest.raises(InputError, match="companion_fig1 shows this seed") as caught:
        load_study(file)
    assert (caught.value.key, caught.value.value) == ("defaults.training.learning_rate_seed", 1000)
    assert caught.value.remedy == "Use a seed that no figure shows."
    # where the seed is said, there it is to be changed
    file.write_text(yaml.safe_dump({**COMPANION_FIG1, "tasks": {"romo": {"training": {"learning_rate_seed": 3}}}}))
    with pytest.raises(InputError) as caught:
        load_study(file)
    error = caught.value
    assert (error.file, error.key, error.value) == (str(file), "tasks.romo.training.learning_rate_seed", 3)
    # a figure of other models may show that seed
    shown = study({"use_figures": ["fig1", "companion_fig1"], "figures": {"fig1": {"seeds": [1000]}}})
    assert shown.selection.figure_seeds("fig1") == [1000]


def test_figures_know_their_models() -> None:
    models = study({"use_figures": ["companion_fig4", "fig3"]}).selection.figure_context("companion_fig4")["models"]
    assert len(models) == 3 * 12
    assert {"task": "dms", "learning_rule": "eprop", "setting": "gain-0.5"} in models
    tasks = [model["task"] for model in models]
    assert list(dict.fromkeys(tasks)) == ["romo", "2af", "dms"]  # in the order of the figure's entry


# ---- files


@pytest.mark.parametrize("file", STUDY_FILES, ids=lambda file: file.name)
def test_every_study_file_is_valid_and_has_a_name_of_its_own(file: Path) -> None:
    assert loaded(file).selection.seeds
    assert [other for other in STUDY_FILES if loaded(other).name == loaded(file).name] == [file]


def test_dicts_merge_and_lists_replace() -> None:
    base = {"a": {"x": 1, "y": [1, 2]}, "b": [1], "c": 1, "d": {"z": 1}}
    over = {"a": {"y": [3], "w": {}}, "b": [], "c": {"q": 0}, "d": None}
    expected = {"a": {"x": 1, "y": [3], "w": {}}, "b": [], "c": {"q": 0}, "d": None}
    copies = deepcopy((base, over))
    assert merge(base, over) == expected
    assert (base, over) == copies


def test_merging_is_what_snakemake_does() -> None:
    from snakemake.utils import update_config

    for file in STUDY_FILES:
        snakemakes: dict[str, Any] = {}  # not a copy of BASE, in which one dict may stand in several places
        for part in (BASE, yaml.safe_load(file.read_text())):
            update_config(snakemakes, part)
        assert load_study(file).config == snakemakes


def test_later_files_win(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("{study: one, seeds: [1], seeds_per_job: 5}")
    (tmp_path / "two.yaml").write_text("{study: two, seeds: [2]}")
    made = load_study(tmp_path / "one.yaml", tmp_path / "two.yaml")
    assert (made.name, made.config["seeds"], made.config["seeds_per_job"]) == ("two", [2], 5)


def test_checking_files_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("seeds_per_jobs: 1")
    assert main(["check", str(REPOSITORY / "config" / "reach.yaml")]) == 0
    assert "72 runs" in capsys.readouterr().out
    assert main(["check", str(wrong), str(BASE_CONFIG)]) == 1
    said = capsys.readouterr()
    assert "Did you mean seeds_per_job?" in said.err
    assert "1070 runs" in said.out


# ---- what is refused

REFUSED: list[tuple[str, dict[str, Any], str, Any, str]] = [
    # what, laid over config.yaml, key, value, words of the remedy
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
        "twice",
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
    ("a seed twice", {"seeds": [0, 1, 0]}, "seeds", [0, 1, 0], "twice"),
    ("negative seed", {"seeds": [0, -1]}, "seeds.1", -1, "at least 0"),
    ("a list wanted", {"use_figures": "fig1"}, "use_figures", "fig1", "array"),
    ("an emptied catalogue", {"settings": None}, "settings", None, "object"),
    ("path for a name", {"study": "../elsewhere"}, "study", "../elsewhere", "letters"),
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
        "There are none to set",
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
        "non-empty",
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
    ("a number as a key", {"defaults": {"network": {1: 2, "gian": 3}}}, "defaults.network.1", 2, "Allowed: activation"),
    (
        "yes as an option of a task",
        {"tasks": {MANTE: {"task": {True: 1}}}},
        f"tasks.{MANTE}.task.True",
        True,
        "Allowed",
    ),
]


@pytest.mark.parametrize(
    ("over", "key", "value", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_mistakes_are_named(tmp_path: Path, over: dict[str, Any], key: str, value: Any, words: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(over))
    with pytest.raises(InputError) as caught:
        load_study(file)
    error = caught.value
    assert error.key == key
    assert error.value == value and type(error.value) is type(value)
    assert error.remedy is not None and words in error.remedy
    # config.yaml where the mistake is only seen there: fig5 is selected by its list
    assert error.file == str(BASE_CONFIG if key == "use_figures" and value == "fig5" else file)
    for part in (error.file, key, repr(value), words):
        assert part in str(error)


def test_missing_keys_are_named() -> None:
    def without(*path: str) -> InputError:
        config = deepcopy(BASE)
        node = config
        for name in path[:-1]:
            node = node[name]
        del node[path[-1]]
        with pytest.raises(InputError, match=r"A key is missing\.") as caught:
            Study(config)
        return caught.value

    assert "'seeds' is a required property" in str(without("seeds"))
    assert without("tasks", MANTE, "task", "delay_ms").key == f"tasks.{MANTE}.task.delay_ms"
    assert without("learning_rules", "modprop", "mu").key == "learning_rules.modprop.mu"
    assert without("learning_rules", "truncated_bptt").key == "learning_rules.truncated_bptt.window_steps"
    assert without("tasks", CHOICE, "task", "env").key == f"tasks.{CHOICE}.task.env"
    assert without("tasks", REACH, "comparison", "recording").key == f"tasks.{REACH}.comparison.recording"
    assert without("figures", "fig1", "settings").key == "figures.fig1.settings"
    assert without("recordings", MANTE, "reader").key == f"recordings.{MANTE}"


def test_what_no_file_holds_may_be_of_the_command_line() -> None:
    reach = REPOSITORY / "config" / "reach.yaml"
    config = merge(load_study(reach).config, {"use_figures": ["fig99"]})
    with pytest.raises(InputError) as caught:
        Study(config, [BASE_CONFIG, reach])
    assert caught.value.file == f"{BASE_CONFIG}, {reach} or the command line"


# ---- what a learning rule needs, and constraints that cannot learn


def modprop_with(tmp_path: Path, network: dict[str, Any]) -> Path:
    """A study file of ModProp on the reach with a setting of one's own."""
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
        ("cell_types_per_sign", 0, "cell_types_per_sign of at least 1", "from cell type to cell type"),
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
    assert error.remedy is not None and f"needs {wanted}:" in error.remedy and "`extra_models`" in error.remedy


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
    for rule in learning_rule_names():
        assert {need.option for need in load_learning_rule(rule).REQUIRES} <= set(BASE["defaults"]["network"])
    assert {rule for rule in learning_rule_names() if load_learning_rule(rule).REQUIRES} == {"modprop"}


@pytest.mark.parametrize(
    ("network", "option", "words"),
    [
        ({"dale": True, "gain": 0.0}, "gain", "gain above 0"),
        ({"dale": True, "units": 1}, "units", "at least 2 units"),
        ({"cell_types_per_sign": 2}, "cell_types_per_sign", "dale: true"),
        ({"dale": True, "cell_types_per_sign": 41}, "cell_types_per_sign", "at most as many"),
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
    # what no figure shows is not asked for
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
    assert models_of(load_study(file)) == {model for model in FIGURES["fig9"] if not model.startswith(MAZE)}


def test_not_a_number_is_none() -> None:
    """In YAML: .nan"""
    assert refused({"defaults": {"training": {"learning_rate": float("nan")}}}).key == "defaults.training.learning_rate"


def test_seeds_of_the_command_line_are_numbers() -> None:
    """Snakemake hands `--config seeds=[0,12]` over as a list of strings."""
    assert study({"seeds": ["0", "12"]}).config["seeds"] == [0, 12]
    assert refused({"seeds": ["0", "x"]}).key == "seeds.1"
    assert refused({"seeds": ["1", 1]}).value == [1, 1]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    wrong, items, absent = tmp_path / "wrong.yaml", tmp_path / "items.yaml", tmp_path / "absent.yaml"
    wrong.write_text("seeds: [0, 1\nstudy: x")
    items.write_text("- study: x")
    for file, words in ((wrong, "not valid YAML"), (items, "keys and values"), (absent, "cannot be read")):
        with pytest.raises(InputError, match=words) as caught:
            load_study(file)
        assert caught.value.file == str(file)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("study: x\nuse_figures: [fig1\nseeds: 3\n", 3, 6),
        ("study: x\n\tseeds: 3\n", 2, 1),
        ("study: x\n a: 1: 2", 2, 3),
    ],
)
def test_what_is_no_yaml_is_said_with_its_line(tmp_path: Path, text: str, line: int, column: int) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=f"not valid YAML \\(line {line}, column {column}: "):
        load_study(file)


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """YAML takes the second without a word."""
    file = tmp_path / "twice.yaml"
    file.write_text(
        "tasks: &same\n  romo:\n    network: {units: 8}\n    network: {gain: 2}\nstudy: x\nsettings: *same\n"
    )
    with pytest.raises(InputError, match="stands twice, in line 3 and in line 4") as caught:
        load_study(file)
    assert (caught.value.file, caught.value.key) == (str(file), "tasks.romo.network")
    with pytest.raises(InputError, match="stands twice"):
        Study(load_study().config, [file])  # as Snakemake gives it


# ---- config/README.md

README = (REPOSITORY / "config" / "README.md").read_text()
GROUPS = ("task", "network", "training", "comparison")  # `learning` has a section of its own

# Where the keys of each part of the config are documented; * is any name.
SECTIONS = {
    (): "Top level",
    ("recordings", "*"): "Recordings",
    ("recordings", "*", "options"): "Options of a recording",
    ("defaults",): "Groups of options",
    ("tasks", "*"): "Tasks",
    ("settings", "*"): "Settings",
    ("figures", "*"): "Figures",
}


def section(heading: str) -> str:
    """The text under a heading, up to the next heading."""
    parts = re.split(r"^#+ (.*)$", README, flags=re.MULTILINE)
    (text,) = [text for title, text in zip(parts[1::2], parts[2::2], strict=True) if title == heading]
    return text


def rows(text: str) -> dict[str, dict[str, str]]:
    """Table rows by the name in backticks in their first column; cells by their column's title."""
    found: dict[str, dict[str, str]] = {}
    titles: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            titles = []
        elif not titles:
            titles = cells
        elif re.fullmatch("`[^`]+`", cells[0]):
            found[cells[0].strip("`")] = dict(zip(titles, cells, strict=True))
    return found


Place = tuple[str, ...]
SCHEMA_CONTENT = yaml.safe_load(SCHEMA.read_text())


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Everything below the top of a config, with where it is."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield (*path, name), child
        yield from nodes(child, (*path, name))


def schema_keys(node: dict[str, Any], path: Place = ()) -> Iterator[tuple[Place, str, dict[str, Any]]]:
    """Every key of the schema: the part of the config that it stands in, its name, its own schema."""
    if "$ref" in node:
        node = SCHEMA_CONTENT["$defs"][node["$ref"].split("/")[-1]]
    for name, child in node.get("properties", {}).items():
        yield path, name, child
        yield from schema_keys(child, (*path, name))
    if isinstance(node.get("additionalProperties"), dict):
        yield from schema_keys(node["additionalProperties"], (*path, "*"))


def heading_of(path: Place) -> str:
    if path and path[-1] in GROUPS:
        return f"Options in `{path[-1]}`"
    if len(path) > 2 and path[-2] in ("by_task", "by_learning_rule"):
        return SECTIONS[("defaults",)]
    return SECTIONS[path]


# (heading, key): its schema. The groups of options occur in many places and are documented once.
KEYS = {(heading_of(path), name): node for path, name, node in schema_keys(SCHEMA_CONTENT)}


def test_no_key_of_the_schema_is_overlooked() -> None:
    written = {path[-1] for path, _ in nodes(SCHEMA_CONTENT) if len(path) > 1 and path[-2] == "properties"}
    assert {name for _, name in KEYS} == written >= {"study", "monkey", "gain", "by_task", "noise_floor_repeats"}


@pytest.mark.parametrize(("heading", "key"), KEYS, ids=[f"{heading}-{key}" for heading, key in KEYS])
def test_every_key_is_documented_with_its_choices(heading: str, key: str) -> None:
    documented = rows(section(heading))
    assert key in documented, f"config/README.md, section {heading!r}, has no row for `{key}`"
    for choice in KEYS[heading, key].get("enum", []):
        assert f"`{choice}`" in documented[key]["type"]


def tables_of(heading: str, those: str, known: Iterable[str]) -> dict[str, dict[str, dict[str, str]]]:
    """The tables of a section that "Those of the ..." introduces, by the known names in backticks before them."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for text in section(heading).split(f"Those of the {those} ")[1:]:
        names = re.findall("`(.*?)`", text.split("\n|")[0])
        found.update({name: rows(text) for name in names if name in known})
    return found


def defaults_of(table: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {key: yaml.safe_load(row["default"].strip("`")) for key, row in table.items()}


def test_options_of_tasks_are_documented_with_their_defaults() -> None:
    tables = tables_of("Options in `task`", "task", BASE["tasks"])
    documented = {name: defaults_of(table) for name, table in tables.items()}
    assert documented == {name: task["task"] for name, task in BASE["tasks"].items()}


def test_learning_rules_are_documented_with_what_they_need_and_their_options() -> None:
    documented = rows(section("Learning rules"))
    assert [name for name in learning_rule_names() if name not in documented] == []
    for name in learning_rule_names():
        needed = re.findall("`(.*?)`", documented[name]["needs"].split(":")[0])
        assert needed == [need.option for need in load_learning_rule(name).REQUIRES]
    tables = tables_of("Learning rules", "learning rule", learning_rule_names())
    assert {name: defaults_of(table) for name, table in tables.items()} == BASE["learning_rules"]
    for name, table in tables.items():
        allowed = load_learning_rule(name).OPTION_SCHEMA
        assert set(table) == set(allowed)
        for option, row in table.items():
            for choice in allowed[option].get("enum", []):
                assert f"`{choice}`" in row["type"]


@pytest.mark.parametrize("group", ["network", "training"])
def test_documented_defaults_are_those_of_config_yaml(group: str) -> None:
    documented = rows(section(f"Options in `{group}`"))
    assert {key: yaml.safe_load(row["default"].strip("`")) for key, row in documented.items()} == BASE["defaults"][
        group
    ]
    for name, task in BASE["tasks"].items():
        for key, value in task.get(group, {}).items():
            said = re.findall(r"`([^`]+)` in ((?:`[^`]+`(?! in )(?:, | and )?)+)", documented[key]["meaning"])
            assert [f"`{name}`" in tasks for of, tasks in said if of == str(value)] == [True], (key, name)


def test_documented_defaults_of_comparison_and_recordings() -> None:
    comparison = rows(section("Options in `comparison`"))
    for key in ("noise_floor_repeats", "lyapunov_exponents", "lyapunov_passes"):
        assert comparison[key]["default"] == f"`{BASE['defaults']['comparison'][key]}`"
    onsets = {name: BASE["tasks"][name]["comparison"]["onset_step"] for name in (REACH, MAZE, REACH_COMPANION)}
    assert comparison["onset_step"]["default"] == ", ".join(f"`{name}`: `{step}`" for name, step in onsets.items())
    options = rows(section("Options of a recording"))
    assert options["monkey"]["default"] == f"`{SYNTHETIC_DEFAULTS[MANTE]['monkey']}`"
    assert {options["neurons"]["default"]} == {f"`{made['neurons']}`" for made in SYNTHETIC_DEFAULTS.values()}
    trials = {name: made["trials_per_condition"] for name, made in SYNTHETIC_DEFAULTS.items()}
    assert options["trials_per_condition"]["default"] == ", ".join(f"`{n}` in `{name}`" for name, n in trials.items())


def test_top_level_values_are_those_of_config_yaml() -> None:
    documented = rows(section("Top level"))
    for key, value in BASE.items():
        if not isinstance(value, dict):
            assert yaml.safe_load(documented[key]["value in `config.yaml`"].strip("`")) == value


def test_everything_in_the_catalogues_is_named() -> None:
    assert set(rows(section("Settings that exist"))) == set(BASE["settings"])
    assert set(rows(section("Recordings that exist"))) == set(BASE["recordings"])
    assert set(rows(section("Figures and tables that exist"))) == set(BASE["figures"]) == set(figure_names())
    assert {name for name in [*BASE["tasks"], *task_names()] if f"`{name}`" not in section("Tasks")} == set()
    of_options = {option for rule in learning_rule_names() for option in load_learning_rule(rule).OPTION_SCHEMA}
    assert set(rows(section("Learning rules"))) - of_options == set(learning_rule_names())
    needs = rows(section("Figures and tables that exist"))
    assert {name: row["needs a recording"] for name, row in needs.items()} == {
        name: "yes" if needs_recording(name) else "no" for name in figure_names()
    }
    for name in {entry["reader"] for entry in BASE["recordings"].values()}:
        assert f"`{name}`" in rows(section("Recordings"))["reader"]["type"]


def test_what_settings_change_is_said() -> None:
    documented = rows(section("Settings that exist"))
    for name, setting in BASE["settings"].items():
        changed = {
            path[-1] for path, value in nodes(setting) if not isinstance(value, dict) and isinstance(path[-1], str)
        }
        in_words = {"recording", "batch_size", "input_noise_sd"} if name == "published-code" else {"recording"}
        for key in changed - in_words:
            assert f"`{key}`" in documented[name]["differs in"], (name, key)


def test_study_files_are_listed_with_their_runs() -> None:
    documented = rows(section("Studies that exist"))
    assert set(documented) == {file.name for file in STUDY_FILES}
    for file in STUDY_FILES:
        made, row = load_study(file), documented[file.name]
        n_runs, n_models = sum(map(len, made.selection.seeds.values())), len(made.selection.seeds)
        assert row["`study`"] == f"`{made.name}`"
        assert row["runs"] == f"{n_runs} of {n_models} models"
        named = [name for name in re.findall("`(.*?)`", row["recordings"]) if name in made.config["recordings"]]
        assert named == made.config["use_recordings"]
        synthetic = {made.selection.recording_entry(name)["synthetic"] for name in made.config["use_recordings"]}
        assert synthetic == {"synthetic" in row["recordings"]}
        absent = [name for name in made.config["use_recordings"] if made.selection.is_absent(name)]
        assert [f"`{name}` where it has a `path`" in row["recordings"] for name in absent] == [True] * len(absent)


def test_the_raw_files_of_every_source_are_shown() -> None:
    catalogue = yaml.safe_load((REPOSITORY / "resources" / "recordings.yaml").read_text())
    text = section("Raw recordings")
    for reader, entry in catalogue.items():
        for source, about in entry["sources"].items():
            for file in about["files"]:
                lines = [line for line in text.splitlines() if line.strip().startswith(Path(file["path"]).name)]
                assert [f"reader {reader}, source {source}" in line for line in lines] == [True], (reader, file["path"])
            for folder in about.get("unpacked", {}).get("folders", {}).values():
                assert str(Path(folder).relative_to(reader)) in text


def code_blocks(heading: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", section(heading), flags=re.DOTALL)


def test_the_example_study_plans_what_the_text_says(tmp_path: Path) -> None:
    (example,) = code_blocks("A study of your own", "yaml")
    (tmp_path / "mine.yaml").write_text(example)
    made = load_study(tmp_path / "mine.yaml")
    # one task has its recording: 3 learning rules x 2 settings x 2 seeds
    assert made.name == "mine"
    assert models_of(made) == models(REACH, "bptt truncated_bptt eprop", "base gain-0.8")
    assert all(seeds == [0, 1] for seeds in made.selection.seeds.values())
    assert set(made.config["settings"]) == {*BASE["settings"], "gain-0.8"}


def test_the_example_error_is_what_is_said(tmp_path: Path) -> None:
    (example,), (said,) = code_blocks("Errors", "yaml"), code_blocks("Errors", "text")
    file = tmp_path / "mine.yaml"
    file.write_text(example)
    with pytest.raises(InputError) as caught:
        load_study(file)
    assert str(caught.value).replace(str(file), "config/mine.yaml") == said.strip()


def example(heading: str, tmp_path: Path) -> Study:
    """The study of a section's one YAML example."""
    (text,) = code_blocks(heading, "yaml")
    (tmp_path / "mine.yaml").write_text(text)
    return load_study(tmp_path / "mine.yaml")


def test_the_example_of_a_private_recording(tmp_path: Path) -> None:
    made = example("Raw recordings", tmp_path)
    assert made.selection.used_recordings == made.config["use_recordings"]


def test_the_example_of_an_environment(tmp_path: Path) -> None:
    from neurorules.tasks.base.task import make_task

    made = example("Neurogym's environments", tmp_path)
    assert set(map(str, made.selection.figures["learning_curves"])) == models("match", "bptt eprop", "base")
    options = made.options.of(Model("match", "bptt", "base"))["task"]
    trials = make_task("neurogym", options, None).test()
    assert trials.inputs.shape[:2] == (options["steps"], options["test_trials"])
    assert trials.scored[-1].all()  # no step is left over


def test_the_example_of_also(tmp_path: Path) -> None:
    made = example("Figures", tmp_path)
    shown = models(f"{MANTE} {REACH}", "bptt eprop", "noiseless dale-relu") | models(
        f"{MANTE} {REACH}", "modprop", "dale-relu"
    )
    assert set(map(str, made.selection.figures["fig7"])) == shown


def test_the_example_of_which_option_wins() -> None:
    table = [line for line in section("Which option wins").splitlines() if line.startswith("| `")]
    assert len(table) == 3
    for line in table:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        task, rule = re.findall("`(.*?)`", cells[0])
        setting = BASE["settings"]["published-code"]
        said = [
            BASE["defaults"],
            BASE["tasks"][task],
            setting,
            setting["by_task"].get(task, {}),
            setting["by_learning_rule"].get(rule, {}),
            loaded().options.of(Model(task, rule, "published-code")),
        ]
        expected = [layer.get("training", {}).get("learning_rate") for layer in said]
        assert [float(cell) if cell else None for cell in cells[1:]] == expected


# ---- captions of the report


@pytest.mark.parametrize("file", STUDY_FILES, ids=lambda file: file.name)
@pytest.mark.parametrize("caption", [*figure_names(), "workflow"])
def test_every_figure_has_a_caption_that_renders(caption: str, file: Path) -> None:
    made = loaded(file)

    class Snakemake:
        config = made.config

    text = (REPOSITORY / "workflow" / "report" / f"{caption}.rst").read_text()
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    # halt_level 2: a warning of docutils is an error
    filled = environment.from_string(text).render(snakemake=Snakemake)
    html = publish_parts(filled, writer="html", settings_overrides={"halt_level": 2, "report_level": 5})["body"]
    used = [made.selection.recording_entry(name) for name in made.config["use_recordings"]]
    warned = "says nothing about the brain" in html or "say nothing about the brain" in html
    assert warned == (caption != "proposition" and any(entry["synthetic"] for entry in used))
    if caption in made.selection.figures:
        entry = made.config["figures"][caption]
        said = {
            "table3": f"{len(made.selection.figure_seeds(caption))} seeds",
            "fig7": "dale-relu",
            "model_distances": "number of pairs",
            **dict.fromkeys(("proposition", "table4", "claims"), ""),  # of no seeds of their own
        }
        assert said.get(caption, f"n = {len(made.selection.figure_seeds(caption))}") in html
        if caption in ("fig1", "fig5", "table3"):
            assert ", ".join(entry["settings"]) in html
            assert all(", ".join(part["settings"]) in html for part in entry.get("extra_models", []))


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


@pytest.mark.parametrize(
    "group, key", [("network", "units"), ("training", "updates"), ("comparison", "noise_floor_repeats")]
)
def test_no_default_may_be_missing(group: str, key: str) -> None:
    config = yaml.safe_load(BASE_CONFIG.read_text())
    del config["defaults"][group][key]
    with pytest.raises(InputError, match=f"'{key}' is a required property"):
        Study(config)


def test_what_a_figure_leaves_out_is_named() -> None:
    base = yaml.safe_load(BASE_CONFIG.read_text())
    both = {"figures": {"fig1": {"settings": ["base", "published-code"]}}, "use_figures": ["fig1"]}
    assert Study(merge(base, both)).selection.left_out("fig1") == [MAZE]
    change = {**both, "use_recordings": ["mante2013"]}
    # Published code's Mante trials have steps of 15 ms and are compared with mante2013-dt15.
    assert Study(merge(base, change)).selection.left_out("fig1") == ["mante2013 (published-code)", REACH, MAZE]
