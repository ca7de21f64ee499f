"""HDF5 files from outside: datasets that read their values from other files on the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py


def stored_elsewhere(dataset: h5py.Dataset) -> str | None:
    """Location of a dataset's values outside its own file: external storage or a virtual dataset; else None."""
    import h5py

    creation = dataset.id.get_create_plist()
    if creation.get_external_count():
        return str(creation.get_external(0)[0], "utf-8", "replace")
    return "a virtual dataset" if creation.get_layout() == h5py.h5d.VIRTUAL else None
