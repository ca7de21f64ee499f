"""Which raw files are there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from neurorules.errors import InputError
from neurorules.recordings.locate import download_paths, expand_folder, find_raw


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_files_are_found_in_raw_dir_first(tmp_path: Path) -> None:
    raw, downloads = tmp_path / "raw", tmp_path / "downloads"
    raw.mkdir()

    def find(**options: Any) -> list[Path]:
        return find_raw("mante2013", "raw", raw, downloads, options)

    assert find() == []
    archive = touch(downloads / "mante2013" / "PFC data.zip")
    assert find() == find(monkey="fe") == [archive]
    unpacked = raw / "mante2013" / "PFC data"
    for name in ("ar2.mat", "ar1.mat", "._ar1.mat", "notes.txt"):
        touch(unpacked / "PFC data 1" / name)
    assert find() == find(monkey="ar") == [unpacked / "PFC data 1" / name for name in ("ar1.mat", "ar2.mat")]
    assert find(monkey="fe") == [archive]
    touch(unpacked / "PFC data 2" / "fe1.mat")
    assert find(monkey="fe") == [unpacked / "PFC data 2" / "fe1.mat"]
    own = touch(raw / "mante2013" / "PFC data.zip")
    assert find() == [own]
    assert find_raw("mante2013", "raw", None, downloads) == [archive]


def test_what_cannot_be_found(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="raw_dir"):
        find_raw("mante2013", "raw", tmp_path / "nowhere", tmp_path)
    (tmp_path / "mante2013" / "PFC data" / "PFC data 1").mkdir(parents=True)
    with pytest.raises(InputError, match=r"no \*\.mat file"):
        find_raw("mante2013", "raw", tmp_path, tmp_path / "d")
    for recording, source, options, value in [
        ("mante", "raw", {}, "mante"),
        ("mante2013", "dryad", {}, "dryad"),
        ("mante2013", "raw", {"monkey": "x"}, "x"),
    ]:
        with pytest.raises(InputError, match="Use one of") as caught:
            find_raw(recording, source, None, tmp_path, options)
        assert caught.value.value == value


def test_download_paths_are_where_find_raw_looks(tmp_path: Path) -> None:
    for recording, source in [("mante2013", "raw"), ("hatsopoulos2007", "processed"), ("hatsopoulos2007", "dryad")]:
        paths = [touch(path) for path in download_paths(recording, source, tmp_path)]
        assert find_raw(recording, source, None, tmp_path) == paths


def test_a_folder_in_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand_folder("~/raw", "raw_dir") == tmp_path / "raw"
    assert expand_folder("raw", "raw_dir") == Path("raw")
    with pytest.raises(InputError) as caught:
        expand_folder("~nobody-of-this-name/raw", "raw_dir")
    assert (caught.value.key, caught.value.value) == ("raw_dir", "~nobody-of-this-name/raw")


def test_planning_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from neurorules.recordings.catalogue import is_private, known_sources\n"
        "from neurorules.recordings.locate import find_raw\n"
        "from neurorules.recordings.verify import fingerprint\n"
        "known_sources(); is_private('sussillo2015', 'private')\n"
        "find_raw('mante2013', 'raw', None, Path('nowhere'), {})\n"
        "fingerprint('nowhere')\n"
        "heavy = {'numpy', 'scipy', 'xarray', 'h5py', 'pandas', 'torch', 'urllib.request'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


UNIT = "ar1_Vstim_100_850_ms.mat"


@pytest.mark.parametrize(
    ("lies_in", "named", "remedy"),
    [
        ("mante2013/PFC data/PFC data 1", "mante2013", "Set raw_dir to {}."),
        ("mante2013/PFC data/PFC data 1", "mante2013/PFC data", "Set raw_dir to {}."),
        ("data/mante2013/PFC data/PFC data 1", ".", "Set raw_dir to {}/data."),
        ("mante2013/PFC data 1", ".", "Move {0}/mante2013/PFC data 1 to {0}/mante2013/PFC data/PFC data 1,"),
        ("PFC data/PFC data 1", ".", "Move {0}/PFC data/PFC data 1 to {0}/mante2013/PFC data/PFC data 1,"),
    ],
)
def test_a_folder_one_level_off_is_named(tmp_path: Path, lies_in: str, named: str, remedy: str) -> None:
    """It would be downloaded, though it is there."""
    touch(tmp_path / lies_in / UNIT)
    with pytest.raises(InputError) as caught:
        find_raw("mante2013", "raw", tmp_path / named, tmp_path / "downloads")
    assert caught.value.key == "raw_dir" and str(tmp_path / lies_in) in caught.value.problem
    assert remedy.format(tmp_path) in (caught.value.remedy or "")


def test_files_of_a_private_recording_one_level_down_are_named(tmp_path: Path) -> None:
    touch(tmp_path / "lab" / "rates.nc")
    with pytest.raises(InputError) as caught:
        find_raw("own_rates", "netcdf", tmp_path, tmp_path, name="mine")
    assert f"Set recordings.mine.path to {tmp_path / 'lab'}." in (caught.value.remedy or "")


@pytest.mark.parametrize("private", [False, True])
def test_a_file_of_the_future_is_refused(tmp_path: Path, private: bool) -> None:
    """Snakemake would read it, find the recording older, and remove the recording."""
    reader, source = ("own_rates", "netcdf") if private else ("mante2013", "raw")
    file = tmp_path / ("rates.nc" if private else "mante2013/PFC data.zip")
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"content")
    tomorrow = time.time() + 86_400
    os.utime(file, (tomorrow, tomorrow))
    with pytest.raises(InputError, match="dated in the future") as caught:
        find_raw(reader, source, tmp_path, tmp_path / "downloads")
    assert caught.value.file == str(file)
    assert caught.value.key == ("recordings.own_rates.path" if private else "raw_dir")
    assert "touch" in (caught.value.remedy or "")
    os.utime(file)
    assert find_raw(reader, source, tmp_path, tmp_path / "downloads") == [file]
