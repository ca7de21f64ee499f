"""What a target takes: asking for one figure plans the jobs that it needs, and no other.

Numbers of jobs are those of config/*.yaml, multiplied out by hand beside each target.
"""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from helpers.checkout import Checkout
from helpers.forked import snakemake

from neurorules.figures.base.figure import FIGURES
from neurorules.recordings.locate import DOWNLOADS, download_paths
from neurorules.study.load import load_study
from neurorules.tables.base.table_type import subject_of

DEMO, REACH, PAPER = "config/demo.yaml", "config/reach.yaml", "config/config.yaml"
COMPANION = "config/companion.yaml"
DOWNLOAD_REACH = "download_hatsopoulos2007_processed"


@dataclass(frozen=True)
class Plan:
    """A dry run: jobs by rule, and the files that they would make."""

    jobs: dict[str, int]
    files: frozenset[str]

    def below(self, folder: str) -> set[str]:
        return {file.removeprefix(f"{folder}/") for file in self.files if file.startswith(f"{folder}/")}


def dry_run(checkout: Checkout, study_file: str, *targets: str, own_jobs: bool = True) -> Plan:
    """What Snakemake plans in a checkout where nothing was run and nothing downloaded.

    With `own_jobs` every model has jobs of its own, which can be counted; otherwise as the study file says.
    """
    words = (*targets, "--dry-run", "--cores", "1", "--configfile", study_file)
    words += ("--config", "models_per_job=1") if own_jobs else ()
    done = snakemake(words, checkout.folder, checkout.environment())
    said = done.output + done.error
    assert done.code == 0, said
    stats = re.search(r"^Job stats:\njob +count\n-+ +-+\n((?:\w+ +\d+\n)+)", said, re.MULTILINE)
    assert stats, said
    jobs = {rule: int(count) for rule, count in (line.split() for line in stats[1].splitlines())}
    assert jobs.pop("total") == sum(jobs.values())
    outputs = re.findall(r"^    output: (.*)$", said, re.MULTILINE)
    files = [file.removesuffix(" (update)") for line in outputs for file in line.split(", ")]
    assert len(files) == len(set(files))
    return Plan(jobs, frozenset(files))


TARGETS: dict[str, tuple[str, ...]] = {
    "fig1": (DEMO, "fig1"),
    "fig2": (DEMO, "fig2"),
    "fig6": (DEMO, "fig6"),
    "model_distances": (DEMO, "model_distances"),
    "proposition": (DEMO, "proposition"),
    "table4": (DEMO, "table4"),
    "by file": (DEMO, "results/demo/figures/fig2.pdf", "results/demo/tables/table4.md"),
    "claims": (DEMO, "claims"),
    "demo": (DEMO,),
    "reach table3": (REACH, "table3"),
    "reach gain_map": (REACH, "gain_map"),
    "companion_fig4": (COMPANION, "companion_fig4"),
    "companion_distance": (COMPANION, "companion_distance"),
    "paper fig6": (PAPER, "fig6"),
    "paper": (PAPER,),
}
TOGETHER = ("fig1", "fig2", "demo")


@pytest.fixture(scope="module")
def plans(
    pristine: Checkout, two_at_a_time: Executor, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Future[Plan]]:
    checkout = pristine.copy(tmp_path_factory.mktemp("planning") / "checkout")
    plans = {name: two_at_a_time.submit(dry_run, checkout, *target) for name, target in TARGETS.items()}
    for name in TOGETHER:
        plans[f"{name}, together"] = two_at_a_time.submit(dry_run, checkout, *TARGETS[name], own_jobs=False)
    return plans


ONE_RECORDING = {"synthetic_raw_files": 1, "recording": 1}

