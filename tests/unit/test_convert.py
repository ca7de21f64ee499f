"""From raw files to recordings: verified before reading, labelled with their source, checked, written."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from scipy.io import loadmat, savemat

from neurorules.errors import InputError
from neurorules.io.identity import sha256_of
from neurorules.provenance.code import coverage
from neurorules.recordings.convert import convert, read_recording
from neurorules.recordings.locate import download_paths
from neurorules.recordings.recording import open_recording
from neurorules.recordings.synthetic.base.write import write_synthetic

SMALL = {"neurons": 3, "trials_per_condition": 2}
REACH: dict[str, Any] = {
    "name": "reach",
    "reader": "hatsopoulos2007",
    "source": "processed",
    "synthetic": True,
    "options": SMALL,
}
MANTE: dict[str, Any] = {"name": "pfc", "reader": "mante2013", "source": "raw", "synthetic": False, "options": {}}


def test_a_file_is_verified_before_it_is_opened(tmp_path: Path) -> None:
    """The published file has 1139407 bytes; this one is not even a .npy file."""
    (file,) = download_paths("hatsopoulos2007", "processed", tmp_path)
    file.parent.mkdir()
    file.write_bytes(b"no .npy file")
    with pytest.raises(InputError, match="has 12 bytes, the published file 1139407") as caught:
        read_recording({**REACH, "synthetic": False}, [file])
    assert caught.value.file == str(file)


def test_an_altered_download_is_refused(tmp_path: Path) -> None:
    files = write_synthetic("mante2013", "raw", tmp_path, 0, SMALL)
    read_recording(MANTE, files)
    files[1].with_name(f"{files[1].name}.sha256").write_text("0" * 64)
    with pytest.raises(InputError, match="altered or replaced") as caught:
        read_recording(MANTE, files)
    assert caught.value.file == str(files[1])


def test_a_recording_says_where_it_comes_from(tmp_path: Path) -> None:
    write_synthetic("hatsopoulos2007", "processed", tmp_path / "raw", 0, SMALL)
    convert(REACH, [tmp_path / "raw"], "abc", str(tmp_path / "reach.nc"))
    about = open_recording(tmp_path / "reach.nc").attrs
    assert about["name"] == "reach"
    assert about["title"] == "Hatsopoulos 2007 (synthetic)"
    assert about["source"] == "synthetic, in the raw format of hatsopoulos2007 processed"
    assert (about["synthetic"], about["code"]) == (1, "abc")
    assert about["made_by"] == "neurorules.recordings.readers.hatsopoulos2007"


def test_some_of_the_published_files_say_how_many_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = write_synthetic("mante2013", "raw", tmp_path, 0, SMALL)
    for file in files:  # unit files that do not say that they are synthetic
        unit = loadmat(file, simplify_cells=True)["unit"]
        savemat(file, {"unit": {**unit, "reference": "recorded"}}, oned_as="column")
    attributes = read_recording(MANTE, files).attrs
    assert attributes["title"] == "Mante 2013, 4 of 762 units" and "part" not in attributes
    assert "4 of 762 units" in capsys.readouterr().err


def test_the_config_and_the_files_must_agree(tmp_path: Path) -> None:
    files = write_synthetic("hatsopoulos2007", "dryad", tmp_path / "raw", 0, SMALL)
    with pytest.raises(InputError, match="disagree on whether this recording is synthetic") as caught:
        convert({**REACH, "source": "dryad", "synthetic": False}, files, "abc", str(tmp_path / "reach.nc"))
    assert (caught.value.key, caught.value.value) == ("recordings.reach.synthetic", False)
    assert not (tmp_path / "reach.nc").exists()


def test_a_recording_does_not_depend_on_the_downloader(repository: Path) -> None:
    script = repository / "workflow" / "scripts" / "recording.py"
    modules = {module for module, _ in coverage(script, ["recordings.readers.mante2013"])}
    assert {"neurorules.recordings.convert", "neurorules.recordings.formats.mante_units"} <= modules
    assert not {"neurorules.recordings.download", "neurorules.recordings.transfer"} & modules
    assert not any(module.startswith("neurorules.recordings.readers.hatsopoulos") for module in modules)


def test_a_refused_download_loses_its_checksum(tmp_path: Path) -> None:
    """A truncated download without a known checksum was recorded; the right file must still be accepted."""
    (good, *_) = write_synthetic("mante2013", "raw", tmp_path / "good", 0, SMALL)
    whole = good.read_bytes()
    archive = tmp_path / "PFC data.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr(f"PFC data/PFC data 1/{good.name}", whole)
    published = archive.read_bytes()
    archive.write_bytes(published[: len(published) // 2])
    recorded = tmp_path / "PFC data.zip.sha256"
    recorded.write_text(f"{sha256_of(archive)}  {archive.name}\n")
    with pytest.raises(InputError, match="truncated") as caught:
        read_recording(MANTE, [archive])
    assert caught.value.file == str(archive)
    assert [file.name for file in tmp_path.glob("*.sha256*")] == ["PFC data.zip.sha256.refused"]

    archive.write_bytes(published)
    assert read_recording(MANTE, [archive]).sizes["neuron"] == 1


def test_a_wrong_option_leaves_the_checksum(tmp_path: Path) -> None:
    files = write_synthetic("mante2013", "raw", tmp_path, 0, SMALL)
    recorded = files[0].with_name(f"{files[0].name}.sha256")
    recorded.write_text(f"{sha256_of(files[0])}  {files[0].name}\n")
    with pytest.raises(InputError, match="width"):
        read_recording({**MANTE, "options": {"dt_ms": 0}}, files)
    assert recorded.is_file()
