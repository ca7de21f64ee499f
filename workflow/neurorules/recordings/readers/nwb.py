"""Sessions in NWB files (Neurodata Without Borders 2), one or several, as a recording.

What a study makes of units, trials and behaviour it says in options; recordings/sessions/ has what they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurorules.recordings.formats.nwb_session import nwb_session
from neurorules.recordings.sessions.to_recording import recording_of

if TYPE_CHECKING:
    import xarray as xr

OWN = "files"  # the source of files of one's own; the catalogue knows what the others are called
OF_CATALOGUE = ("licence", "citation")


def read(raw: Sequence[Path], options: Mapping[str, Any]) -> xr.Dataset:
    """Read sessions as one recording; several are one pseudo-population.

    Args:
        raw: NWB files.
        options: `condition`, `align`, `window_ms`, `bin_ms` and more, as docs/reference/options.md lists them.

    Returns:
        see `recording_of`. Attributes have what the files say of themselves: identifier, session_description, subject,
        species, lab, institution, citation.

    Raises:
        InputError: a file is cut off, damaged, no NWB file or leads to other files, an option is missing or impossible,
            or nothing is left.
    """
    recording = recording_of([nwb_session(Path(path)) for path in sorted(raw)], options)
    if options.get("source", OWN) != OWN:
        for name in OF_CATALOGUE:
            recording.attrs.pop(name, None)
    return recording