# In the demo a job trains both seeds of a model.
IN_DEMO: dict[str, dict[str, int]] = {
    # 2 tasks x 3 learning rules, and 3 learning rules of the third task; two tables of each and one of each recording.
    "fig1": {
        "synthetic_raw_files": 3,
        "recording": 3,
        "train_seed0_1": 9,
        "score": 18,
        "score_recording": 3,
        "fig1": 1,
    },
    # 4 gains x 2 learning rules.
    "fig2": {**ONE_RECORDING, "train_seed0_1": 8, "score": 8, "score_recording": 1, "fig2": 1},
    # 2 tasks x 3 learning rules; a table for each task.
    "fig6": {"synthetic_raw_files": 2, "recording": 2, "train_seed0_1": 6, "score_group": 2, "fig6": 1},
    # 2 learning rules of a task without a recording.
    "model_distances": {"train_seed0_1": 2, "score_group": 2, "model_distances": 1},
    # Mathematics.
    "proposition": {"proposition": 1},
    # Only a recording.
    "table4": {**ONE_RECORDING, "score_recording": 1, "table4": 1},
}


@pytest.mark.parametrize("figure", IN_DEMO)
def test_one_figure_by_name_runs_only_what_it_needs(plans: dict[str, Future[Plan]], figure: str) -> None:
    assert plans[figure].result().jobs == IN_DEMO[figure]


def test_fig2_trains_and_scores_its_models_and_no_other(plans: dict[str, Future[Plan]]) -> None:
    plan = plans["fig2"].result()
    models = [f"hatsopoulos2007/{r}/{s}" for r, s in product(["bptt", "eprop"], gains("0", "0.5", "1.5"))]
    assert plan.below("results/demo/runs") == {f"{model}/seed{k}.nc" for model in models for k in (0, 1)}
    tables = {f"{model}/seeds0-1/distances.csv" for model in models}
    assert plan.below("results/demo/similarity") == {*tables, "recordings/hatsopoulos2007/baselines.csv"}
    assert plan.below("results/demo/figures") == {"fig2.pdf", "fig2.png", "fig2.csv"}
    assert not plan.below("results/demo/tables")


@pytest.mark.parametrize("name", TOGETHER)
def test_jobs_of_several_models_train_what_a_figure_shows(plans: dict[str, Future[Plan]], name: str) -> None:
    """The demo's own jobs have up to six models; they may make cheap tables that another figure shows."""
    apart, together = plans[name].result(), plans[f"{name}, together"].result()
    assert together.below("results/demo/runs") == apart.below("results/demo/runs")
    assert together.files >= apart.files
    training = [sum(n for rule, n in plan.jobs.items() if rule.startswith("train_")) for plan in (together, apart)]
    assert training[0] < training[1]


def gains(*values: str) -> list[str]:
    """Settings; a gain of 1 is base."""
    return ["base", *(f"gain-{value}" for value in values)]


def test_a_figure_by_its_file_takes_the_same_as_by_its_name(plans: dict[str, Future[Plan]]) -> None:
    by_file = plans["by file"].result()
    assert by_file.files == plans["fig2"].result().files | plans["table4"].result().files
    assert by_file.jobs == total(IN_DEMO["fig2"], IN_DEMO["table4"])


def total(*jobs: dict[str, int]) -> dict[str, int]:
    return dict(sum((Counter(one) for one in jobs), Counter()))


# Of the whole demo, models by task and kinds of tables by figure; a model that several figures show counts once.
DEMO_MODELS = {
    # base with eight learning rules; bptt and eprop with five gains, three constraints, two settings of robustness and
    # the published code; bptt with two learning rates; three learning rules with dale-relu
    "hatsopoulos2007": 8 + 2 * (5 + 3 + 2 + 1) + 2 + 3,
    # base with three learning rules; bptt and eprop with three constraints and the published code; three with dale-relu
    "mante2013": 3 + 2 * (3 + 1) + 3,
    # sparse with three learning rules, base with four, the published code with two
    "sussillo2015": 3 + 4 + 2,
    # base with two learning rules; seven in smaller networks, and one with dale-relu
    "perceptual-decision": 2 + 7 + 1,
    # eprop with four gains, two of them flossed too and two with twice the units, and bptt with three gains
    "romo": 4 + 2 + 2 + 3,
    # eprop with two gains
    "2af": 2,
    "dms": 2,
    # the same, flossed too
    "reach-companion": 2 * 2,
}
DEMO_TABLES = {
    # of all but the published code's and those without a recording
    "distances": sum(DEMO_MODELS.values()) - 3 * 2 - 10 - (11 + 2 + 2),
    "noise_floor": 3 * 2,
    "resampled_distances": 3 * 2 + 3 * 3,  # of table3 and of fig1
    "specifications": 2,  # of multiverse
    "dpca": 2 * 2,
    "eigenvalues": 3 * 2,
    "dsa": 3 * 2,
    "alignment": 2,
    "learning": 3 * 2,
    "gradients": 7 + 1,
    "loss_curve": sum(DEMO_MODELS[task] for task in ("romo", "2af", "dms")),
    "lyapunov": 2 * 3 + 2,  # not of the fourth gain
}


