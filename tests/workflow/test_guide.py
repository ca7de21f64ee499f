"""docs/extending.md: what it tells to write is written into a copy of the repository, and does what the text says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checkout import REPOSITORY, Checkout

GUIDE = (REPOSITORY / "docs" / "extending.md").read_text()
# A block of code with the line before it, which says where it goes.
BLOCK = re.compile(
    r"^(?:`(?P<new>\S+)`|In `(?P<old>\S+)`, (?P<place>above|below) the line `(?P<line>[^\n]*)`"
    r"|At the end of `(?P<end>\S+)`):\n\n```\w+\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
RULE, TASK, RECORDING = "config/my-rule.yaml", "config/my-task.yaml", "config/my-recording.yaml"


def write(block: re.Match[str], folder: Path) -> Path:
    """Do with a block of code what the line before it says."""
    file = folder / (block["new"] or block["old"] or block["end"])
    if block["new"]:
        assert not file.exists(), f"{file} is there already"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block["code"])
        return file
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
    for name in ("pyproject.toml", "tests/unit/test_learning_rules.py"):
        (checkout.folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, checkout.folder / name)
    for block in BLOCK.finditer(GUIDE):
        write(block, checkout.folder)
    assert run(checkout, "lab_file.py").returncode == 0
    return checkout


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
    """None is overlooked: what is neither a file nor a part of one is a command or what a command says."""
    languages = re.findall(r"^```(\w+)$", GUIDE, re.MULTILINE)
    blocks = list(BLOCK.finditer(GUIDE))
    assert len(blocks) == sum(language in ("python", "yaml") for language in languages)
    assert set(languages) == {"python", "yaml", "sh", "text"}


def test_its_code_is_in_the_style_of_the_rest(extended: Checkout) -> None:
    files = [
        str(extended.folder / (block["new"] or block["old"])) for block in BLOCK.finditer(GUIDE) if not block["end"]
    ]
    code = [file for file in files if file.endswith(".py")]
    assert len(code) > 6
    assert run(extended, "-m", "ruff", "check", *code).stdout == "All checks passed!\n"
    assert run(extended, "-m", "ruff", "format", "--check", *code).returncode == 0


def test_its_checks_pass(extended: Checkout) -> None:
    """The gradient of the learning rule against autograd and its eligibility trace; trials and files known by hand."""
    tests = [block["new"] for block in BLOCK.finditer(GUIDE) if (block["new"] or "").startswith("tests/")]
    rules = "tests/unit/test_learning_rules.py"
    others = ("-k", "eprop_self or every_learning_rule or evidence or lab2025", "-q", "-p", "no:cacheprovider")
    done = run(extended, "-m", "pytest", *tests, rules, *others)
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert len(tests) == 3 and passed is not None and int(passed[1]) > 40, done.stdout


def test_a_wrong_learning_rule_fails_its_checks(pristine: Checkout, extended: Checkout, tmp_path: Path) -> None:
    """E-prop in its place: without the term that makes the difference."""
    wrong = extended.copy(tmp_path / "checkout")
    rule = wrong.folder / "workflow/neurorules/learning/eprop_self.py"
    text = rule.read_text()
    assert text.count("credit.addcmul_(credit_next, self.own)") == 1
    rule.write_text(text.replace("credit.addcmul_(credit_next, self.own)", "pass"))
    checks = ("tests/unit/test_eprop_self.py", "tests/unit/test_learning_rules.py")
    done = run(wrong, "-m", "pytest", *checks, "-k", "eprop_self and (trace or bptt or silent)", "-q")
    assert done.returncode == 1
    assert "4 failed" in done.stdout, done.stdout


def test_its_studies_plan_what_they_name(extended: Checkout) -> None:
    done = run(extended, "-m", "neurorules.study", RULE, TASK, RECORDING)
    assert done.returncode == 0, done.stderr
    runs = [int(line.rsplit(" ", 2)[1]) for line in done.stdout.splitlines()]
    # learning rules x seeds of the default study
    assert runs == [3 * 4, 2 * 4, 3 * 4]


def test_its_error_is_what_is_said(extended: Checkout, tmp_path: Path) -> None:
    (said,) = re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL)
    checkout = extended.copy(tmp_path / "checkout")
    study = checkout.folder / TASK
    study.write_text(study.read_text().replace("noise_sd: 0.5", "noise_sd: -1"))
    done = run(checkout, "-m", "neurorules.study", TASK)
    assert done.returncode == 1
    assert done.stderr == f"{TASK}: {said}"


def test_its_figures_show_what_was_added(extended: Checkout) -> None:
    """In small: the studies of the guide are laid over the tests' own."""
    (extended.folder / "fewer.yaml").write_text("figures: {learning_curves: {learning_rules: [eprop]}}\n")

    def made(figure: str, *studies: str) -> pd.DataFrame:
        # the target comes before --configfile, which takes every word that follows it
        command = [*extended.command(*studies), "--cores", "2"]
        command.insert(command.index("snakemake") + 1, figure)
        environment = extended.environment()
        done = subprocess.run(
            command, cwd=extended.folder, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        figures = extended.folder / "results" / Path(studies[-1]).stem / "figures"
        assert (figures / f"{figure}.pdf").stat().st_size > 0
        return pd.read_csv(figures / f"{figure}.csv")

    # a task without a recording
    curves = made("learning_curves", "fewer.yaml", TASK)
    assert set(curves["task"]) == {"evidence"} and set(curves["recording"]) == {"no recording"}
    assert set(curves["seed"]) == {0, 1}
    assert np.isfinite(curves[["accuracy", "task_loss"]]).all(axis=None)

    # all three together: the learning rule on the task, compared with the recording
    table = made("fig1", RULE, RECORDING)
    assert set(table["recording"]) == {"lab2025"} and set(table["recording_title"]) == {"Lab 2025"}
    assert set(table["task"]) == {"evidence"} and set(table["synthetic"]) == {0}
    assert set(table["learning_rule"]) == {"bptt", "eprop", "eprop_self"}
    assert set(table.groupby("learning_rule")["seed"].nunique()) == {2}
    assert np.isfinite(table["accuracy"]).all() and table["distance"].between(0, 1, inclusive="neither").all()
    # each learning rule has made another network of the same untrained one
    last = table[(table["seed"] == 0) & (table["update"] == table["update"].max())]
    assert last["distance"].nunique() == 3
    assert table[(table["seed"] == 0) & (table["update"] == 0)]["distance"].nunique() == 1
