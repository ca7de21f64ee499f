"""Named arrays from files of other programs: PyTorch state dicts, .npz, .npy, MATLAB. No code in a file is executed.

Names of nested entries (in a dict, a struct or a group) are joined by dots: `model_state_dict.rnn.weight`. The one
array of a .npy file is called `array`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.errors import InputError
from neurorules.io import limits
from neurorules.io.confined import confined, reading
from neurorules.recordings.formats.hdf5 import stored_elsewhere
from neurorules.recordings.formats.matlab import MatlabError, load_mat
from neurorules.recordings.formats.matlab73 import item, open_mat73

if TYPE_CHECKING:
    from numpy.typing import NDArray

ONE_ARRAY = "array"
SHOWN = 30  # names that an error lists
_REMEDY = "Save the weights again as a state dict, or as a .npz or .mat file with numeric arrays only."
_HDF5 = b"\x89HDF\r\n\x1a\n"

# Names, each with a function that returns its array, or a number from the array.
Offered = Mapping[str, Callable[[], Any]]


def read_arrays(path: Path, wanted: Sequence[tuple[str, str]]) -> dict[str, NDArray[Any]]:
    """Named arrays of a file as float64, read in a separate process.

    Args:
        path: a .pt or .pth (PyTorch, read with `weights_only`), .npz, .npy or .mat file.
        wanted: for each array, its name in the file and the config key that gives this name.

    Raises:
        InputError: the file is missing, damaged, of another type, or contains code; or an array is missing, is not of
            real numbers, or contains NaN or infinity.
    """
    if not path.is_file():
        raise InputError("The network file is missing.", file=path, remedy="Correct the path.")
    if path.suffix not in READERS:
        raise InputError(
            "Unsupported file type for a network.",
            file=path,
            value=path.suffix,
            remedy=f"Save the arrays as one of: {', '.join(READERS)}.",
        )
    if path.suffix in _TORCH:
        import torch  # noqa: F401, once for both processes

    def read() -> dict[str, NDArray[Any]]:
        reading(path)
        return {name: array for name, array in _read(path, wanted)}

    return confined(read, [path])


def _read(path: Path, wanted: Sequence[tuple[str, str]]) -> Iterator[tuple[str, NDArray[Any]]]:
    for offered in READERS[path.suffix](path):
        for name, key in wanted:
            if name not in offered:
                raise InputError(
                    "Unknown array: the file does not have it.",
                    file=path,
                    key=key,
                    value=name,
                    remedy=_did_you_mean(name, offered),
                )
            try:
                found = np.asarray(offered[name]())
            except (InputError, MemoryError):
                raise
            except Exception as error:  # libraries raise errors of any type for damaged values
                raise _refuse(path, f"The array {name} is damaged or not numeric.", error) from error
            yield name, _numbers(found, path, name)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    last = {one.rsplit(".", 1)[-1]: one for one in known}  # for names given without their prefix
    close = difflib.get_close_matches(name, known, n=1) or [
        last[one] for one in difflib.get_close_matches(name.rsplit(".", 1)[-1], last, n=1)
    ]
    hint = f"Did you mean {close[0]}? " if close else ""
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f"{hint}The file has: {', '.join(known[:SHOWN]) or 'no arrays'}{more}."


def _numbers(array: NDArray[Any], path: Path, name: str) -> NDArray[Any]:
    """Real, finite numbers as float64."""
    if array.dtype.kind not in "fiub":
        raise InputError(
            "This is not an array of real numbers.", file=path, key=name, value=str(array.dtype), remedy=_REMEDY
        )
    most = limits.memory_to_read(path.stat().st_size)
    if array.size * 8 > most:
        raise InputError(
            f"The array declares {array.size} numbers, more than a file of this size can contain.",
            file=path,
            key=name,
            remedy=_REMEDY,
        )
    array = array.astype(np.float64)
    wrong = int(np.size(array) - np.isfinite(array).sum())
    if wrong:
        raise InputError(
            f"{wrong} of the {array.size} numbers in this array are NaN or infinite.",
            file=path,
            key=name,
            remedy="Training may have diverged: use an earlier checkpoint.",
        )
    return array


def _refuse(path: Path, what: str, error: BaseException | None = None) -> InputError:
    words = f" ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})" if error else ""
    return InputError(f"{what}{words}", file=path, remedy=_REMEDY)


def _torch_file(path: Path) -> Iterator[Offered]:
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    # Damaged files raise errors of any type. With weights_only, code in the file is refused, never executed.
    except Exception as error:
        if "weights_only" in str(error) or "Unsupported" in str(error):
            raise InputError(
                "The file contains more than arrays and plain values: loading it would execute code, or it is damaged.",
                file=path,
                remedy="Save only the state dict: torch.save(model.state_dict(), file). A complete module is a pickle "
                "with code and is not read.",
            ) from error
        raise _refuse(path, "The file is truncated, damaged, or not a PyTorch file.", error) from error

    def array(tensor: torch.Tensor) -> Callable[[], Any]:
        def load() -> Any:
            most = limits.memory_to_read(path.stat().st_size)
            if tensor.numel() * 8 > most:
                raise _refuse(path, f"An array declares {tensor.numel()} numbers.")
            return tensor.numpy() if tensor.is_complex() else tensor.detach().to(torch.float64).numpy()

        return load

    found = {
        name: array(value) if isinstance(value, torch.Tensor) else partial(_as_it_is, value)
        for name, value in _flat(content)
        if isinstance(value, torch.Tensor | int | float)
    }
    yield found


def _as_it_is(value: Any) -> Any:
    return value


def _flat(node: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Entries of a nested mapping, by dotted names."""
    if isinstance(node, Mapping) and depth < 20:
        for name, value in node.items():
            yield from _flat(value, f"{prefix}.{name}" if prefix else str(name), depth + 1)
    elif prefix:
        yield prefix, node
    else:
        yield ONE_ARRAY, node


