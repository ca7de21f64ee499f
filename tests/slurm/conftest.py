"""A Slurm of one node, and the study `tiny` as this machine finishes it without Slurm."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import Checkout
from slurm.cluster import Cluster

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Skips where Slurm is not installed."""
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


@pytest.fixture(scope="session")
def finished(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The finished study, made on this machine without Slurm. Tests copy it and leave it as it is."""
    checkout = Checkout.new(tmp_path_factory.mktemp("finished") / "checkout")
    checkout.finish(cores=2)
    return checkout


@pytest.fixture
def fresh(cluster: Cluster, tmp_path: Path) -> Checkout:
    """A checkout in which nothing was run."""
    return Checkout.new(tmp_path / "checkout")


@pytest.fixture
def checkout(finished: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished study."""
    return finished.copy(tmp_path / "checkout")
