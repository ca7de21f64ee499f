"""Synthetic recordings in the raw formats of the real ones, for the demo and the tests.

A few latent signals of the kind found in the recorded area are mixed at random to neurons, rectified to rates,
and turned into Poisson spikes. No trained network has any part in it. Each neuron has its own generator, so that
neuron k is the same whatever the number of neurons; the same arguments give the same bytes.

Each synthetic recording is one file in the folder above, named as the reader of its raw format, with

    DEFAULTS: dict[str, Any]        its options with their default values
    def write(source: str, folder: Path, seed: int, options: Options) -> list[Path]

`write` lays the raw files out as in `raw_dir`, and marks them as synthetic where the reader looks for it.
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
    """Write the raw files of a synthetic recording below `folder`, laid out like `raw_dir`.

    Args:
        reader: "mante2013", "hatsopoulos2007" or "sussillo2015".
        source: "raw"; "processed" or "dryad" (both from the same synthetic session for the same seed); "private".
        folder: where the files go.
        seed: of everything random.
        options: `neurons` (complete units; mante2013 has one incomplete unit more, the second file),
            `trials_per_condition` (correct ones), and for mante2013 `monkey`. Other keys are ignored.

    Returns:
        the files written, in the order in which `find_raw` finds them.

    Raises:
        InputError: there is no synthetic form of this recording or source, an option is not a positive whole
            number, or the disk is full.
    """
    synthetic = SYNTHETIC.load(reader)
    chosen = {key: options.get(key, default) for key, default in synthetic.DEFAULTS.items()}
    for key in ("neurons", "trials_per_condition"):
        if not isinstance(chosen[key], int) or isinstance(chosen[key], bool) or chosen[key] < 1:
            raise InputError(
                "A synthetic recording needs at least one.",
                key=key,
                value=chosen[key],
                remedy="Give a whole number above 0.",
            )
    files: list[Path] = synthetic.write(source, Path(folder), seed, Options(chosen))
    return files
