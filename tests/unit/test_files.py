"""Files are written completely or not at all, the same content gives the same bytes, and damage is explained."""

from __future__ import annotations

import errno
import hashlib
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neurorules.errors import DamagedResult, InputError
from neurorules.io.atomic import whole_file, write_text
from neurorules.io.identity import canonical_json, sha256_of
from neurorules.io.netcdf import netcdf_attributes, open_dataset, write_dataset
from neurorules.io.tables import read_table, write_table
from neurorules.plotting.save import save_figure


def names(folder: Path) -> list[str]:
    """Everything in a folder, hidden files included."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that is there already."""
    path = tmp_path / "table.csv"
    path.write_text("old")
    return path


# ---- complete or not at all


def test_the_old_content_stands_until_the_new_one_is_whole(old: Path) -> None:
    with whole_file(old) as partial:
        assert partial.parent == old.parent
        partial.write_text("first half, ")
        assert old.read_text() == "old"
        with partial.open("a") as handle:
            handle.write("second half")
        assert old.read_text() == "old"
    assert old.read_text() == "first half, second half"
    assert names(old.parent) == ["table.csv"]


@pytest.mark.parametrize("failure", [ValueError("wrong"), KeyboardInterrupt(), SystemExit(1), OSError("of no kind")])
def test_a_failure_leaves_the_old_content_and_no_part(old: Path, failure: BaseException) -> None:
    with pytest.raises(type(failure)) as caught, whole_file(old) as partial:
        partial.write_text("half")
        raise failure
    assert caught.value is failure
    assert old.read_text() == "old"
    assert names(old.parent) == ["table.csv"]


def test_a_failure_at_the_first_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wrong"), whole_file(tmp_path / "table.csv") as partial:
        partial.write_text("half")
        raise ValueError("wrong")
    assert names(tmp_path) == []


def test_nothing_written_is_no_file(old: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(old):
        pass
    assert old.read_text() == "old"
    assert names(old.parent) == ["table.csv"]


def test_what_a_killed_process_left_is_overwritten(old: Path) -> None:
    with whole_file(old) as partial:
        left = partial
        partial.write_text("new")
    left.write_text("of a killed process, longer than what comes now")
    with whole_file(old) as partial:
        assert partial == left and not partial.exists()
        partial.write_text("newer")
    assert old.read_text() == "newer"
    assert names(old.parent) == ["table.csv"]


def test_folders_are_made(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "file.txt", "µV")
    assert (tmp_path / "a" / "b" / "file.txt").read_bytes() == b"\xc2\xb5V"


# ---- what a user can fix


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_so(old: Path, code: int) -> None:
    with pytest.raises(InputError, match="No space left") as caught, whole_file(old) as partial:
        partial.write_text("half")
        raise OSError(code, os.strerror(code))
    assert caught.value.file == str(old)
    assert caught.value.remedy is not None and "same command again" in caught.value.remedy
    assert old.read_text() == "old"
    assert names(old.parent) == ["table.csv"]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_no_permission_says_so(old: Path, code: int) -> None:
    with pytest.raises(InputError, match="no permission") as caught, whole_file(old):
        raise OSError(code, os.strerror(code))
    assert caught.value.file == str(old)
    assert old.read_text() == "old"


def test_a_folder_without_permission_says_so(old: Path) -> None:
    os.chmod(old.parent, 0o500)
    if os.access(old.parent, os.W_OK):
        pytest.skip("this user may write everywhere (root)")
    try:
        for path in (old, old.parent / "new.csv", old.parent / "deeper" / "new.csv"):
            with pytest.raises(InputError, match="no permission") as caught:
                write_text(path, "new")
            assert caught.value.file == str(path)
    finally:
        os.chmod(old.parent, 0o700)
    assert old.read_text() == "old"
    assert names(old.parent) == ["table.csv"]


def test_an_input_error_passes_unchanged(old: Path) -> None:
    error = InputError("The values are wrong.", key="rates")
    with pytest.raises(InputError) as caught, whole_file(old):
        raise error
    assert caught.value is error


# ---- the same bytes


def dataset() -> xr.Dataset:
    return xr.Dataset(
        {"rates": (("condition", "neuron"), np.array([[0.1, math.pi], [np.nan, -0.0]])), "n": ("condition", [1, 2])},
        coords={"condition": [0, 1], "neuron": ["unit1", "unit2"]},
        attrs=netcdf_attributes({"title": "µ", "synthetic": True, "left_out": [], "source": None}),
    )


def test_a_dataset_gives_the_same_bytes_and_itself(tmp_path: Path) -> None:
    write_dataset(tmp_path / "one.nc", dataset())
    write_dataset(tmp_path / "two.nc", dataset())
    assert (tmp_path / "one.nc").read_bytes() == (tmp_path / "two.nc").read_bytes()
    xr.testing.assert_identical(open_dataset(tmp_path / "one.nc", "a recording"), dataset())
    write_dataset(tmp_path / "one.nc", dataset() * 2)
    assert (tmp_path / "one.nc").read_bytes() != (tmp_path / "two.nc").read_bytes()


def test_a_table_is_written_to_the_last_digit(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": ["a", "b,c"], "x": [0.1, 1 / 3], "y": [np.nan, 1e-20], "n": [1, 2]})
    write_table(tmp_path / "table.csv", table)
    assert (tmp_path / "table.csv").read_bytes() == b'name,x,y,n\na,0.1,,1\n"b,c",0.3333333333333333,1e-20,2\n'
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "table.csv", float_precision="round_trip"), table, check_exact=True
    )


