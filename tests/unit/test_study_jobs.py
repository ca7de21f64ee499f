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
    # of another kind of table
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
    # what takes long is a job of its own, in whatever figure
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