def _numpy_file(path: Path) -> Iterator[Offered]:
    from numpy.lib.npyio import NpzFile

    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, NpzFile):
                raise ValueError("an .npy file under another name")
            for member in file.zip.infolist():
                if member.file_size > limits.memory_to_read(path.stat().st_size):
                    raise ValueError(f"{member.filename} declares {member.file_size} bytes")
            yield {name: partial(file.__getitem__, name) for name in file.files}
    except (InputError, MemoryError):
        raise
    except Exception as error:  # of any type, as for a damaged .pt
        raise _refuse(path, "Not a valid .npz file: truncated, damaged, or with Python objects.", error) from error


def _one_array(path: Path) -> Iterator[Offered]:
    try:
        # mapped, so that a false header takes no memory
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # of any type, as for a damaged .pt
        raise _refuse(path, "Not a valid .npy file: truncated, damaged, or with Python objects.", error) from error
    if not isinstance(array, np.ndarray):
        raise _refuse(path, "This is a .npz file under another name.")
    yield {ONE_ARRAY: lambda: array}


def _matlab_file(path: Path) -> Iterator[Offered]:
    with path.open("rb") as file:
        is_73 = file.read(8) == _HDF5 or (file.seek(512) == 512 and file.read(8) == _HDF5)
    try:
        if is_73:
            yield from _matlab_73(path)
        else:
            content = load_mat(path.read_bytes(), simplify_cells=True)
            yield {
                name: partial(_as_it_is, value)
                for name, value in _flat({n: v for n, v in content.items() if not n.startswith("__")})
            }
    except MatlabError as error:
        raise InputError(
            f"The file cannot be read: {error.reason}.", file=path, key=error.variable, remedy=_REMEDY
        ) from error


def _matlab_73(path: Path) -> Iterator[Offered]:
    with open_mat73(path) as file:
        names = list(_variables(file, ""))
        yield {name.replace("/", "."): partial(_stored_transposed, file, name) for name in names}


def _stored_transposed(file: Any, name: str) -> NDArray[Any]:
    return np.asarray(item(file, name)[()]).T


def _variables(group: Any, prefix: str, depth: int = 0) -> Iterator[str]:
    """Arrays of a file and of its structs; links and MATLAB's own groups are skipped."""
    import h5py

    for name in group:
        if name.startswith("#") or not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        found = group[name]
        if isinstance(found, h5py.Group) and depth < 20:
            yield from _variables(found, f"{prefix}{name}/", depth + 1)
        elif isinstance(found, h5py.Dataset) and not stored_elsewhere(found):
            yield f"{prefix}{name}"


_TORCH = (".pt", ".pth")
READERS: Mapping[str, Callable[[Path], Iterator[Offered]]] = {
    ".pt": _torch_file,
    ".pth": _torch_file,
    ".npz": _numpy_file,
    ".npy": _one_array,
    ".mat": _matlab_file,
}
