"""How seeds are divided among jobs: those that are scored together, and those that one job trains."""

from __future__ import annotations

import pytest
from helpers.studies import (
    MANTE,
    REACH,
    refused,
    study,
)

from neurorules.study.model import Block, Model, subset_name
from neurorules.study.score_jobs import ScoreJob, score_jobs
from neurorules.study.yaml_source import merge


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
    of_seeds = [f"{folder}/seeds5/distances.csv", f"{folder}/seeds9/distances.csv"]
    assert made.paths.figure_tables("fig10")[:2] == of_seeds  # then those about the recording
    # of a different table type
    assert made.paths.figure_tables("fig4") == [f"{folder}/seeds1-2/dpca.csv"]


def test_names_of_parts() -> None:
    assert subset_name([3]) == "seeds3"
    assert subset_name([0, 1, 2, 5, 7, 8]) == "seeds0-2_5_7-8"


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
    each = [Block(seeds, (model,)) for seeds in blocks for model in made.selection.seeds]
    assert made.selection.blocks == each


def test_a_gpu_trains_all_seeds_of_a_model_in_one_job() -> None:
    change = {"seeds": [4, 2, 0], "use_figures": ["fig1"]}
    on_gpu = study({**change, "models_per_job": 1, "defaults": {"training": {"device": "cuda"}}})
    assert {block.seeds for block in on_gpu.selection.blocks} == {(0, 2, 4)}
    assert [block.models for block in on_gpu.selection.blocks] == [(model,) for model in study(change).selection.seeds]
    # the device is part of what a run is
    model = Model(REACH, "bptt", "base")
    assert (
        on_gpu.options.training(model)["training"]["device"]
        == "cuda"
        != study(change).options.training(model)["training"]["device"]
    )

    # one task on a GPU, the other on the CPU
    mixed = study({**change, "tasks": {REACH: {"training": {"device": "cuda"}}}})
    assert {(block.seeds, block.models[0].task) for block in mixed.selection.blocks} == {
        ((0, 2, 4), REACH),
        ((0,), MANTE),
        ((2,), MANTE),
        ((4,), MANTE),
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
    assert made.selection.blocks == [Block((0, 1), (bptt,)), Block((0, 1), (eprop,)), Block((2,), (bptt,))]


# ---- training jobs of several models


def training_jobs(over: dict) -> list[tuple[tuple[int, ...], list[str]]]:
    """Seeds and models of each job that trains a study of reaches in Figures 1, 4 and 9 at their settings `base`."""
    base = {"tasks": [REACH], "settings": ["base"], "extra_models": []}
    change = {
        "seeds": [0, 1],
        "seeds_per_job": 2,
        "use_recordings": [REACH],
        "use_figures": ["fig1", "fig4"],
        "figures": {
            "fig1": {**base, "learning_rules": ["bptt", "eprop", "truncated_bptt", "feedback_alignment"]},
            "fig4": {**base, "learning_rules": ["bptt"]},
        },
    }
    blocks = study(merge(change, over)).selection.blocks
    return [(block.seeds, [model.learning_rule for model in block.models]) for block in blocks]


def test_models_that_the_same_figures_show_share_a_job() -> None:
    """Figure 4 is drawn without the networks that only Figure 1 shows."""
    assert training_jobs({"models_per_job": 2}) == [
        ((0, 1), ["bptt"]),
        ((0, 1), ["eprop", "feedback_alignment"]),
        ((0, 1), ["truncated_bptt"]),
    ]
    assert training_jobs({"models_per_job": 9}) == [
        ((0, 1), ["bptt"]),
        ((0, 1), ["eprop", "feedback_alignment", "truncated_bptt"]),
    ]
    one_each = [((0, 1), [rule]) for rule in ("bptt", "eprop", "feedback_alignment", "truncated_bptt")]
    assert training_jobs({"models_per_job": 1}) == training_jobs({"models_per_job": "auto"}) == one_each


def test_models_of_different_figures_share_a_job_if_the_study_says_so() -> None:
    across = {"share_jobs_across_figures": True}
    assert training_jobs({"models_per_job": 3, **across}) == [
        ((0, 1), ["bptt", "eprop", "feedback_alignment"]),
        ((0, 1), ["truncated_bptt"]),
    ]
    assert training_jobs({"models_per_job": 1, **across}) == training_jobs({"models_per_job": 1})


def test_what_shares_a_job_is_said_for_each_seed() -> None:
    """Figure 4 shows only seed 0 of BPTT: seed 1 of BPTT and of e-prop are shown by the same figure, seed 0 is not."""
    over = {"models_per_job": 9, "seeds_per_job": 1, "figures": {"fig4": {"seeds": [0]}}}
    rest = ["eprop", "feedback_alignment", "truncated_bptt"]
    assert training_jobs(over) == [((0,), ["bptt"]), ((0,), rest), ((1,), ["bptt", *rest])]


def test_a_model_that_waits_for_its_learning_rate_shares_no_job_with_one_that_does_not() -> None:
    over = {
        "models_per_job": 9,
        "settings": {"base": {"by_learning_rule": {"eprop": {"training": {"learning_rate": "best"}}}}},
    }
    assert training_jobs(over)[1:] == [((0, 1), ["eprop"]), ((0, 1), ["feedback_alignment", "truncated_bptt"])]


@pytest.mark.parametrize(
    ("option", "value", "alike"),
    [
        (("network", "gain"), 0.5, True),
        (("network", "noise_sd"), 0.2, True),
        (("training", "learning_rate"), 1e-5, True),
        (("training", "activity_penalty"), 0.0, True),
        (("training", "checkpoints"), "published", True),
        (("network", "density"), 0.5, True),
        (("network", "noise_sd"), 0.0, False),
        (("network", "units"), 30, False),
        (("network", "tau_steps"), 5, False),
        (("network", "activation"), "tanh", False),
        (("training", "updates"), 7, False),
        (("training", "batch_size"), 7, False),
        (("training", "optimiser"), "sgd", False),
    ],
)
def test_a_gpu_trains_all_models_of_one_shape_in_one_job(option: tuple[str, str], value: object, alike: bool) -> None:
    """By default, whatever figures show them; a number keeps to those that the same figures show."""
    group, key = option
    figures = {
        "fig1": {"tasks": [REACH], "learning_rules": ["bptt"], "settings": ["base", "other"], "extra_models": []},
        "fig4": {"tasks": [REACH], "learning_rules": ["bptt"], "settings": ["base"]},
    }
    over = {
        "seeds": [0, 1],
        "use_recordings": [REACH],
        "use_figures": ["fig1", "fig4"],
        "figures": figures,
        "defaults": {"training": {"device": "cuda"}},
        "settings": {"other": {group: {key: value}}},
    }
    together, apart = [["base", "other"]], [["base"], ["other"]]
    for most, expected in (("auto", together if alike else apart), (9, apart), (1, apart)):
        blocks = study({**over, "models_per_job": most}).selection.blocks
        assert [[model.setting for model in block.models] for block in blocks] == expected, most
    if alike:
        everywhere = {**over, "figures": {**figures, "fig4": {**figures["fig4"], "settings": ["base", "other"]}}}
        blocks = study({**everywhere, "models_per_job": 9}).selection.blocks
        assert [[model.setting for model in block.models] for block in blocks] == together


def tables_of(jobs: list[ScoreJob]) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(table_type, str(part.model), seeds) for job in jobs for table_type, part, seeds in job.tables]