def test_the_demo_is_every_figure_with_few_runs(plans: dict[str, Future[Plan]]) -> None:
    plan = plans["demo"].result()
    runs = plan.below("results/demo/runs")
    assert len(runs) == 2 * sum(DEMO_MODELS.values()) <= 180
    assert Counter(run.split("/")[0] for run in runs) == {task: 2 * n for task, n in DEMO_MODELS.items()}
    # in the demo the other tasks have a number
    assert {file.split("/")[0] for file in plan.below("results/demo/learning_rates")} == {"romo"}
    made = plan.below("results/demo/figures") | plan.below("results/demo/tables")
    # It needs a recording whose neurons were recorded together, and the demo has none.
    drawn = set(FIGURES.names()) - {"stochastic_shape"}
    assert {Path(file).stem for file in made} == drawn
    tables = Counter(Path(file).stem for file in plan.below("results/demo/similarity"))
    # of fig3, slow_bptt and model_distances; of two tasks in fig6; of model_distances; of recovery
    groups = {"model_distances": 3, "snapshots": 2, "model_dynamics": 1, "recovery": 1}
    assert tables == {**DEMO_TABLES, **groups, "baselines": 3, "trial_averaging": 1}
    assert plan.jobs == {
        "synthetic_raw_files": 3,
        "recording": 3,
        "choose_learning_rate": 2 * 3,  # of companion_fig1
        "train_seed0_1": sum(DEMO_MODELS.values()),
        "score": sum(DEMO_TABLES.values()),
        "score_group": sum(groups.values()),
        "score_recording": 4,
        **dict.fromkeys(drawn, 1),
        "all": 1,
    }


def test_claims_need_the_tables_that_decide_them_and_no_figure(plans: dict[str, Future[Plan]]) -> None:
    plan = plans["claims"].result()
    assert plan.below("results/demo/figures") == set()
    assert plan.below("results/demo/tables") == {"claims.csv", "claims.md", "claims.html"}
    # No claim is about companion_distance, about gain 0.2 in gain_map, or about the figure learning_rules.
    without = DEMO_MODELS["reach-companion"] + 2
    assert plan.jobs["train_seed0_1"] == sum(DEMO_MODELS.values()) - without - DEMO_TABLES["gradients"]
    tables = Counter(Path(file).stem for file in plan.below("results/demo/similarity"))
    # Gain 2 is decided only by spectra and DSA; nothing is decided by alignment and baselines.
    own = {**DEMO_TABLES, "distances": DEMO_TABLES["distances"] - without - 2}
    del own["alignment"], own["resampled_distances"], own["gradients"]
    groups = {"model_distances": 3, "model_dynamics": 1, "snapshots": 2}
    assert tables == {**own, **groups, "trial_averaging": 1}


def trained(**seeds: int) -> dict[str, int]:
    """Training jobs of one seed each: trained(seed0=6) are those of six models."""
    return {f"train_{seed}": models for seed, models in seeds.items()}


