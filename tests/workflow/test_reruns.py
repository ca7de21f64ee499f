"""After a change, Snakemake makes everything that depends on it again, and nothing else."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path

import pytest
import yaml
from helpers.checkout import STUDY_FILE, Checkout, below

PACKAGE = "workflow/neurorules"
REACH = "hatsopoulos2007"


class Made:
    """The outputs of a study by kind."""

    def __init__(self, checkout: Checkout) -> None:
        self.all = checkout.outputs()
        self.runs = below(self.all, "runs")
        self.of_recordings = below(self.all, "similarity/recordings")
        self.tables = below(self.all, "similarity") - self.of_recordings
        self.figures = below(self.all, "figures", "tables")
        self.raw = below(self.all, "raw")
        self.recordings = below(self.all, "recordings")

    def figure(self, *names: str) -> set[str]:
        return {file for file in self.figures if Path(file).stem in names}

    def of(self, word: str) -> set[str]:
        """Runs and similarity of a learning rule or a setting."""
        return {file for file in self.runs | self.tables if word in Path(file).parts}


@pytest.fixture(scope="module")
def made(finished: Checkout) -> Made:
    return Made(finished)


def figures_with(checkout: Checkout, key: str, name: str) -> set[str]:
    """Figures whose entry in the config names a learning rule or setting."""
    base = yaml.safe_load((checkout.folder / "config/config.yaml").read_text())
    over = yaml.safe_load((checkout.folder / STUDY_FILE).read_text())
    used = over.get("use_figures", base["use_figures"])
    entries = {figure: {**base["figures"][figure], **over["figures"].get(figure, {})} for figure in used}
    return {figure for figure, entry in entries.items() if name in entry[key]}


def test_the_study_makes_every_kind_of_file(finished: Checkout, made: Made) -> None:
    assert f"raw/{REACH}" in made.raw
    assert made.recordings == {f"recordings/{REACH}.nc"}
    assert {f"runs/{REACH}/{rule}/base/seed{k}.nc" for rule in ("bptt", "eprop") for k in (0, 1)} <= made.runs
    assert {"figures/fig1.pdf", "figures/fig1.png", "figures/fig1.csv", "tables/table3.md"} <= made.figures
    assert made.of_recordings == {f"similarity/recordings/{REACH}/baselines.csv"}
    assert made.raw | made.recordings | made.runs | made.tables | made.of_recordings | made.figures == made.all
    assert all((finished.results / file).exists() for file in made.all)


def test_nothing_is_planned_when_nothing_changed(checkout: Checkout) -> None:
    assert checkout.planned() == set()


def test_other_times_of_the_same_content_rerun_nothing(checkout: Checkout) -> None:
    # as when another branch is checked out and left again
    for folder, _, names in os.walk(checkout.folder):
        if "results" not in Path(folder).parts and ".snakemake" not in Path(folder).parts:
            for name in names:
                os.utime(Path(folder) / name)
    assert checkout.planned() == set()


def test_comments_and_docstrings_rerun_nothing(checkout: Checkout) -> None:
    changed = [reword(file) for file in (checkout.folder / "workflow").rglob("*.py")]
    assert sum(changed) > 100  # docstrings of modules, classes and functions
    assert checkout.planned() == set()


def reword(file: Path) -> int:
    """Replace every docstring of a file and put comments around them; the number of docstrings."""
    lines = file.read_text().splitlines()
    first = [
        node.body[0]
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
    ]
    for docstring in sorted(first, key=lambda node: -node.lineno):
        indent = " " * docstring.col_offset
        words = [f"{indent}# A comment.", f'{indent}"""Other words.', "", f'{indent}More of them."""', f"{indent}# why"]
        lines[docstring.lineno - 1 : docstring.end_lineno] = words
    file.write_text("\n".join(["# A comment before.", *lines, "# A comment after.", ""]))
    return len(first)


def resampled(setting: str, *seeds: int) -> set[str]:
    """Tables of type resampled_distances, of one seed each, by both learning rules."""
    folders = {f"similarity/{REACH}/{rule}/{setting}" for rule in ("bptt", "eprop")}
    return {f"{folder}/seeds{seed}/resampled_distances.csv" for folder in folders for seed in seeds}


Expected = Callable[[Made, Checkout], set[str]]

Edit = tuple[str, str, str]  # file in the package, old text, new text


def nothing(made: Made, _: Checkout) -> set[str]:
    return set()


def figures(made: Made, _: Checkout) -> set[str]:
    return made.figures


def training(made: Made, _: Checkout) -> set[str]:
    return made.runs | made.tables | made.figures


def of_eprop(made: Made, checkout: Checkout) -> set[str]:
    return made.of("eprop") | made.figure(*figures_with(checkout, "learning_rules", "eprop"))


def of_distances(made: Made, _: Checkout) -> set[str]:
    tables = {file for file in made.tables if file.endswith("/distances.csv")}
    return tables | made.of_recordings | made.figure("fig1")


# The edited file, by edit.
CODE: dict[str, tuple[Edit, Expected]] = {
    "the resolution of figures": (("plotting/save.py", "dpi=200", "dpi=300"), figures),
    "the metadata of figures": (("plotting/save.py", '"Software": None', '"Software": "neurorules"'), figures),
    "one figure": (
        ("figures/fig1.py", "= distance_against_accuracy", "= staticmethod(distance_against_accuracy)"),
        lambda made, _: made.figure("fig1"),
    ),
    "a style of all figures": (("plotting/style.py", '"font.size": 8', '"font.size": 9'), figures),
    "the pace of status": (("cli/progress.py", "LAST_JOBS, PAUSE_S = 40", "LAST_JOBS, PAUSE_S = 50"), nothing),
    "the downloader": (("recordings/connection.py", "TIMEOUT_S = 60", "TIMEOUT_S = 61"), nothing),
    "the default of a function that a figure calls": (
        ("similarity/matched_accuracy.py", "n_points: int = 100", "n_points: int = 50"),
        lambda made, _: made.figure("fig1"),
    ),
    "a distance": (
        ("similarity/procrustes.py", "def procrustes_distance(", "@staticmethod\ndef procrustes_distance("),
        of_distances,
    ),
    "a measure": (
        ("similarity/measures/cka.py", "def distance(", "@staticmethod\ndef distance("),
        of_distances,
    ),
    "a type of table": (
        ("tables/noise_floor.py", "SPLIT_SEED = 2025", "SPLIT_SEED = 2026"),
        lambda made, _: (
            {file for file in made.tables if file.endswith("/noise_floor.csv")} | made.figure("fig5", "table3")
        ),
    ),
    "a learning rule": (("learning/eprop.py", "1.0 - ", "1.5 - "), of_eprop),
    "an __init__ that learning rules inherit": (
        ("learning/base/learning_rule.py", "self.architecture = architecture", "self.architecture = (architecture)[0]"),
        training,
    ),
    "the base class of learning rules": (
        ("learning/base/learning_rule.py", "add_activity(network,", "add_activity(*[network],"),
        training,
    ),
    "an activation's derivative": (
        ("network/activations.py", "def _tanh_derivative(", "@staticmethod\ndef _tanh_derivative("),
        training,
    ),
    "the default of a function that training calls": (
        (
            "training/checkpoints.py",
            "def checkpoint_updates(n_updates: int, schedule: str, count: int)",
            "def checkpoint_updates(n_updates: int, schedule: str, count: int = 2)",
        ),
        training,
    ),
    "a constant that training reads": (("training/activity_penalty.py", "SHARE = 0.5", "SHARE = 0.25"), training),
    "what a task's trials are": (
        ("tasks/base/cues.py", "np.ones(7)", "np.ones(8)"),
        training,
    ),
    "another task": (("tasks/mante2013.py", "def make(", "@staticmethod\ndef make("), nothing),
    "another reader": (("recordings/readers/mante2013.py", "def read(", "@staticmethod\ndef read("), nothing),
    "how recordings are written": (
        ("recordings/convert.py", "def convert(", "@staticmethod\ndef convert("),
        lambda made, _: made.all - made.raw,
    ),
    "the synthetic recording": (
        ("recordings/synthetic/hatsopoulos2007.py", "def write(", "@staticmethod\ndef write("),
        lambda made, _: made.all,
    ),
    "another synthetic recording": (
        ("recordings/synthetic/mante2013.py", "def write(", "@staticmethod\ndef write("),
        nothing,
    ),
}


def edit(checkout: Checkout, file: str, old: str, new: str) -> None:
    path = checkout.folder / PACKAGE / file
    text = path.read_text()
    assert old in text, (file, old)
    path.write_text(text.replace(old, new))


def test_words_rerun_nothing(checkout: Checkout) -> None:
    """Any word of any error or log line, all of them at once."""
    changed = [reword_errors(file) for file in (checkout.folder / "workflow").rglob("*.py")]
    assert sum(changed) > 200
    assert checkout.planned() == set()


def reword_errors(file: Path) -> int:
    """Write other words wherever a sentence is raised or printed; how many there were."""
    tree, changed = ast.parse(file.read_text()), 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.count(" ") > 1:
                    part.value = f"Other words. {part.value}"
                    changed += 1
    if changed:
        file.write_text(ast.unparse(tree))
    return changed


def test_annotations_and_new_functions_rerun_nothing(checkout: Checkout) -> None:
    for file in (checkout.folder / "workflow").rglob("*.py"):
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                node.returns = None
        unused = "def added_by_a_test(value):\n    return value\n"
        file.write_text(f"{ast.unparse(tree)}\n\n\n{unused}")
    assert checkout.planned() == set()


def test_a_new_plugin_reruns_nothing(checkout: Checkout) -> None:
    for folder, like in (("learning", "eprop"), ("figures", "fig1"), ("tasks", REACH), ("recordings/readers", REACH)):
        text = (checkout.folder / PACKAGE / folder / f"{like}.py").read_text()
        (checkout.folder / PACKAGE / folder / "one_more.py").write_text(text)
    assert checkout.planned() == set()


CONFIG: dict[str, tuple[tuple[str, ...], object, Expected]] = {
    "alignment": (
        ("tasks", REACH, "comparison", "onset_step"),
        85,
        lambda made, _: made.tables | made.figures,
    ),
    "learning rate of a setting": (
        ("settings", "base", "training", "learning_rate"),
        1e-4,
        lambda made, c: made.of("base") | made.figure(*figures_with(c, "settings", "base")),
    ),
    "learning rate of one learning rule": (
        ("settings", "base", "by_learning_rule", "eprop", "training", "learning_rate"),
        1e-4,
        lambda made, c: made.of("eprop") | made.figure(*figures_with(c, "learning_rules", "eprop")),
    ),
    "size of the networks": (
        ("defaults", "network", "units"),
        17,
        lambda made, _: made.runs | made.tables | made.figures,
    ),
    "a task's trials": (
        ("tasks", REACH, "task", "steps"),
        101,
        lambda made, _: made.runs | made.tables | made.figures,
    ),
    "a figure's seeds": (
        ("figures", "fig1", "seeds"),
        [0],
        # Table 3 shares a type of table with Figure 1, and both seeds: now each of them is scored separately.
        lambda made, _: (
            {f"similarity/{REACH}/{rule}/base/seeds0/distances.csv" for rule in ("bptt", "eprop")}
            | resampled("base", 0, 1)
            | made.figure("fig1", "table3")
        ),
    ),
    "a synthetic recording": (("recordings", REACH, "options", "neurons"), 9, lambda made, _: made.all),
    "a setting that no figure shows": (
        ("settings", "another", "training", "learning_rate"),
        1e-4,
        lambda made, _: set(),
    ),
    "a task that no figure shows": (("tasks", "mante2013", "network", "units"), 8, lambda made, _: set()),
    "a recording that is not used": (("recordings", "mante2013", "options", "dt_ms"), 25, lambda made, _: set()),
    "the folder of raw files, where all is synthetic": (("raw_dir",), "elsewhere", lambda made, _: set()),
    "how many seeds a job trains": (("seeds_per_job",), 1, lambda made, _: set()),
    "one more seed": (
        ("seeds",),
        [0, 1, 2],
        lambda made, _: (
            {f"runs/{REACH}/{rule}/base/seed2.nc" for rule in ("bptt", "eprop")}
            | {file.replace("/seeds0-1/", "/seeds0-2/") for file in made.tables}
            | made.figures
        ),
    ),
}


Plan = tuple[set[str], set[str]]


@pytest.fixture(scope="module")
def plans(
    finished: Checkout, made: Made, two_at_a_time: Executor, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Future[Plan]]:
    """The planned and the expected jobs after each change of code or config, one at a time."""

    def of_code(change_of: str) -> Plan:
        checkout = finished.copy(tmp_path_factory.mktemp("code") / "checkout")
        change, expected = CODE[change_of]
        edit(checkout, *change)
        return checkout.planned(), expected(made, checkout)

    def of_config(change: str) -> Plan:
        keys, value, expected = CONFIG[change]
        checkout = finished.copy(tmp_path_factory.mktemp("config") / "checkout")
        checkout.configure(*keys, to=value)
        return checkout.planned(), expected(made, checkout)

    futures = {file: two_at_a_time.submit(of_code, file) for file in CODE}
    return {**futures, **{change: two_at_a_time.submit(of_config, change) for change in CONFIG}}


@pytest.mark.parametrize("file", CODE)
def test_changed_code_reruns_what_uses_it(plans: dict[str, Future[Plan]], file: str) -> None:
    planned, expected = plans[file].result()
    assert planned == expected


@pytest.mark.parametrize("change", CONFIG)
def test_a_changed_value_reruns_what_depends_on_it(plans: dict[str, Future[Plan]], change: str) -> None:
    planned, expected = plans[change].result()
    assert planned == expected


def test_a_figure_alone_needs_only_its_own(fresh: Checkout) -> None:
    # fig1 is drawn from distances and baselines: no noise floor, no other figure
    planned = fresh.planned("fig1")
    assert below(planned, "figures", "tables") == {"figures/fig1.pdf", "figures/fig1.png", "figures/fig1.csv"}
    assert {Path(file).name for file in below(planned, "similarity")} == {
        "distances.csv",
        "baselines.csv",
        "resampled_distances.csv",
    }


def test_what_is_planned_is_what_is_made(checkout: Checkout, made: Made) -> None:
    """The dry runs above speak the truth: a real run after a real change, by the bytes and the age of every file."""
    checkout.configure("settings", "slower", "training", "learning_rate", to=1e-4)
    checkout.configure(
        "figures", "fig1", to={"learning_rules": ["bptt", "eprop"], "settings": ["base", "slower"], "seeds": [1]}
    )
    slower, base = ([f"{REACH}/{rule}/{setting}" for rule in ("bptt", "eprop")] for setting in ("slower", "base"))
    new = {f"runs/{model}/seed1.nc" for model in slower} | {
        f"similarity/{model}/seeds1/distances.csv" for model in slower
    }
    new |= resampled("slower", 1)
    # for seeds 0 and 1 together they exist, for seed 1 alone they do not
    narrowed = {f"similarity/{model}/seeds1/distances.csv" for model in base}
    narrowed |= resampled("base", 0, 1) | made.figure("table3")  # which has both seeds
    assert checkout.planned() == new | narrowed | made.figure("fig1")

    before = ages(checkout)
    checkout.finish()
    assert {file for file, age in ages(checkout).items() if before.get(file) != age} == new | narrowed | made.figure(
        "fig1"
    )
    assert checkout.planned() == set()

    # now that there are two settings, a change of one is the business of one
    checkout.configure("settings", "slower", "training", "learning_rate", to=2e-4)
    assert checkout.planned() == new | made.figure("fig1")

    # and a figure shows its own seeds, whatever other figures need of the same models
    import pandas as pd

    assert set(pd.read_csv(checkout.results / "figures/fig1.csv")["seed"]) == {1}
    floor = f"similarity/{REACH}/bptt/base/seeds0-1/noise_floor.csv"
    assert set(pd.read_csv(checkout.result(floor))["seed"]) == {-1, 0, 1}


def ages(checkout: Checkout) -> dict[str, int]:
    return {file: (checkout.results / file).stat().st_mtime_ns for file in checkout.hashes()}
