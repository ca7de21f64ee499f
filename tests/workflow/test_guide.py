"""The pages on extending: files are copied from examples/ into a checkout and do what the text says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.checkout import REPOSITORY, Checkout

from neurorules.tables.base.table_type import subject_of, table_types

PAGES = (
    *(f"extending/{name}" for name in ("learning-rule", "task", "recording", "measure", "figure", "claim")),
    "recording-rates",
)
GUIDE = "\n".join((REPOSITORY / "docs" / f"{page}.md").read_text() for page in PAGES)
EXAMPLES = REPOSITORY / "examples"
TOPICS = ("learning-rule", "task", "recording", "measure", "figure", "claim", "rates")
# A block of code with the line before it, which says where it goes.
BLOCK = re.compile(
    r"^(?:`(?P<new>\S+)`|In `(?P<old>\S+)`, (?P<place>above|below) the line `(?P<line>[^\n]*)`"
    r"|At the end of `(?P<end>\S+)`):\n\n(?:<!-- example: (?P<example>\S+) -->\n\n)?```\w+\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
RULE, TASK, RECORDING = "config/my-rule.yaml", "config/my-task.yaml", "config/my-recording.yaml"
RATES, MEASURE, FIGURE = "config/my-rates.yaml", "config/my-measure.yaml", "config/my-figure.yaml"
# What the guide adds to, or runs, besides its own checks.
TESTS = ("test_learning_rules.py", "test_captions.py", "test_claims.py")


def write(block: re.Match[str], folder: Path) -> Path:
    """Apply a part of a file as the line before it says."""
    file = folder / (block["old"] or block["end"])
    lines, code = file.read_text().splitlines(keepends=True), block["code"]
    at = len(lines)
    if block["old"]:
        (at,) = [number for number, line in enumerate(lines) if line.startswith(block["line"])]
        if block["place"] == "below":
            at += 1
        else:
            code += "\n\n"  # as between functions
    file.write_text("".join([*lines[:at], code, *lines[at:]]))
    return file


@pytest.fixture(scope="module")
def extended(pristine: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with all that the guide adds."""
    checkout = pristine.copy(tmp_path_factory.mktemp("extended") / "checkout")
    for name in ("pyproject.toml", *(f"tests/unit/{test}" for test in TESTS)):
        (checkout.folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, checkout.folder / name)
    shutil.copytree(REPOSITORY / "tests/helpers", checkout.folder / "tests/helpers")
    for topic in TOPICS:  # as `cp -r examples/task/. .` does
        for file in files_of(topic):
            assert not (checkout.folder / file).exists(), f"{file} is there already"
        shutil.copytree(EXAMPLES / topic, checkout.folder, dirs_exist_ok=True)
    for block in BLOCK.finditer(GUIDE):
        if not block["new"]:
            write(block, checkout.folder)
    for script in ("lab_file.py", "own_file.py"):
        assert run(checkout, script).returncode == 0
    return checkout


def files_of(topic: str) -> list[str]:
    """The files of an example, by their paths in the repository."""
    folder = EXAMPLES / topic
    return [str(file.relative_to(folder)) for file in sorted(folder.rglob("*")) if file.is_file()]


