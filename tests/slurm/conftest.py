"""A one-node Slurm. Tests request it first, so nothing runs if there is no Slurm."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm.cluster import Cluster

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Skips if Slurm is not installed."""
    folder = tmp_path_factory.mktemp("slurm") / "cluster"
    up = subprocess.run([HERE / "slurm_up.sh", folder], stderr=subprocess.PIPE, text=True, timeout=120)
    try:
        if up.returncode == 3:
            pytest.skip(up.stderr.strip())
        assert up.returncode == 0, up.stderr
        cluster = Cluster(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SLURM_CONF", cluster.conf)
            yield cluster
    finally:
        subprocess.run([HERE / "slurm_down.sh", folder], check=True, timeout=120)
    assert not folder.exists()


@pytest.fixture(autouse=True)
def tidy(cluster: Cluster) -> Iterator[None]:
    yield
    cluster.tidy()
