"""The reader for Lab 2025, on files with known values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurorules.errors import InputError
from neurorules.recordings.convert import read_recording
from neurorules.recordings.readers.lab2025 import read

ENTRY = {"name": "lab2025", "reader": "lab2025", "source": "npz", "synthetic": False, "options": {}}


@pytest.fixture
def session(tmp_path: Path) -> Path:
    file = tmp_path / "session.npz"
    np.savez(file, rates=[[[1.0], [2.0]], [[3.0], [4.0]]], time_ms=[10.0, 30.0], evidence=[0.5, -0.5])
    return file


def test_conditions_are_sorted_by_their_label(session: Path) -> None:
    recording = read_recording(ENTRY, [session])
    assert recording["evidence"].values.tolist() == [-0.5, 0.5]
    assert recording["rates"].values.tolist() == [[[3.0], [4.0]], [[1.0], [2.0]]]
    assert (recording.attrs["bin_width_ms"], recording.attrs["title"]) == (20.0, "Lab 2025")


def test_damaged_files_are_refused(session: Path) -> None:
    whole = session.read_bytes()
    for length in range(0, len(whole), 50):
        session.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"session\.npz"):
            read([session], {})
    np.savez(session, rates=np.ones((2, 3, 1)), time_ms=[10.0, 30.0], evidence=[0.5, -0.5])
    with pytest.raises(InputError, match="not \\(condition, time, neuron\\)"):
        read([session], {})