def run(checkout: Checkout, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a checkout, on its own package."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout.folder,
        env=checkout.environment(PYTHONPATH=str(checkout.folder / "workflow")),
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_every_block_of_code_is_of_a_file_and_complete() -> None:
    """Every block is covered: if it is not a file or part of one, it is a command or the output of a command."""
    languages = re.findall(r"^```(\w+)$", GUIDE, re.MULTILINE)
    blocks = list(BLOCK.finditer(GUIDE))
    assert len(blocks) == sum(language in ("python", "yaml", "rst") for language in languages)
    assert set(languages) == {"python", "yaml", "rst", "sh", "text"}
    shown = {block["new"]: block["example"] for block in blocks if block["new"]}
    assert shown == {file: f"{topic}/{file}" for topic in TOPICS for file in files_of(topic)}


def test_its_code_is_in_the_style_of_the_rest(extended: Checkout) -> None:
    files = [
        str(extended.folder / (block["new"] or block["old"])) for block in BLOCK.finditer(GUIDE) if not block["end"]
    ]
    code = [file for file in files if file.endswith(".py")]
    assert len(code) > 10
    assert run(extended, "-m", "ruff", "check", *code).stdout == "All checks passed!\n"
    assert run(extended, "-m", "ruff", "format", "--check", *code).returncode == 0


def test_its_checks_pass(extended: Checkout) -> None:
    """Every check that it adds, and those of the repository that take what it adds: `-k` as the guide says."""
    checks = [block["new"] for block in BLOCK.finditer(GUIDE) if (block["new"] or "").startswith("tests/")]
    assert len(checks) == 6
    for least, *arguments in (
        (15, *checks),
        (40, "tests/unit/test_learning_rules.py", "-k", "eprop_self or every_learning_rule"),
        (1, "tests/unit/test_captions.py", "-k", "distances_over_training and my-figure"),
        (1, "tests/unit/test_claims.py", "-k", "speed-eprop-comparable"),
    ):
        if "-k" in arguments:
            assert re.search(rf'{arguments[0]} -k "?{arguments[2]}"?$', GUIDE, re.MULTILINE)
        done = run(extended, "-m", "pytest", *arguments, "-q", "-p", "no:cacheprovider")
        assert done.returncode == 0, done.stdout
        passed = re.search(r"(\d+) passed", done.stdout)
        assert passed is not None and int(passed[1]) >= least, done.stdout


def test_a_wrong_learning_rule_fails_its_checks(pristine: Checkout, extended: Checkout, tmp_path: Path) -> None:
    """E-prop in its place: without the term that makes the difference."""
    wrong = extended.copy(tmp_path / "checkout")
    rule = wrong.folder / "workflow/neurorules/learning/eprop_self.py"
    text = rule.read_text()
    assert text.count("delta.addcmul_(delta_next, self.own)") == 1
    rule.write_text(text.replace("delta.addcmul_(delta_next, self.own)", "pass"))
    checks = ("tests/unit/test_eprop_self.py", "tests/unit/test_learning_rules.py")
    done = run(wrong, "-m", "pytest", *checks, "-k", "eprop_self and (trace or bptt or silent)", "-q")
    assert done.returncode == 1
    assert "4 failed" in done.stdout, done.stdout


def test_its_studies_plan_what_they_name(extended: Checkout) -> None:
    done = run(extended, "-m", "neurorules", "check", RULE, TASK, RECORDING, RATES, MEASURE, FIGURE)
    assert done.returncode == 0, done.stderr
    runs = [int(line.rsplit(" ", 2)[1]) for line in done.stdout.splitlines()]
    # learning rules x seeds of the default study, or its own
    assert runs == [3 * 4, 2 * 4, 3 * 4, 3 * 2, 3 * 4, 2 * 4]


def test_the_table_types_are_listed() -> None:
    page = (REPOSITORY / "docs" / "reference" / "tables.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| an? (model|group|recording) \|", page, re.MULTILINE)
    assert dict(rows) == {name: subject_of(name) for name in table_types()} and len(rows) == len(table_types())


def test_its_error_is_what_is_said(extended: Checkout, tmp_path: Path) -> None:
    (said,) = re.findall(r"```text\n(Value not allowed.*?)```", GUIDE, re.DOTALL)
    checkout = extended.copy(tmp_path / "checkout")
    study = checkout.folder / TASK
    study.write_text(study.read_text().replace("noise_sd: 0.5", "noise_sd: -1"))
    done = run(checkout, "-m", "neurorules", "check", TASK)
    assert done.returncode == 1
    assert done.stderr == f"{TASK}: {said}"


def make(checkout: Checkout, target: str, *studies: str) -> Path:
    """A target of a study that is laid over the tests' own, small one; the folder of its results."""
    # the target comes before --configfile, which takes every word that follows it
    command = [*checkout.command(*studies), "--cores", "2"]
    command.insert(command.index("snakemake") + 1, target)
    environment = checkout.environment()
    done = subprocess.run(command, cwd=checkout.folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return checkout.folder / "results" / Path(studies[-1]).stem


def drawn(results: Path, figure: str) -> pd.DataFrame:
    """What a figure leaves as CSV."""
    assert (results / "figures" / f"{figure}.pdf").stat().st_size > 0
    return pd.read_csv(results / "figures" / f"{figure}.csv")


def test_a_figure_shows_the_task(extended: Checkout) -> None:
    """A task without a recording."""
    (extended.folder / "fewer.yaml").write_text("figures: {learning_curves: {learning_rules: [eprop]}}\n")
    curves = drawn(make(extended, "learning_curves", "fewer.yaml", TASK), "learning_curves")
    assert set(curves["task"]) == {"evidence"} and set(curves["recording"]) == {"no recording"}
    assert set(curves["seed"]) == {0, 1}
    assert np.isfinite(curves[["accuracy", "task_loss"]]).all(axis=None)


def test_a_figure_shows_the_learning_rule_on_the_task_and_the_recording(extended: Checkout) -> None:
    table = drawn(make(extended, "fig1", RULE, RECORDING), "fig1")
    assert set(table["recording"]) == {"lab2025"} and set(table["recording_title"]) == {"Lab 2025"}
    assert set(table["task"]) == {"evidence"} and set(table["synthetic"]) == {0}
    assert set(table["learning_rule"]) == {"bptt", "eprop", "eprop_self"}
    assert set(table.groupby("learning_rule")["seed"].nunique()) == {2}
    assert np.isfinite(table["accuracy"]).all() and table["distance"].between(0, 1, inclusive="neither").all()
    # each learning rule has made another network of the same untrained one
    last = table[(table["seed"] == 0) & (table["update"] == table["update"].max())]
    assert last["distance"].nunique() == 3
    assert table[(table["seed"] == 0) & (table["update"] == 0)]["distance"].nunique() == 1


def test_rates_of_ones_own_are_compared_with_a_task_that_is_there(extended: Checkout) -> None:
    results = make(extended, "fig1", RATES)
    table = drawn(results, "fig1")
    assert set(table["recording"]) == {"our-lab"} and set(table["recording_title"]) == {"Our lab 2025"}
    assert set(table["task"]) == {"2af"} and set(table["synthetic"]) == {0}
    assert table["distance"].between(0, 1, inclusive="neither").all()
    # the guide's own words of the task, and what the recording adds to them
    (said,) = re.findall(r"```text\n(2af:.*?)```", GUIDE, re.DOTALL)
    shown = run(extended, "-m", "neurorules", "trials", RATES, "2af").stdout.splitlines()
    assert shown[1] == "steps 0-21 are compared with our-lab's bins, 50 to 2150 ms"
    assert [shown[0], *shown[2:6]] == said.splitlines()


def test_rates_that_do_not_fit_are_refused_before_anything_runs(extended: Checkout, tmp_path: Path) -> None:
    """Other rates do not repeat any training."""
    checkout = extended.copy(tmp_path / "checkout")
    results = make(checkout, "fig1", RATES)
    runs = sorted(results.glob("runs/*/*/*/*.nc"))
    before = [(file.stat().st_mtime_ns, file.read_bytes()) for file in runs]
    assert len(runs) == 2 * 2  # learning rules, seeds
    script = checkout.folder / "own_file.py"
    text = script.read_text()
    script.write_text(text.replace("default_rng(0)", "default_rng(1)"))
    assert run(checkout, "own_file.py").returncode == 0
    drawn_before = (results / "figures/fig1.csv").read_text()
    make(checkout, "fig1", RATES)
    assert (results / "figures/fig1.csv").read_text() != drawn_before
    assert [(file.stat().st_mtime_ns, file.read_bytes()) for file in runs] == before

    fewer = (
        text.replace("[51.2, 25.6", "[25.6")
        .replace('"right"], 4)', '"right"], 3)')
        .replace("(8, 22, 50)", "(6, 22, 50)")
    )
    script.write_text(fewer)
    assert run(checkout, "own_file.py").returncode == 0
    checkout.dry_run("--configfile", RATES).refuses(
        "The task has 8 test trials, the recording 6 conditions",
        "resources/raw/our-lab/rates.nc",
        "tasks.2af.comparison.recording",
        "make trials",
    )


def test_the_figure_shows_the_measure_and_decides_the_claim(extended: Checkout) -> None:
    make(extended, "distances_over_training", FIGURE)
    results = make(extended, "claims", FIGURE)
    table = drawn(results, "distances_over_training")
    assert set(table["recording"]) == {"hatsopoulos2007"} and set(table["synthetic"]) == {1}
    networks = table.groupby("measure")[["learning_rule", "seed"]].apply(lambda rows: len(rows.drop_duplicates()))
    assert dict(networks) == {"procrustes": 2 * 2, "speed": 2 * 2}
    speed = table[table["measure"] == "speed"]["distance"]
    assert speed.between(0, 2, inclusive="neither").all() and speed.nunique() > 4
    ledger = pd.read_csv(results / "tables" / "claims.csv")
    (row,) = ledger[ledger["id"] == "speed-eprop-comparable"].to_dict("records")
    assert (row["recording"], row["measure"], row["synthetic"]) == ("hatsopoulos2007", "speed", 1)
    assert row["verdict"] == "not testable here" and row["why"].startswith("synthetic recording")
    # it is one more of those that are there; they are about figures that this study does not have
    others = ledger[ledger["id"] != row["id"]]
    assert len(others) > 40 and others["why"].str.endswith("is not part of this study").all()
    assert "By the speed of the population" in (results / "tables" / "claims.md").read_text()
