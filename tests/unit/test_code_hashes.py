"""Code hashes that are cached on disk are valid only for the same bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from neurorules.provenance.code import code_hash
from neurorules.provenance.remembered import CodeHashes


@pytest.fixture
def scripts(repository: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(repository / "workflow/scripts", tmp_path / "scripts"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".snakemake" / "neurorules"


def memory(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_what_is_remembered_is_not_asked_again(folder: Path, scripts: Path) -> None:
    folder.parent.mkdir()
    expected = code_hash(scripts / "recording.py", ("recordings.readers.own_rates",))
    assert CodeHashes(folder, scripts).of("recording.py", ("recordings.readers.own_rates",)) == expected
    key = "recording.py recordings.readers.own_rates"
    assert json.loads(memory(folder).read_text()) == {key: expected}
    memory(folder).write_text(json.dumps({key: "written by hand"}))
    assert CodeHashes(folder, scripts).of("recording.py", ("recordings.readers.own_rates",)) == "written by hand"


def test_a_changed_byte_is_another_memory(folder: Path, scripts: Path) -> None:
    folder.parent.mkdir()
    before, file = CodeHashes(folder, scripts).of("recording.py"), memory(folder)
    script = scripts / "recording.py"
    script.write_text(script.read_text().replace("convert(", "convert(*[],"))
    code_hash.cache_clear()
    assert CodeHashes(folder, scripts).of("recording.py") == code_hash(script) and not file.exists()
    assert memory(folder) != file
    (scripts / "one_more.py").write_text("")
    assert CodeHashes(folder, scripts).of("download.py") == code_hash(scripts / "download.py")
    assert "recording.py" not in json.loads(memory(folder).read_text())
    assert before


@pytest.mark.parametrize("content", ["", "[1]", '{"recording.py": 1}', "{"])
def test_a_damaged_memory_is_done_without(folder: Path, scripts: Path, content: str) -> None:
    folder.parent.mkdir()
    expected = CodeHashes(folder, scripts).of("recording.py")
    memory(folder).write_text(content)
    assert CodeHashes(folder, scripts).of("recording.py") == expected
    assert json.loads(memory(folder).read_text()) == {"recording.py": expected}


def test_without_a_folder_nothing_is_written(folder: Path, scripts: Path) -> None:
    assert CodeHashes(folder, scripts).of("recording.py") == code_hash(scripts / "recording.py")
    assert not folder.parent.exists()
