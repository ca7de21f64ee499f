"""MATLAB 7.3 files with nested values, as MATLAB writes them."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neurorules.recordings.synthetic.base.matlab import mark_mat73

NUMBERS = count()


def write_mat73(path: Path, variables: dict[str, Any]) -> Path:
    """Write a file: dicts as structs, lists of dicts as struct arrays, other lists as cells, text as char."""
    with h5py.File(path, "w", userblock_size=512) as file:
        kept = file.create_group("#refs#")
        for name, value in variables.items():
            _put(file, name, value, kept)
    mark_mat73(path)
    return path


def _put(group: h5py.Group, name: str, value: Any, kept: h5py.Group) -> Any:
    if isinstance(value, dict):
        item = group.create_group(name)
        for field, of in value.items():
            _put(item, field, of, kept)
        item.attrs["MATLAB_class"] = np.bytes_("struct")
        return item
    if isinstance(value, list) and value and isinstance(value[0], dict):
        item = group.create_group(name)
        for field in value[0]:
            _references(item, field, [of[field] for of in value], kept)
        item.attrs["MATLAB_class"] = np.bytes_("struct")
        return item
    if isinstance(value, list) and value:
        item = _references(group, name, value, kept)
        item.attrs["MATLAB_class"] = np.bytes_("cell")
        return item
    if isinstance(value, str):
        item = group.create_dataset(name, data=np.array([[ord(c)] for c in value], np.uint16))
        item.attrs["MATLAB_class"] = np.bytes_("char")
        return item
    array = np.atleast_2d(np.asarray(value if not isinstance(value, list) else np.zeros((0, 0))))
    if not array.size:
        item = group.create_dataset(name, data=np.array(array.shape, np.uint64))
        item.attrs["MATLAB_empty"] = np.uint8(1)
    else:
        logical = array.dtype == bool
        item = group.create_dataset(name, data=np.ascontiguousarray((array.astype(np.uint8) if logical else array).T))
    kinds = {"b": "logical", "f": "double"}
    item.attrs["MATLAB_class"] = np.bytes_(kinds.get(array.dtype.kind, array.dtype.name))
    return item


def _references(group: h5py.Group, name: str, values: list[Any], kept: h5py.Group) -> Any:
    # a cell within another puts its entries there before itself
    references = [_put(kept, f"r{next(NUMBERS)}", value, kept).ref for value in values]
    return group.create_dataset(name, data=np.array(references, dtype=h5py.ref_dtype).reshape(-1, 1))