def test_one_job_makes_the_cheap_tables_of_several_models() -> None:
    base = {"tasks": [REACH], "settings": ["base"], "extra_models": []}
    change = {
        "use_recordings": [REACH],
        "use_figures": ["fig1", "fig4", "fig8"],
        "figures": {
            "fig1": {**base, "learning_rules": ["bptt", "eprop", "truncated_bptt"], "seeds": [0, 1]},
            "fig4": {**base, "learning_rules": ["bptt", "eprop"], "seeds": [0]},
            "fig8": {**base, "learning_rules": ["bptt"], "seeds": [0]},
        },
    }
    assert score_jobs(study(change).selection) == []  # a job for every table

    jobs = score_jobs(study({**change, "models_per_job": 2}).selection)
    bptt, eprop, truncated = (f"{REACH}/{name}/base" for name in ("bptt", "eprop", "truncated_bptt"))
    made = tables_of(jobs)
    assert len(made) == len(set(made))
    # a table that takes long has its own job, in any figure
    assert {table_type for table_type, _, _ in made} & {"distances", "dpca", "eigenvalues", "dsa"} == {
        "distances",
        "dpca",
        "eigenvalues",
    }
    of_fig1 = [("distances", model, (0, 1)) for model in (bptt, eprop, truncated)]
    assert [table for table in made if table[0] == "distances"] == of_fig1
    # no job reads a run that only some of the figures show which its other tables are for
    assert [sorted({seed for seeds in job.runs.values() for seed in seeds}) for job in jobs] == [
        sorted({seed for _, _, seeds in job.tables for seed in seeds}) for job in jobs
    ]
    assert max(len(job.runs) for job in jobs) == 2
    assert len(jobs) == 4, jobs

    # if models of different figures share jobs, the same tables are made by fewer jobs
    fewer = score_jobs(study({**change, "models_per_job": 9, "share_jobs_across_figures": True}).selection)
    # and so are costly ones: Figure 8 shows DSA
    assert sorted(tables_of(fewer)) == sorted([*made, ("dsa", bptt, (0,))])
    assert [len({table_type for table_type, _, _ in job.tables} & {"distances", "dsa"}) for job in fewer] == [1, 1]


def test_models_of_other_figures_or_recordings_share_no_job() -> None:
    base = {"learning_rules": ["bptt", "eprop"], "settings": ["base"], "extra_models": [], "seeds": [0]}
    made = study(
        {
            "use_recordings": [REACH, MANTE],
            "use_figures": ["fig1"],
            "figures": {"fig1": {**base, "tasks": [REACH, MANTE]}},
            "models_per_job": 9,
        }
    )
    assert [sorted({part.model.task for part in job.runs}) for job in score_jobs(made.selection)] == [[REACH], [MANTE]]
