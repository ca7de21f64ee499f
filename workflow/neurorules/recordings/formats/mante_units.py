"""Unit files of Mante et al. 2013, single or in their archive: one MATLAB struct `unit` each."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError, shorten
from neurorules.io import limits
from neurorules.io.confined import reading
from neurorules.recordings.formats.matlab import MatlabError, load_mat

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHOLE_NUMBERS = ("targ_dir", "context", "correct")
MAX_TEXT = 200  # characters of a name or a reference
MAX_COUNT = 1000  # spikes per bin of 1 ms; larger values are not counts, and may overflow integers

# Errors of zipfile for an archive that is truncated, damaged, encrypted, or compressed in an unknown way.
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,  # also covers NotImplementedError
    ValueError,
)


@dataclass
class UnitFile:
    """The content of one unit file, with all recorded trials, including wrong ones.

    Attributes:
        name: the unit's name.
        file: the file, for errors.
        reference: the file's own statement of its origin.
        response: (trial, bin) spike counts.
        time_ms: (bin,) in ms after dots onset, 1 ms apart.
        trials: (trial,) of each task variable: targ_dir, stim_dir, stim_col2dir, context, correct.
    """

    name: str
    file: str
    reference: str
    response: NDArray[Any]
    time_ms: NDArray[Any]
    trials: dict[str, NDArray[Any]]


def unit_contents(raw: Sequence[Path], monkey: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each unit file of one monkey, sorted by name.

    Args:
        raw: the published zip (read in place, never unpacked), or the unit files.
        monkey: prefix of the monkey's files.

    Raises:
        InputError: no file, a file of another type or monkey, or a damaged archive.
    """
    remedy = f"Use the published zip, or the unit files of monkey {monkey} ({monkey}*_Vstim_100_850_ms.mat)."
    paths = [Path(path) for path in raw]
    if not paths:
        raise InputError("No unit file was found.", key="raw", value=[], remedy=remedy)
    if len(paths) == 1 and paths[0].suffix.lower() == ".zip":
        yield from _archive_contents(paths[0], monkey, remedy)
        return
    for path in sorted(paths, key=lambda path: path.name):
        if path.suffix != ".mat" or not path.name.startswith(monkey):
            raise InputError(
                f"This is not a unit file of monkey {monkey}.", file=path, key="monkey", value=monkey, remedy=remedy
            )
        yield str(path), path.read_bytes()


def _archive_contents(path: Path, monkey: str, remedy: str) -> Iterator[tuple[str, bytes]]:
    # Archive members are read in memory. Nothing is written, so a member's name cannot lead outside the folder.
    try:
        with zipfile.ZipFile(path) as archive:
            members = {
                name: PurePosixPath(name).name
                for name in archive.namelist()
                if "__MACOSX" not in PurePosixPath(name).parts
            }
            chosen = sorted(
                (base, name) for name, base in members.items() if base.startswith(monkey) and base.endswith(".mat")
            )
            if not chosen:
                raise InputError(
                    f"The archive contains no unit file of monkey {monkey}.",
                    file=path,
                    key="monkey",
                    value=monkey,
                    remedy=remedy,
                )
            for _, name in chosen:
                if archive.getinfo(name).file_size > limits.MEMBER_BYTES:
                    raise InputError(
                        "A file in the archive is far larger than a unit file.",
                        file=path,
                        key=name,
                        value=archive.getinfo(name).file_size,
                        remedy="Delete the archive and run the same command again to download it.",
                    )
                yield f"{path}:{name}", archive.read(name)
    except ZIP_ERRORS as error:
        raise InputError(
            f"The archive is truncated, damaged, or not a zip file ({error}).",
            file=path,
            remedy="Delete it and run the same command again to download it.",
        ) from error


def parse_unit(file: str, content: bytes) -> UnitFile:
    """One unit, parsed from its file's content.

    Args:
        file: the file's name, for errors.
        content: its bytes.

    Raises:
        InputError: the content is truncated, damaged or of another type.
    """
    reading(file)
    unit = _load_struct(file, content)
    task = unit["task_variable"]
    if not isinstance(task, dict):
        raise not_a_unit(file, "the field is not a struct", "unit.task_variable")
    response = _numbers(file, unit, "response", "unit.response")
    time_ms = _numbers(file, unit, "time", "unit.time") * 1000.0
    if response.ndim != 2 or time_ms.shape != response.shape[1:]:
        raise not_a_unit(file, f"its shape is {response.shape} with {time_ms.size} times", "unit.response")
    if len(time_ms) < 2 or not np.allclose(np.diff(time_ms), 1.0, atol=1e-6):
        raise not_a_unit(file, "the times are not 1 ms apart", "unit.time")
    if not np.array_equal(response, np.abs(np.trunc(response))) or response.max(initial=0) > MAX_COUNT:
        raise not_a_unit(file, f"spike counts must be whole numbers from 0 to {MAX_COUNT}", "unit.response")
    trials = {}
    for variable in ("targ_dir", "stim_dir", "stim_col2dir", "context", "correct"):
        key = f"unit.task_variable.{variable}"
        trials[variable] = np.atleast_1d(_numbers(file, task, variable, key)).astype(float)
        if trials[variable].shape != response.shape[:1]:
            raise not_a_unit(file, f"{trials[variable].size} values for {response.shape[0]} trials", key)
        if not np.isfinite(trials[variable]).all():
            raise not_a_unit(file, "a value is not finite", key)
        if variable in WHOLE_NUMBERS:
            whole = np.rint(trials[variable])
            if not np.allclose(trials[variable], whole, rtol=0, atol=1e-6):
                raise not_a_unit(file, "a value is not a whole number", key)
            trials[variable] = whole
    return UnitFile(unit["name"], file, unit["reference"], response, time_ms, trials)


def _load_struct(file: str, content: bytes) -> dict[str, Any]:
    try:
        unit = load_mat(content, simplify_cells=True).get("unit")
    except MatlabError as error:
        raise InputError(
            f"The unit file cannot be read: {error.reason}.",
            file=file,
            remedy="Delete it and unpack the archive again, or download the archive again.",
        ) from error
    if not isinstance(unit, dict):
        raise not_a_unit(file, "it contains no struct `unit`", "unit")
    for field in ("task_variable", "name", "reference"):
        if field not in unit:
            raise not_a_unit(file, "the field is missing", f"unit.{field}")
    for field in ("name", "reference"):
        text = unit[field]
        if not isinstance(text, str) or not text.isprintable() or not 0 < len(text) <= MAX_TEXT:
            raise not_a_unit(file, f"a line of text is expected, not {shorten(text, 80)}", f"unit.{field}")
    return unit


def _numbers(file: str, struct: Mapping[str, Any], field: str, key: str) -> NDArray[Any]:
    # files store small integers or doubles, so the type means nothing
    if field not in struct:
        raise not_a_unit(file, "the field is missing", key)
    values = np.asarray(struct[field])
    if values.dtype.kind not in "uif":
        raise not_a_unit(file, "the field does not contain numbers", key)
    return values


def not_a_unit(file: str, reason: str, key: str) -> InputError:
    """The error for a file that does not have the form of a unit file."""
    return InputError(
        f"This is not a unit file of Mante et al. 2013: {reason}.",
        file=file,
        key=key,
        remedy="Remove the file from the folder, or put an unaltered copy in its place.",
    )
