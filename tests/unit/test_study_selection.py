"""What a study selects: figures, their models and recordings, and what is left out."""

from __future__ import annotations

from pathlib import Path

from helpers.studies import (
    BASE,
    CHOICE,
    MANTE,
    MAZE,
    REACH,
    figure,
    loaded,
    models,
    models_of,
    refused,
    study,
)

from neurorules.figures.base.figure import FIGURES, needs_recording
from neurorules.learning.base.learning_rule import LEARNING_RULES
from neurorules.study.load import load_study
from neurorules.study.model import Model
from neurorules.study.yaml_source import REPOSITORY, merge


def test_the_reach_learns_as_in_the_published_analysis() -> None:
    """One real recording; e-prop with its own learning rate."""
    reach = loaded(REPOSITORY / "config" / "reach.yaml")
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


def test_a_figure_with_optional_tables_needs_no_recording() -> None:
    """Distances are shown for tasks with a recording; a task without one has no such table, and is drawn without it."""
    shown = {"learning_rules": ["bptt", "eprop"], "settings": ["small"], "extra_models": []}
    change = {"use_recordings": ["hatsopoulos2007"], "use_figures": ["learning_rules"]}
    for task, tables in (("perceptual-decision", {"gradients"}), ("hatsopoulos2007", {"gradients", "distances"})):
        made = study({**change, "figures": {"learning_rules": {"tasks": [task], **shown}}})
        assert set(made.selection.seed_subsets) == tables


def test_the_demo_shows_everything_there_is_from_synthetic_recordings() -> None:
    demo = loaded(REPOSITORY / "config" / "demo.yaml")
    # It needs a recording whose neurons were recorded together, and these studies use none.
    of_trials = {"stochastic_shape"}
    assert set(demo.selection.figures) == set(FIGURES.names()) - of_trials
    # The recording of memory needs a path.
    assert set(loaded().selection.figures) == set(FIGURES.names()) - {"memory", *of_trials}
    assert {model.learning_rule for model in demo.selection.seeds} == set(LEARNING_RULES.names())
    assert all(demo.selection.left_out(name) == [] for name in demo.selection.figures)
    assert all(demo.selection.recording_entry(name)["synthetic"] for name in demo.selection.used_recordings)
    # it is to be small
    assert len(demo.selection.blocks) <= 35
    assert sum(map(len, demo.selection.seeds.values())) <= 190


def test_the_default_study_shows_the_same_without_the_private_recording() -> None:
    whole = study({"recordings": {MAZE: {"path": "/mnt/maze"}}}).selection.figures
    of_maze = {name: [model for model in shown if model.task == MAZE] for name, shown in whole.items()}
    assert any(of_maze.values())
    assert loaded().selection.figures == {
        name: [model for model in shown if model.task != MAZE] for name, shown in whole.items()
    }


def test_the_companions_study_trains_the_networks_of_the_default_study() -> None:
    companion = loaded(REPOSITORY / "config" / "companion.yaml")
    of_companion = {name for name in FIGURES.names() if name.startswith("companion")}
    assert set(companion.selection.figures) == of_companion | {"claims", "claims_forest"}
    assert all(
        companion.options.training(model) == loaded().options.training(model) for model in companion.selection.seeds
    )
    # all but one do without a recording
    recorded = {name for name in companion.selection.figures if companion.selection.figure_recordings(name)}
    assert recorded == {name for name in companion.selection.figures if needs_recording(name)} == {"companion_distance"}


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


def test_extra_models_are_laid_over_the_figures_own_lists() -> None:
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


def test_empty_extra_models_take_out_what_config_yaml_has() -> None:
    fig1 = {"tasks": [REACH], "learning_rules": ["bptt"], "settings": ["base"]}
    over = {"use_figures": ["fig1"], "recordings": {MAZE: {"path": "/mnt/maze"}}}
    with_it, without = (study({**over, "figures": {"fig1": fig}}) for fig in (fig1, {**fig1, "extra_models": []}))
    assert {model.task for model in with_it.selection.seeds} == {REACH, MAZE}
    assert {model.task for model in without.selection.seeds} == {REACH}