def test_figures_of_a_real_recording_download_it_where_it_is_not_there(plans: dict[str, Future[Plan]]) -> None:
    """A job for each of four seeds, as many as config.yaml says."""
    one = {DOWNLOAD_REACH: 1, "recording": 1}
    table3 = plans["reach table3"].result()
    # two of the networks that its authors published, which are read and not trained
    elsewhere = {f"download_network_authors_hatsopoulos_{name}": 1 for name in ("bptt", "eprop")}
    elsewhere |= {"import_network": 2}
    own = trained(seed0=2, seed1=2, seed2=2, seed3=2)
    assert table3.jobs == {**one, **own, **elsewhere, "score": 8, "table3": 1}
    downloads = {str(file) for file in download_paths("hatsopoulos2007", "processed", DOWNLOADS)}
    assert len(downloads) == 1 and downloads <= table3.files
    # 8 gains x 2 learning rules of seeds 0 and 1, though fig2 shows four seeds of some of them.
    gain_map = plans["reach gain_map"].result()
    assert gain_map.jobs == {**one, **trained(seed0=16, seed1=16), "score": 16, "score_recording": 1, "gain_map": 1}
    folders = {Path(file).parent.name for file in gain_map.below("results/reach/similarity")}
    assert folders == {"seeds0-1", "hatsopoulos2007"}


COMPANION_SETTINGS = [*gains("0", "0.2", "0.5", "1.2", "1.5"), "flossed"]
COMPANION_SETTINGS += [f"gain-{gain}-flossed" for gain in ("0", "0.2", "0.5", "1.2", "1.5")]


def companion_models(tasks: list[str], learning_rules: list[str]) -> list[str]:
    return ["/".join(names) for names in product(tasks, learning_rules, COMPANION_SETTINGS)]


def test_a_figure_of_the_companion_chooses_learning_rates_and_needs_no_recording(
    plans: dict[str, Future[Plan]],
) -> None:
    """A job chooses for all five seeds of a model, another trains them."""
    plan = plans["companion_fig4"].result()
    models = companion_models(["romo", "2af", "dms"], ["eprop"])
    assert len(models) == 36
    assert plan.below("results/companion/learning_rates") == {f"{model}.json" for model in models}
    assert plan.below("results/companion/runs") == {f"{model}/seed{k}.nc" for model in models for k in range(5)}
    assert plan.below("results/companion/similarity") == {f"{model}/seeds0-4/loss_curve.csv" for model in models}
    assert plan.below("results/companion/recordings") == set()
    assert plan.jobs == {"choose_learning_rate": 36, "train_seed0_1_2_3_4": 36, "score": 36, "companion_fig4": 1}


def test_the_companions_distances_need_the_recording(plans: dict[str, Future[Plan]]) -> None:
    plan = plans["companion_distance"].result()
    models = [model for model in companion_models(["reach-companion"], ["bptt", "eprop"]) if "gain-1.5" not in model]
    assert len(models) == 20
    assert plan.below("results/companion/learning_rates") == {f"{model}.json" for model in models}
    assert plan.below("results/companion/recordings") == {"hatsopoulos2007.nc"}
    assert {Path(file).stem for file in plan.below("results/companion/similarity")} == {"distances", "baselines"}
    assert plan.jobs == {
        DOWNLOAD_REACH: 1,
        "recording": 1,
        "choose_learning_rate": 20,
        "train_seed0_1_2_3_4": 20,
        "score": 20,
        "score_recording": 1,
        "companion_distance": 1,
    }


