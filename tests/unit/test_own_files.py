"""A user's own files: one, several, a folder; and errors in a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurorules.errors import InputError
from neurorules.recordings.catalogue import only_source
from neurorules.recordings.own_files import find_own_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.nwb", "a.NWB", "._a.nwb", "notes.txt", "other/c.nwb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(*paths: Path) -> list[str]:
    return [file.name for file in find_own_files("ours", paths, ["*.nwb"])]


def test_a_file_a_list_and_a_folder(folder: Path) -> None:
    assert names(folder / "notes.txt") == ["notes.txt"]  # an explicit path is read, whatever its extension
    assert names(folder) == ["a.NWB", "b.nwb"]  # without hidden files, and not those of folders within
    assert names(folder / "b.nwb", folder / "a.NWB", folder / "other") == ["a.NWB", "b.nwb", "c.nwb"]
    assert names(folder, folder / "b.nwb") == ["a.NWB", "b.nwb"]


def test_what_is_not_there(folder: Path) -> None:
    with pytest.raises(InputError, match="does not exist") as caught:
        names(folder / "b.nwp")
    assert (caught.value.key, caught.value.remedy) == ("recordings.ours.path", f"Did you mean {folder / 'b.nwb'}?")
    with pytest.raises(InputError, match="does not exist"):
        names(folder / "nowhere" / "b.nwb")
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match=r"no \*\.nwb file"):
        names(folder / "empty")


def test_two_files_of_one_name_cannot_be_told_apart(folder: Path) -> None:
    (folder / "other" / "b.nwb").touch()
    with pytest.raises(InputError, match="Duplicate file name"):
        names(folder, folder / "other")


def test_the_source_that_needs_no_name() -> None:
    assert only_source("mante2013") == "raw"
    assert only_source("nwb") == "files"  # besides the public sessions
    assert only_source("hatsopoulos2007") is None
    assert only_source("steinmetz") is None