def test_what_a_figure_leaves_out_is_named() -> None:
    both = {"figures": {"fig1": {"settings": ["base", "published-code"]}}, "use_figures": ["fig1"]}
    assert study(both).selection.left_out("fig1") == [MAZE]
    change = {**both, "use_recordings": ["mante2013"]}
    # Published code's Mante trials have steps of 15 ms and are compared with mante2013-dt15.
    assert study(change).selection.left_out("fig1") == ["mante2013 (published-code)", REACH, MAZE]


# ---- recordings that are private, and tasks without any


def test_a_private_recording_needs_its_path() -> None:
    files = {"recordings": {MAZE: {"path": "/mnt/maze"}}}
    synthetic = {"recordings": {MAZE: {"synthetic": True}}}
    without = study({})
    assert MAZE in without.config["use_recordings"]
    assert MAZE not in without.selection.used_recordings
    assert not [model for model in without.selection.seeds if model.task == MAZE]
    for change in (files, synthetic):
        made = study(change)
        assert MAZE in made.selection.used_recordings
        of_maze = {name for name, shown in made.selection.figures.items() if MAZE in {model.task for model in shown}}
        assert {name for name in without.selection.figures if without.selection.left_out(name) == [MAZE]} == of_maze
        assert not [name for name in of_maze if made.selection.left_out(name)]
        trained_on = {made.options.training_recording(model) for model in made.selection.seeds if model.task == MAZE}
        assert trained_on == {MAZE}
        # found in its folder or written, never downloaded
        assert MAZE not in {reader for reader, _ in made.selection.sources()}
    # the location of files is not part of what is made from them
    elsewhere = study({"recordings": {MAZE: {"path": "/elsewhere"}}})
    assert "/mnt/maze" not in str(study(files).selection.recording_spec(MAZE))
    assert elsewhere.selection.recording_spec(MAZE) == study(files).selection.recording_spec(MAZE)
    # it is not used if it is only in the folder
    unused = study({**files, "use_recordings": [REACH], "use_figures": ["fig5"]})
    assert unused.selection.left_out("fig5") == [MANTE, MAZE]


def test_a_figure_of_a_private_recording_alone_is_refused_without_its_path() -> None:
    alone = figure(MAZE, extra_models=[{"settings": ["sparse"]}])
    error = refused(alone)
    assert (error.key, error.value) == ("use_figures", "fig1")
    assert error.remedy is not None and "a private recording needs a path" in error.remedy
    assert models_of(study(merge(alone, {"recordings": {MAZE: {"path": "/mnt/maze"}}}))) == models(
        MAZE, "bptt", "base sparse"
    )


def test_a_task_without_a_recording_is_shown_where_none_is_needed() -> None:
    both = {"tasks": [CHOICE, REACH], "learning_rules": ["bptt"], "settings": ["base"]}
    made = study({"use_figures": ["learning_curves", "fig1"], "figures": {"learning_curves": both, "fig1": both}})
    assert set(map(str, made.selection.figures["learning_curves"])) == models(f"{CHOICE} {REACH}", "bptt", "base")
    assert set(map(str, made.selection.figures["fig1"])) == models(REACH, "bptt", "base")
    assert made.selection.left_out("fig1") == [CHOICE, MAZE]  # the latter as one of the extra models
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
    assert (error.problem, error.key) == ("Missing key.", "tasks.match.task.dt_ms")


# ---- groups of models, and recordings only


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


def test_distances_between_models_need_two_networks() -> None:
    alone = {"learning_rules": ["bptt"], "seeds": [0]}
    error = refused({"use_figures": ["model_distances"], "figures": {"model_distances": alone}})
    assert error.key == "figures.model_distances" and "two seeds" in str(error.remedy)
    two_rules = study({"use_figures": ["model_distances"], "figures": {"model_distances": {"seeds": [0]}}})
    assert [[m.learning_rule for m in group] for group in two_rules.selection.groups.values()] == [["bptt", "eprop"]]


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


def test_figures_know_their_models() -> None:
    models = study({"use_figures": ["companion_fig4", "fig3"]}).selection.figure_context("companion_fig4")["models"]
    assert len(models) == 3 * 12
    assert {"task": "dms", "learning_rule": "eprop", "setting": "gain-0.5"} in models
    tasks = [model["task"] for model in models]
    assert list(dict.fromkeys(tasks)) == ["romo", "2af", "dms"]  # in the order of the figure's entry
