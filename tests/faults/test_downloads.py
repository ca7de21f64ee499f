"""A raw file is downloaded once; its later location changes nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml
from helpers.checkout import Checkout

REACH = "hatsopoulos2007"
NAME = "data_output_aligntomovementonset_minT-800_maxT400_FRsmoothSD25ms.npy"


@pytest.fixture
def downloading(fresh: Checkout, tmp_path: Path) -> Checkout:
    """A study of a recording that its source still has."""
    rng = np.random.default_rng(0)
    names = ("xhandposition", "yhandposition", "shoulderangle", "elbowangle")
    content = {name: rng.uniform(-1, 1, (8, 121)) for name in names}
    published = tmp_path / "published.npy"
    np.save(published, {"firing_rate": rng.uniform(0, 30, (10, 121, 8)), **content}, allow_pickle=True)
    catalogue = fresh.folder / "resources/recordings.yaml"
    about = yaml.safe_load(catalogue.read_text())
    about[REACH]["sources"]["processed"]["files"][0].update(url=published.as_uri(), bytes=None, sha256=None)
    catalogue.write_text(yaml.safe_dump(about))
    fresh.configure("recordings", REACH, to={"synthetic": False})
    return fresh


def test_a_download_happens_once_and_its_place_does_not_matter(downloading: Checkout, tmp_path: Path) -> None:
    first = downloading.finish()
    assert "download_hatsopoulos2007_processed" in first.text
    raw = downloading.folder / "resources/raw"
    assert [file.suffix for file in sorted((raw / REACH).iterdir())] == [".npy", ".sha256"]
    before = downloading.hashes()

    assert "Nothing to be done" in downloading.finish().text
    shutil.move(raw, tmp_path / "elsewhere")
    downloading.configure("raw_dir", to=str(tmp_path / "elsewhere"))
    assert "Nothing to be done" in downloading.finish().text
    assert downloading.hashes() == before


def test_another_raw_file_in_its_place_is_read_anew(downloading: Checkout) -> None:
    downloading.finish()
    (file,) = (downloading.folder / "resources/raw" / REACH).glob("*.npy")
    content = np.load(file, allow_pickle=True).item()
    np.save(file, {**content, "firing_rate": content["firing_rate"][:8]}, allow_pickle=True)
    # What was downloaded is known by its checksum, and this is not it.
    downloading.run("results/tiny/recordings/hatsopoulos2007.nc").refuses("altered or replaced", str(file.name))


def test_another_raw_file_of_the_same_size_and_age_is_read_anew(downloading: Checkout, tmp_path: Path) -> None:
    """A user's own copy without a known checksum, replaced by `cp --preserve`."""
    target = "results/tiny/recordings/hatsopoulos2007.nc"
    file = tmp_path / "own" / REACH / NAME
    file.parent.mkdir(parents=True)
    shutil.copy(tmp_path / "published.npy", file)
    downloading.configure("raw_dir", to=str(tmp_path / "own"))
    downloading.finish(target)
    before = file.stat()
    content = np.load(file, allow_pickle=True).item()
    np.save(file, {**content, "firing_rate": content["firing_rate"] / 2}, allow_pickle=True)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    downloading.finish(target)
    with xr.open_dataset(downloading.folder / target) as recording:
        np.testing.assert_array_equal(recording["rates"].values.T, content["firing_rate"] / 2)
