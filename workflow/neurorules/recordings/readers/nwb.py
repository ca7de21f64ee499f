"""One or several sessions in NWB files (Neurodata Without Borders 2), as a recording.

Options in the study define the use of units, trials and behaviour; recordings/sessions/ implements them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.recordings.formats.nwb_session import nwb_session
from neurorules.recordings.sessions.to_recording import recording_of

if TYPE_CHECKING:
    import xarray as xr

OWN = "files"  # the source of the user's own files; the others are in the catalogue
OF_CATALOGUE = ("licence", "citation")


def read(raw: Sequence[Path], options: Mapping[str, Any]) -> xr.Dataset:
    """Read sessions as one recording; several sessions form one pseudo-population.

    Args:
        raw: NWB files.
        options: `condition`, `align`, `window_ms`, `bin_ms` and more, as listed in docs/reference/options.md.

    Returns:
        See `recording_of`. Attributes come from the files: identifier, session_description, subject, species, lab,
            institution, citation.

    Raises:
        InputError: a file is truncated, damaged, not an NWB file or points to other files, an option is missing or
            invalid, or nothing is left.
    """
    recording = recording_of([nwb_session(Path(path)) for path in sorted(raw)], options)
    if options.get("source", OWN) != OWN:
        for name in OF_CATALOGUE:
            recording.attrs.pop(name, None)
    return recording
