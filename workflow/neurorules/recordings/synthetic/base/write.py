"""Synthetic recordings in the raw formats of the real ones, for the demo and the tests.

A few latent signals, typical of the recorded area, are mixed at random into neurons, rectified to rates, and turned
into Poisson spikes. No trained network is involved. Each neuron has its own generator, so neuron k does not depend on
the number of neurons, and the same arguments give the same bytes.

Each synthetic recording is one file in the parent folder, with the name of its raw format's reader and

    DEFAULTS: dict[str, Any]        its options with their default values
    def write(source: str, folder: Path, seed: int, options: Options) -> list[Path]

`write` lays out the raw files as in `raw_dir`, and marks them as synthetic where the reader looks for the mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurorules.errors import InputError
from neurorules.options import Options
from neurorules.plugins import Plugins

SYNTHETIC = Plugins("recordings.synthetic", "synthetic recording", "reader", members=("DEFAULTS", "write"))


def write_synthetic(reader: str, source: str, folder: Path, seed: int, options: Mapping[str, Any]) -> list[Path]:
    """Write the raw files of a synthetic recording below `folder`, laid out as in `raw_dir`.

    Args:
        reader: "mante2013", "hatsopoulos2007" or "sussillo2015".
        source: "raw"; "processed" or "dryad" (both from the same synthetic session for the same seed); "private".
        folder: destination of the files.
        seed: seed of all random numbers.
        options: `neurons` (complete units; mante2013 has one additional, incomplete unit, in the second file),
            `trials_per_condition` (correct trials), and for mante2013 `monkey`. Other keys are ignored.

    Returns:
        The files written, in the order in which `find_raw` finds them.

    Raises:
        InputError: there is no synthetic form of this recording or source, an option is not a positive whole number, or
            the disk is full.
    """
    synthetic = SYNTHETIC.load(reader)
    chosen = {key: options.get(key, default) for key, default in synthetic.DEFAULTS.items()}
    for key in ("neurons", "trials_per_condition"):
        if not isinstance(chosen[key], int) or isinstance(chosen[key], bool) or chosen[key] < 1:
            raise InputError(
                "A synthetic recording needs at least one of these.",
                key=key,
                value=chosen[key],
                remedy="Use a whole number above 0.",
            )
    files: list[Path] = synthetic.write(source, Path(folder), seed, Options(chosen))
    return files
