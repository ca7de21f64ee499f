"""From raw files to a recording: locate, verify, read, label, check, sort conditions, write."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from neurorules.errors import InputError
from neurorules.io.confined import confined
from neurorules.io.netcdf import netcdf_attributes, write_dataset
from neurorules.options import Options
from neurorules.recordings.catalogue import origin_attributes, own_file_patterns
from neurorules.recordings.conditions import in_label_order
from neurorules.recordings.locate import find_raw
from neurorules.recordings.readers.base.reader import load_reader, reason_against_simultaneous
from neurorules.recordings.recording import check_recording
from neurorules.recordings.simultaneous import SIMULTANEOUS, check_declaration
from neurorules.recordings.single_trials import with_ragged_trials
from neurorules.recordings.verify import distrust_checksum, fingerprint, verify_published

if TYPE_CHECKING:
    import xarray as xr


def convert(entry: Mapping[str, Any], raw: Sequence[Path], code: str, output: str) -> None:
    """Convert a recording's raw files to netCDF.

    Args:
        entry: the recording's config: `name`, `reader`, `source`, `synthetic`, `options`.
        raw: the raw files; for a synthetic recording, the folder that they were written to.
        code: hash of the code behind the recording.
        output: the netCDF file.

    Raises:
        InputError: raw files are missing, altered, damaged or of another type, the config and the files disagree on
            whether they are synthetic, or the recording violates the contract in recording.py.
    """
    options = Options(entry)
    raw_files = {} if options.synthetic else {"raw_files": [fingerprint(file) for file in raw]}
    if options.synthetic:
        raw = find_raw(options.reader, options.source, raw[0], raw[0], options.options)
    recording = read_recording(entry, raw)
    if bool(recording.attrs["synthetic"]) != options.synthetic:
        raise InputError(
            "The raw files and the config disagree on whether this recording is synthetic.",
            file=raw[0],
            key=f"recordings.{options.name}.synthetic",
            value=options.synthetic,
            remedy="Set the key to match the files, or set raw_dir to the folder of the right files.",
        )
    recording.attrs = netcdf_attributes({**recording.attrs, "code": code, "made_from": dict(entry), **raw_files})
    write_dataset(output, recording)
    sizes, about = recording.sizes, recording.attrs
    print(
        f"{about['title']}: {sizes['neuron']} neurons, {sizes['condition']} conditions, {sizes['time']} bins of "
        f"{about['bin_width_ms']:g} ms; left out: {about['left_out']}",
        file=sys.stderr,
    )


class Apart(Protocol):
    """A way to read external files: in a child process, as `confined` does."""

    def __call__(self, function: Callable[[], xr.Dataset], files: Sequence[str | Path], /) -> xr.Dataset:
        """The function's result."""


def read_recording(entry: Mapping[str, Any], raw: Sequence[Path], apart: Apart = confined) -> xr.Dataset:
    """Verify and read raw files, add the attributes of their origin, and check the recording.

    Args:
        entry: the recording's config: `name`, `reader`, `source`, `synthetic`, `options`. Synthetic files are not
            verified, because the published checksums do not apply to them.
        raw: the raw files.
        apart: how to read them.

    Raises:
        InputError: raw files are missing, altered, damaged or of another type, or the recording violates the contract
            in recording.py.
    """
    options = Options(entry)
    if not options.synthetic:
        for path in raw:
            verify_published(path, options.reader, options.source)
    import xarray  # noqa: F401, once for both processes

    read = load_reader(options.reader)
    try:
        recording = apart(lambda: read(raw, {**options.options, "source": options.source}), raw)
        if options.options.get(SIMULTANEOUS):
            check_declaration(recording, raw[0], reason_against_simultaneous(options.reader))
        recording = with_ragged_trials(recording, raw[0])
        recording.attrs = _attributes(options, recording.attrs)
        return in_label_order(check_recording(recording, raw[0]))
    except InputError as error:
        refused = None if options.synthetic else _refused_file(error, raw)
        if refused is not None and distrust_checksum(refused):
            print(f"The checksum recorded when {refused} was downloaded is no longer used.", file=sys.stderr)
        raise


def _refused_file(error: InputError, raw: Sequence[Path]) -> Path | None:
    """The raw file that an error is about; for an entry of an archive, the archive."""
    named = str(error.file)
    return next((path for path in map(Path, raw) if named == str(path) or named.startswith(f"{path}:")), None)


def _attributes(options: Options, read: Mapping[str, Any]) -> dict[str, Any]:
    """A recording's attributes: its origin, from the catalogue and its files, and how it was made."""
    origin = origin_attributes(options.reader, options.source, synthetic=bool(read.get("synthetic", 0)))
    own = {} if own_file_patterns(options.reader, options.source) is None else {"title": options.name}
    attributes = {"name": options.name, **origin, **own, **read}
    if "title" in options:
        attributes["title"] = options["title"]
    if SIMULTANEOUS in options.options:
        attributes[SIMULTANEOUS] = int(options.options[SIMULTANEOUS])
    # Every figure shows that a recording has only some of the published files.
    part = attributes.pop("part", None)
    if part is not None:
        attributes["title"] = f"{attributes['title']}, {part}"
        print(f"{origin['title']}: only {part} found.", file=sys.stderr)
    return {**attributes, "made_by": f"neurorules.recordings.readers.{options.reader}"}
