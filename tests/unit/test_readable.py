"""A file that is open elsewhere, or that the system fails to read, does not count as damaged."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurorules.errors import DamagedResult, InputError
from neurorules.io.netcdf import load_netcdf, open_dataset, read_attributes, write_dataset
from neurorules.io.tables import read_table
from neurorules.jobs import job
from neurorules.options import Options
from neurorules.runs.run import RunOrigin, is_run_of, open_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = tmp_path / "seed1.nc"
    write_dataset(path, xr.Dataset({"rates": ("unit", np.arange(3.0))}, attrs={"name": "a"}))
    return path


WRITES = """
import sys, h5py
with h5py.File(sys.argv[1], "r+", locking=True):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_file_that_a_notebook_has_open_for_writing(run: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITES, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as notebook:
        assert notebook.stdout is not None and notebook.stdout.readline() == "open\n"
        for read in (lambda: open_dataset(run, "a run"), lambda: load_netcdf(run), lambda: read_attributes(run)):
            with pytest.raises(InputError, match="in use by another process") as caught:
                read()
            assert not isinstance(caught.value, DamagedResult)
        with pytest.raises(SystemExit), job(str(run.parent / "job.log")):
            open_run(run)
        assert run.exists() and not Path(f"{run}.damaged").exists()
        origin = RunOrigin(Options({}), 1, 1e-3, None, "code", None, None)
        with pytest.raises(InputError, match="in use"):  # trained again it would be replaced under the notebook
            is_run_of(run, origin)
        assert notebook.stdin is not None
        notebook.stdin.close()
    assert open_dataset(run, "a run").attrs["name"] == "a"


def test_a_table_that_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a\n1\n")
    with open(path, "r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="in use by another process"):
            read_table(path, ())
    assert read_table(path, ())["a"].tolist() == [1]


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EIO])
def test_a_file_system_without_locks(
    run: Path, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def flock(*_: object) -> None:
        raise OSError(code, "no locks here")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert open_dataset(run, "a run")["rates"].values.tolist() == [0.0, 1.0, 2.0]
    assert f"{run.parent}: the file system has no locks (no locks here)" in capsys.readouterr().err


def test_hdf5_asks_for_no_lock(run: Path) -> None:
    """On a file system without locks, HDF5 would read nothing. It does not see the lock held here."""
    code = (
        "import sys, fcntl\n"
        "from neurorules.io.netcdf import load_netcdf\n"
        "load_netcdf(sys.argv[1])\n"
        "held = open(sys.argv[1], 'r+')\n"
        "fcntl.flock(held, fcntl.LOCK_EX)\n"
        "import netCDF4\n"
        "print(netCDF4.Dataset(sys.argv[1]).getncattr('name'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(run)], capture_output=True, text=True)
    assert done.stdout == "a\n", done.stderr


@pytest.mark.parametrize("code", [errno.EIO, errno.EMFILE, errno.ESTALE])
def test_an_error_of_the_disk_is_no_damage(run: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> bytes:
        raise OSError(code, "from the system")

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(InputError, match="could not be read \\(from the system\\)") as caught:
        open_dataset(run, "a run")
    assert not isinstance(caught.value, DamagedResult)


def test_no_permission_is_said_as_such(run: Path) -> None:
    code = (
        "import os, sys\n"
        "from neurorules.io.readable import check_readable\n"
        "from neurorules.errors import InputError\n"
        "if os.getuid() == 0:\n    os.setuid(65534)\n"  # this user is bound by permissions
        "try:\n    check_readable(sys.argv[1])\nexcept InputError as error:\n    print(error)\n"
    )
    run.chmod(0)
    for folder in (run.parent, *list(run.parents)[1:3]):
        folder.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", code, str(run)], capture_output=True, text=True)
    assert "Permission denied" in done.stdout and str(run) in done.stdout, done.stderr
