"""Study files as YAML: merging several, unreadable files, and line numbers of keys."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.studies import (
    BASE,
    STUDY_FILES,
    loaded,
)

from neurorules.cli.main import main
from neurorules.errors import InputError
from neurorules.study.load import Study, load_study
from neurorules.study.schema.study_file import option_defaults
from neurorules.study.yaml_source import BASE_CONFIG, REPOSITORY, find_key, merge


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
        snakemakes: dict[str, Any] = {}  # not a copy of BASE, in which one dict may occur in several places
        for part in (BASE, yaml.safe_load(file.read_text())):
            update_config(snakemakes, part)
        made = load_study(file).config
        assert {**made, "defaults": merge(option_defaults(), snakemakes.get("defaults", {}))} == made
        assert {key: made[key] for key in snakemakes if key != "defaults"} == {
            key: value for key, value in snakemakes.items() if key != "defaults"
        }


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
    assert "1350 runs" in said.out


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    wrong, items, absent = tmp_path / "wrong.yaml", tmp_path / "items.yaml", tmp_path / "absent.yaml"
    wrong.write_text("seeds: [0, 1\nstudy: x")
    items.write_text("- study: x")
    for file, words in ((wrong, "not valid YAML"), (items, "keys and values"), (absent, "Cannot read")):
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
    with pytest.raises(InputError, match="Duplicate key in lines 3 and 4") as caught:
        load_study(file)
    assert (caught.value.file, caught.value.key) == (str(file), "tasks.romo.network")
    with pytest.raises(InputError, match="Duplicate key"):
        Study(load_study().config, [file])  # as Snakemake gives it


def test_a_value_that_contains_itself_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "circle.yaml"
    file.write_text("study: x\ntasks:\n  romo:\n    task: &trials {dt: 0.5, more: [*trials]}\n")
    with pytest.raises(InputError, match="contains itself") as caught:
        load_study(file)
    assert (caught.value.file, caught.value.line) == (str(file), 4)


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("seeds", None, 2),
        ("seeds", 7, 5),
        ("settings.gain-0.5.network.gain", None, 8),
        ("figures.fig1.tasks", "romo", 10),
        ("figures.fig1.tasks.1", None, 10),
        ("settings.copied.network", None, None),  # after a merge key: not written out
    ],
)
def test_the_line_of_a_key_and_of_an_item(tmp_path: Path, key: str, value: object, line: int | None) -> None:
    file = tmp_path / "lines.yaml"
    file.write_text(
        "study: lines\n"
        "seeds:\n"
        "  - 3\n"
        "  - 5\n"
        "  - 7\n"
        "settings:\n"
        "  gain-0.5: &gain\n"
        "    network: {gain: 0.5}\n"
        "  copied: {<<: *gain}\n"
        "figures: {fig1: {tasks: [dms, romo]}}\n"
    )
    found = find_key([file], key) if value is None else find_key([file], key, value)
    assert found == (str(file), line)


def test_a_key_of_no_file_has_no_line(tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    file.write_text("{}")
    assert find_key([file], "seeds") == (f"{file} or the command line", None)
    assert find_key([file], "defaults.network.gain") == (None, None)  # of the package
    assert find_key([], "seeds") == (None, None)