@pytest.fixture(scope="module")
def chosen(pristine: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A finished study of two networks: the learning rate of one is chosen, that of the other is a number."""
    checkout = pristine.copy(tmp_path_factory.mktemp("chosen") / "checkout")
    training = {"updates": 20, "batch_size": 4, "learning_rate_grid": [1e-3, 1e-2], "learning_rate_updates": 10}
    checkout.configure("tasks", "romo", to={"network": {"units": 8}, "training": training})
    checkout.configure("settings", to={"fixed": {"network": {"gain": 0.5}, "training": {"learning_rate": 1e-3}}})
    checkout.configure("use_figures", to=["companion_fig1"])
    entry = {"learning_rules": ["eprop"], "settings": ["base", "fixed"], "seeds": [0, 1]}
    checkout.configure("figures", "companion_fig1", to=entry)
    checkout.finish(cores=2)
    assert checkout.planned() == set()
    return checkout


def results_of(*settings: str) -> set[str]:
    """Runs and everything made from them."""
    runs = {f"runs/romo/eprop/{setting}/seed{k}.nc" for setting in settings for k in (0, 1)}
    tables = {f"similarity/romo/eprop/{setting}/seeds0-1/loss_curve.csv" for setting in settings}
    return runs | tables | {f"figures/companion_fig1.{ending}" for ending in ("pdf", "png", "csv")}


CHOICE = "learning_rates/romo/eprop/base.json"


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("learning_rate_grid", [1e-3, 3e-3], {CHOICE} | results_of("base")),
        ("learning_rate_updates", 11, {CHOICE} | results_of("base")),
        ("learning_rate_seed", 99, {CHOICE} | results_of("base")),
        ("updates", 30, results_of("base", "fixed")),
        ("n_checkpoints", 7, results_of("base", "fixed")),
        ("batch_size", 5, {CHOICE} | results_of("base", "fixed")),
    ],
)
def test_a_learning_rate_is_chosen_anew_where_that_may_change_it(
    chosen: Checkout, tmp_path: Path, option: str, value: object, expected: set[str]
) -> None:
    checkout = chosen.copy(tmp_path / "checkout")
    assert checkout.outputs() == {CHOICE} | results_of("base", "fixed")
    checkout.configure("tasks", "romo", "training", option, to=value)
    assert checkout.planned() == expected


def test_tables_of_groups_are_a_figures_own_and_take_its_own_seeds(plans: dict[str, Future[Plan]]) -> None:
    """Of the four seeds of fig6, whatever seeds fig3 has of the same models: best e-prop is a mean over seeds."""
    plan = plans["paper fig6"].result()
    models = product(["mante2013", "hatsopoulos2007"], ["bptt", "truncated_bptt", "eprop"], range(4))
    assert plan.below("results/paper/runs") == {f"{task}/{rule}/base/seed{k}.nc" for task, rule, k in models}
    assert plan.jobs == {
        DOWNLOAD_REACH: 1,
        "download_mante2013_raw": 1,
        "recording": 2,
        **trained(seed0=6, seed1=6, seed2=6, seed3=6),
        "score_group": 2,
        "fig6": 1,
    }


def test_the_papers_study_plans_what_it_says(plans: dict[str, Future[Plan]]) -> None:
    """Every training job, table and figure of the default study, as the study itself counts them."""
    study, plan = load_study(), plans["paper"].result()
    runs = {study.paths.run_file(model, seed) for model, seeds in study.selection.seeds.items() for seed in seeds}
    assert {file for file in plan.files if file.startswith("results/paper/runs/")} == runs
    tables = {file for name in study.selection.figures for file in study.paths.figure_tables(name)}
    assert {file for file in plan.files if file.startswith("results/paper/similarity/")} == tables
    products = {file for name in study.selection.figures for file in study.paths.figure_files(name)}
    assert products <= plan.files

    chosen = {
        study.paths.learning_rate_file(model)
        for model in study.selection.seeds
        if study.options.chooses_learning_rate(model)
    }
    assert {file for file in plan.files if file.startswith("results/paper/learning_rates/")} == chosen

    of = Counter(subject_of(Path(file).stem) for file in tables)
    training = Counter(
        f"train_seed{k}" for seeds in study.selection.seeds.values() for k in seeds
    )  # a job for each run
    assert plan.jobs == {
        DOWNLOAD_REACH: 1,
        "download_mante2013_raw": 1,
        "recording": 3,  # mante2013 at two time steps
        "choose_learning_rate": len(chosen),
        **training,
        "score": of["model"],
        "score_group": of["group"],
        "score_recording": of["recording"],
        **dict.fromkeys(study.selection.figures, 1),
        "all": 1,
    }
