"""Names, folders, terminals and study files at their limits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from helpers.studies import BASE, study

from neurorules.cli.pace import seconds_of
from neurorules.errors import InputError
from neurorules.jobs import job
from neurorules.study.load import Study
from neurorules.study.model import block_name, subset_name
from neurorules.study.preflight import check_folders
from neurorules.study.yaml_source import check_keys, merge

# The longest file name that Linux allows, minus the suffix of a log, its lock or a temporary file.
MOST = 255 - len(".") - len(".log.lock")


@pytest.mark.parametrize("seeds", [range(100), range(0, 154, 2), [2**62 + 3 * k for k in range(14)]])
def test_names_of_many_seeds_fit_a_file(seeds: range | list[int]) -> None:
    for name_of in (block_name, subset_name):
        assert len(name_of(seeds)) <= MOST
        assert name_of(seeds) != name_of(list(seeds)[:-1])
        assert name_of(seeds) != name_of([*list(seeds)[:-1], seeds[-1] + 7])


def test_names_of_few_seeds_stay() -> None:
    assert block_name([0, 1, 5]) == "seed0_1_5"
    assert subset_name(range(1000)) == "seeds0-999"
    assert subset_name([0, 1, 2, 7]) == "seeds0-2_7"


@pytest.mark.parametrize("name", ["x" * 250, "abc\n", "abc\r"])
def test_names_that_no_file_can_have(name: str) -> None:
    for over in ({"settings": {name: {}}}, {"recordings": {name: {"reader": "own_rates", "source": "netcdf"}}}):
        with pytest.raises(InputError):
            study(over)
    with pytest.raises(InputError):
        study({"study": name})


def test_counts_that_no_machine_can_do() -> None:
    for group, option in (("training", "updates"), ("training", "batch_size"), ("network", "units")):
        with pytest.raises(InputError, match="at most") as caught:
            study({"defaults": {group: {option: 2**62}}})
        assert caught.value.key == f"defaults.{group}.{option}"


# ---- where a value is set


@pytest.mark.parametrize(
    ("given", "shown"),
    [({"seeds": 3}, "seeds=3"), ({"use_figures": "fig1"}, "use_figures=fig1"), ({"seeds_per_job": 2.0}, "2.0")],
)
def test_a_value_of_the_command_line_is_not_blamed_on_a_file(
    tmp_path: Path, given: dict[str, object], shown: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("study: mine\nseeds: [3]\nuse_figures: [fig1]\nseeds_per_job: 2\n")
    with pytest.raises(InputError) as caught:
        Study(merge(BASE, {"study": "mine", **given}), [file], given)
    assert caught.value.file is not None and str(file) not in caught.value.file
    assert caught.value.file.startswith("the command line, --config ") and shown in caught.value.file


@pytest.mark.parametrize("value", [20241125, 1.1, True, None])
def test_text_that_yaml_takes_for_something_else_is_to_be_quoted(value: object) -> None:
    """`study: 2024_11_25` is the integer 20241125."""
    with pytest.raises(InputError, match="Put it in quotes"):
        study({"study": value})


# ---- study files that grow


def test_a_few_lines_of_aliases_that_become_billions(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 10)]
    file.write_text("\n".join(lines))
    with pytest.raises(InputError, match="after expanding its aliases") as caught:
        check_keys(file)
    assert caught.value.line == 5  # 10^5 values and their lists


@pytest.mark.parametrize("levels", [60, 3000, 100_000])
def test_a_study_file_that_is_too_deep(tmp_path: Path, levels: int) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("a: " + "[" * levels + "]" * levels)
    with pytest.raises(InputError, match="levels deep"):
        check_keys(file)


def test_a_study_file_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "data.yaml"
    file.write_text("a: 1\n" * 300_000)
    with pytest.raises(InputError, match="characters"):
        check_keys(file)


# ---- folders, terminals, leftovers


@pytest.mark.parametrize("path", ["/home/me/my lab/x", "/data/{a}/x", "/data/a:b/x", "/data/it's/x", "/data/$x"])
def test_folders_that_jobs_cannot_start_from(path: str) -> None:
    with pytest.raises(InputError, match="cannot start jobs") as caught:
        check_folders("/usr/bin/python3", path)
    assert caught.value.file == path
    check_folders("/usr/bin/python3.11", "/home/müller/lab-2_a.b/x+y", sys.executable)


def test_a_terminal_that_is_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "job.log"
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        with job(str(log)):
            print("said", file=sys.stderr)
        with pytest.raises(SystemExit), job(str(log)):
            raise InputError("What is wrong.")
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())  # what is left in its buffer
    assert "What is wrong." in log.read_text()


@pytest.mark.parametrize("content", [b"", b"s\n", b"s\th:m:s\nabc\n", b"\xff\xfe\n\xff", b"s\nnan\n", b"s\ninf\n"])
def test_a_damaged_benchmark_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "seed0.tsv"
    file.write_bytes(content)
    assert seconds_of(file) == 0.0


# ---- what surrounds the workflow


def test_no_shell_of_make_takes_apart_what_a_caller_sets(tmp_path: Path, repository: Path) -> None:
    """`make run STUDY='x; cmd'` does not run cmd: recipes get such values from the environment, quoted."""
    recipes = [line for line in (repository / "Makefile").read_text().splitlines() if line.startswith("\t")]
    for name in ("STUDY", "TARGET", "TASK", "RAW_DIR", "CONFIG", "CORES", "TORCH_INDEX_URL"):
        assert not [line for line in recipes if f"$({name})" in line], name
    made = tmp_path / "made"
    done = subprocess.run(
        ["make", "study-exists", f"STUDY=x; touch {made}; $$(touch {made}) `touch {made}`"],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and "does not exist" in done.stderr
    assert not made.exists()


def test_slurm_is_asked_on_while_its_accounting_is_away(repository: Path) -> None:
    """After that many failures in a row, seconds apart, the plugin forgets its jobs; a maintenance takes an hour."""
    profile = yaml.safe_load((repository / "slurm" / "config.yaml").read_text())
    assert profile["slurm-status-attempts"] >= 3600 // 10
