"""The same study gives the same bytes, wherever and however it is run."""

from __future__ import annotations

from helpers.checkout import Checkout


def test_other_folder_other_cores_other_blocks_same_bytes(finished: Checkout, traced: Checkout) -> None:
    """One core, a job for each seed, other models in a job, hash seed and time zone; two cores, both seeds in a job."""
    expected, found = finished.hashes(), traced.hashes()
    assert {path.split("/")[0] for path in found} == {"raw", "recordings", "runs", "similarity", "tables", "figures"}
    assert {path.rsplit(".", 1)[1] for path in found} >= {"nc", "csv", "md", "pdf", "png"}
    assert found == expected