def test_a_figure_gives_the_same_bytes_and_says_what_made_it(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    from neurorules.plotting.style import publication

    def draw(folder: str) -> list[bytes]:
        with publication():
            figure = Figure(figsize=(1, 1))
            figure.subplots().plot([0, 1], [1, 0], label="e-prop")
            pdf, png = tmp_path / folder / "fig.pdf", tmp_path / folder / "fig.png"
            save_figure(figure, pdf, png, title="A title", made_by="code 1234")
        assert names(tmp_path / folder) == ["fig.pdf", "fig.png"]
        return [pdf.read_bytes(), png.read_bytes()]

    pdf, png = draw("one")
    assert [pdf, png] == draw("two")
    assert pdf.startswith(b"%PDF") and png.startswith(b"\x89PNG")
    assert b"CreationDate" not in pdf and b"ModDate" not in pdf
    assert b"A title" in pdf and b"code 1234" in pdf
    assert b"A title" in png and b"code 1234" in png


# ---- attributes


def test_attributes_in_types_that_netcdf_holds(tmp_path: Path) -> None:
    encoded = netcdf_attributes(
        {
            "synthetic": True,
            "real": False,
            "nothing": None,
            "options": {"b": 1, "a": [True, None]},
            "list": [1, "µ"],
            "tuple": (),
            "text": "as it is",
            "count": 3,
            "width_ms": 0.5,
        }
    )
    assert encoded == {
        "synthetic": 1,
        "real": 0,
        "nothing": "null",
        "options": '{"a": [true, null], "b": 1}',
        "list": '[1, "µ"]',
        "tuple": "[]",
        "text": "as it is",
        "count": 3,
        "width_ms": 0.5,
    }
    assert type(encoded["synthetic"]) is int
    write_dataset(tmp_path / "file.nc", xr.Dataset(attrs=encoded))
    assert open_dataset(tmp_path / "file.nc", "a run").attrs == encoded


def test_equal_values_give_equal_json() -> None:
    assert canonical_json({"b": 1, "a": {"d": [2.5, None], "c": "µ"}}) == '{"a": {"c": "µ", "d": [2.5, null]}, "b": 1}'
    assert canonical_json(dict(reversed({"x": 1, "y": 2}.items()))) == canonical_json({"x": 1, "y": 2})


# ---- reading


def test_a_missing_file_says_what_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it should be a recording") as caught:
        open_dataset(tmp_path / "gone.nc", "a recording")
    assert caught.value.file == str(tmp_path / "gone.nc")
    assert caught.value.remedy is not None and "makes missing files" in caught.value.remedy


@pytest.mark.parametrize("share", [0.0, 0.001, 0.25, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "run.nc"
    write_dataset(path, dataset())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match="cannot be read as a run") as caught:
        open_dataset(path, "a run")
    assert caught.value.file == str(path)
    assert caught.value.remedy is not None and "Delete this file" in caught.value.remedy


def test_a_flipped_bit_never_goes_unnoticed(tmp_path: Path) -> None:
    """The damage is found, or is in unused space: most of a small file is empty."""
    rates = np.random.default_rng(0).random((8, 16))
    whole = xr.Dataset({"rates": (("condition", "neuron"), rates)}, coords={"condition": np.arange(8)})
    write_dataset(tmp_path / "whole.nc", whole)
    content = (tmp_path / "whole.nc").read_bytes()
    numbers = content.index(rates.tobytes())
    found = 0
    for k, place in enumerate([*range(numbers, numbers + rates.nbytes, 16), *range(0, len(content), 199)]):
        damaged = bytearray(content)
        damaged[place] ^= 1 << k % 8
        path = tmp_path / f"{k}.nc"  # HDF5 remembers files that it could not close
        path.write_bytes(damaged)
        try:
            assert open_dataset(path, "a run").identical(whole)
        except DamagedResult:
            found += 1
    assert found >= rates.nbytes // 16


def test_zeros_where_a_page_was_lost_are_found(tmp_path: Path) -> None:
    """Files as a power cut may leave them. On some, HDF5 itself would hang."""
    rates = np.random.default_rng(0).random((8, 16))
    whole = xr.Dataset({"rates": (("condition", "neuron"), rates)}, coords={"condition": np.arange(8)})
    write_dataset(tmp_path / "whole.nc", whole)
    content = (tmp_path / "whole.nc").read_bytes()
    heap = content.index(b"GCOL") + 16
    end = heap + int.from_bytes(content[heap - 8 : heap], "little") - 16
    found = []
    for start, stop in [(heap, end), *((k, k + 256) for k in range(0, len(content), 256))]:
        damaged = bytearray(content)
        damaged[start:stop] = bytes(len(damaged[start:stop]))
        path = tmp_path / f"{start}-{stop}.nc"
        path.write_bytes(damaged)
        try:
            assert open_dataset(path, "a run").identical(whole) or damaged == content
        except DamagedResult as error:
            found.append(str(error))
    assert "zeros in its heap" in found[0]
    assert len(found) > rates.nbytes // 256


@pytest.mark.parametrize(
    "content", [b"seed,distance\n0,0.5\n", b"\x89HDF\r\n\x1a\n" + bytes(500), b"MATLAB 7.3 MAT-file".ljust(512)]
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.nc").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as a run"):
        open_dataset(tmp_path / "run.nc", "a run")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read as a run"):
        open_dataset(tmp_path, "a run")


def test_a_dataset_that_was_read_does_not_hold_its_file(tmp_path: Path) -> None:
    path = tmp_path / "run.nc"
    write_dataset(path, dataset())
    read = open_dataset(path, "a run")
    path.unlink()
    assert float(read["rates"][0, 1]) == math.pi


# ---- checksums


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # FIPS 180-2 and NIST's example vectors
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (b"a" * 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ],
    ids=["empty", "abc", "a million a"],
)
def test_sha256(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == expected


def test_sha256_of_more_than_one_block(tmp_path: Path) -> None:
    content = bytes(range(256)) * (2**13 + 1)  # a little more than 2 MiB
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "name", ["1234567890123456", "0012", "12e4567890123456", "123e4", "NA", "null", "inf", "True", ""]
)
def test_names_that_look_like_something_else_stay_text(tmp_path: Path, name: str) -> None:
    """One hash in two thousand has only digits."""
    table = pd.DataFrame({"setting": [name], "training_code": [name], "distance": [1 / 3], "seed": [3]})
    write_table(tmp_path / "table.csv", table)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "table.csv", ["setting", "training_code", "other"]), table, check_exact=True
    )
