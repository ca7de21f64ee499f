"""The generated parts of the documentation are up to date, and their generators detect if they are not."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from helpers.loaded_file import load

from neurorules.study.schema.fields import Group
from neurorules.study.schema.session_options import SessionOptions
from neurorules.study.schema.study_file import ExtraModels, OptionGroups, Primary
from neurorules.study.schema.trials_file import TrialsFile


@pytest.fixture(scope="module")
def reference(repository: Path) -> ModuleType:
    """docs/config_reference.py, which is outside the package."""
    return load(repository / "docs" / "config_reference.py")


def test_the_reference_is_up_to_date(reference: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert reference.main(["--check"]) == 0, capsys.readouterr().err


def test_a_changed_row_is_seen_and_mended(
    reference: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(reference.PAGES, tmp_path / "reference")
    page, task_page = (tmp_path / "reference" / name for name in ("options.md", "task-options.md"))
    whole, of_tasks = page.read_text(), task_page.read_text()
    page.write_text(whole.replace("| `gain` | number, 0 or more |", "| `gain` | number |"))
    task_page.write_text(of_tasks.replace("| `mu` | number, 0 or more |", "| `mu` | number |"))
    assert page.read_text() != whole and task_page.read_text() != of_tasks
    monkeypatch.setattr(reference, "PAGES", tmp_path / "reference")
    assert reference.main(["--check"]) == 1
    assert reference.main([]) == 0
    assert (page.read_text(), task_page.read_text()) == (whole, of_tasks)


def test_a_table_that_no_page_has_is_seen(
    reference: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(reference.PAGES, tmp_path / "reference")
    (tmp_path / "reference" / "task-options.md").unlink()
    monkeypatch.setattr(reference, "PAGES", tmp_path / "reference")
    with pytest.raises(ValueError, match="tasks' own options"):
        reference.main(["--check"])


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"type": "integer", "minimum": 1}, "integer, 1 or more"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "number above 0, up to 1"),
        ({"type": "integer", "minimum": 1, "maximum": 100_000}, "integer, 1 to 100,000"),
        ({"enum": ["a", "b", "c"]}, "`a`, `b` or `c`"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "number", "minimum": 1, "x-unit": "steps"}, "number, 1 or more, in steps"),
        ({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "best"}]}, "number above 0, or `best`"),
        ({"type": "array", "items": {"type": "integer", "minimum": 1}}, "list of integers, 1 or more"),
    ],
)
def test_types_in_words(reference: ModuleType, option: dict[str, object], words: str) -> None:
    assert reference.type_of(option) == words


def test_the_table_of_columns_is_up_to_date(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load(repository / "docs" / "column_reference.py").main(["--check"]) == 0, capsys.readouterr().err


def test_a_changed_column_is_seen_and_mended(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = load(repository / "docs" / "column_reference.py")
    page = tmp_path / "tables.md"
    whole = columns.PAGE.read_text()
    page.write_text(whole.replace("| `time_ms` | number |", "| `time_ms` | text |"))
    assert page.read_text() != whole
    monkeypatch.setattr(columns, "PAGE", page)
    assert columns.main(["--check"]) == 1
    assert columns.main([]) == 0
    assert page.read_text() == whole


def groups_below(group: type[Group]) -> set[type[Group]]:
    return {group}.union(*(groups_below(below) for below in group.__subclasses__()))


def test_every_group_of_options_has_a_table(reference: ModuleType) -> None:
    """But parts of another: a figure's extra models and primary claim, groups of a layer without a learning rule's, and
    options of sessions, which every recording's table begins with."""
    shown = {group for group, _ in reference.TABLES.values()}
    assert groups_below(Group) - shown == {Group, OptionGroups, ExtraModels, Primary, SessionOptions, TrialsFile}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.0e-3, "1.0e-3"),
        ([3e-4, 0.01], "[3.0e-4, 0.01]"),
        (10, "10"),
        (0.0, "0.0"),
        (True, "true"),
        (None, "null"),
        (["a", "b"], "[a, b]"),
    ],
)
def test_values_are_written_as_yaml_reads_them(reference: ModuleType, value: object, words: str) -> None:
    assert reference.written(value) == words
    assert yaml.safe_load(words) == value
