"""Study files as YAML: what is wrong with one is said with its line.

Snakemake reads them itself, before any code of this package runs: it names no line, and of a key that stands twice
it takes the last without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from neurorules.errors import InputError

REPOSITORY = Path(__file__).resolve().parents[3]
BASE_CONFIG = REPOSITORY / "config" / "config.yaml"

if TYPE_CHECKING:
    from yaml.nodes import Node

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C it takes a tenth of the time


def read_study_file(path: Path) -> Mapping[str, Any]:
    """Keys and values of a study file.

    Raises:
        InputError: it is missing, no YAML or not a mapping.
    """
    content = _parsed(path, yaml.load) or {}
    if not isinstance(content, Mapping):
        raise InputError("A study file holds keys and values.", file=path, value=content)
    return content


def check_keys(path: Path) -> None:
    """Refuse a file in which a key stands twice: the values of the first would be lost.

    Raises:
        InputError: it has a key twice, is missing or no YAML.
    """
    for keys, first, second in _twice(_parsed(path, yaml.compose), set()):
        raise InputError(
            f"This key stands twice, in line {first} and in line {second}; YAML would take the second alone.",
            file=path,
            key=keys,
            remedy="Put what stands under both under one.",
        )


def _parsed(path: Path, parse: Any) -> Any:
    """What `parse` makes of the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"The study file cannot be read ({error.strerror}).",
            file=path,
            remedy="Give the path of a file that is there; config/ holds those of this workflow.",
        ) from error
    except ValueError as error:
        raise InputError(
            f"The study file is no text ({error}).", file=path, remedy="Write it anew, in UTF-8."
        ) from error
    try:
        return parse(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InputError(
            f"The study file is not valid YAML ({where}{error.problem or error.context}).",
            file=path,
            remedy="Mend that line or one before it: a bracket, a quote, a colon, or the indentation (no tabs).",
        ) from error
    except (yaml.YAMLError, ValueError) as error:  # a character that YAML does not have, a date that is none
        raise InputError(
            f"The study file is not valid YAML ({' '.join(str(error).split())}).", file=path, remedy="Take that out."
        ) from error


def _twice(node: Node | None, seen: set[int], keys: tuple[str, ...] = ()) -> Iterator[tuple[str, int, int]]:
    """Dotted keys that stand twice, with the lines. What is repeated by an alias is looked at in one place."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in lines and name != "<<":
                yield ".".join((*keys, name)), lines[name], line
            lines[name] = line
            yield from _twice(value, seen, (*keys, name))
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _twice(value, seen, keys)


_ANY: Any = object()


def file_of(files: Sequence[Path], key: str, value: Any = _ANY) -> str | None:
    """The study file that holds `key`, with `value` as its value, item or name; else all of them.

    Values may also come from the command line.
    """
    for file in sorted(files, key=lambda f: f.resolve() == BASE_CONFIG):  # the study's own file first
        try:
            node = _at(read_study_file(file), key)
        except (InputError, KeyError):
            continue
        if value is _ANY or node == value or (isinstance(node, list | dict) and value in list(node)):
            return str(file)
    return f"{', '.join(map(str, files))} or the command line" if files else None


def _at(node: Any, key: str) -> Any:
    """What stands at a dotted key, the parts of which may hold dots themselves (settings.gain-0.5.network)."""
    for name in range(len(node)) if isinstance(node, list) else node if isinstance(node, dict) else ():
        if key == str(name):
            return node[name]
        if key.startswith(f"{name}."):
            try:
                return _at(node[name], key.removeprefix(f"{name}."))
            except KeyError:
                continue
    raise KeyError(key)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid over `base` as Snakemake does it: dicts merge, everything else replaces."""
    merged = deepcopy(dict(base))
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = deepcopy(value)
    return merged
