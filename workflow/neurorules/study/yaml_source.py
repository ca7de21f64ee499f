"""Study files as YAML, with line numbers in errors.

Snakemake reads them itself before any code of this package runs. Its errors have no line numbers, and it silently uses
the last of duplicate keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from neurorules.errors import InputError

REPOSITORY = Path(__file__).resolve().parents[3]
BASE_CONFIG = REPOSITORY / "config" / "config.yaml"

# Far more than any study needs: the study of the papers has 13,000 characters, 2,000 values and 7 levels.
MOST_CHARACTERS, MOST_VALUES, DEEPEST = 1_000_000, 100_000, 50

if TYPE_CHECKING:
    from yaml.nodes import Node


class StudyFiles(tuple[Path, ...]):
    """The files of a study, and the values that the command line overrides.

    Attributes:
        command_line: keys and values of `--config`.
    """

    command_line: Mapping[str, Any]

    def __new__(cls, files: Iterable[str | Path], command_line: Mapping[str, Any] | None = None) -> StudyFiles:
        made = super().__new__(cls, map(Path, files))
        made.command_line = command_line or {}
        return made


Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C version takes a tenth of the time


def read_study_file(path: Path) -> Mapping[str, Any]:
    """Read the keys and values of a study file.

    Raises:
        InputError: the file is missing, not valid YAML or not a mapping.
    """
    content = _parsed(path, yaml.load) or {}
    if not isinstance(content, Mapping):
        raise InputError("The study file does not contain keys and values.", file=path, value=content)
    return content


def check_keys(path: Path) -> None:
    """Reject a file with a duplicate key, because the values of the first would be lost.

    Raises:
        InputError: the file has a duplicate key or a value that contains itself, is missing or not valid YAML.
    """
    root = _parsed(path, yaml.compose)
    _check_extent(path, root)
    line = _line_of_circle(root, set(), set())
    if line is not None:
        raise InputError(
            "A value contains itself through an alias.", file=path, line=line, remedy="Replace the alias by a value."
        )
    for keys, first, second in _duplicates(root, set()):
        raise InputError(
            f"Duplicate key in lines {first} and {second}. YAML would silently use only the second.",
            file=path,
            line=second,
            key=keys,
            remedy="Merge them into one.",
        )


def _parsed(path: Path, parse: Any) -> Any:
    """The file, parsed by `parse`."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"Cannot read the study file ({error.strerror}).",
            file=path,
            remedy="Give the path of an existing file. The study files of this workflow are in config/.",
        ) from error
    except ValueError as error:
        raise InputError(
            f"The study file is not valid UTF-8 ({error}).", file=path, remedy="Save it as UTF-8 text."
        ) from error
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"The study file has {len(text)} characters, more than {MOST_CHARACTERS}.",
            file=path,
            remedy="Give the path of a study file. A study file does not contain data or results.",
        )
    try:
        _check_depth(path, text)
        return parse(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InputError(
            f"The study file is not valid YAML ({where}{error.problem or error.context}).",
            file=path,
            remedy="Correct that line or one before it: check brackets, quotes, colons and indentation (no tabs).",
        ) from error
    except (yaml.YAMLError, ValueError) as error:  # a character that YAML does not allow, an impossible date
        raise InputError(
            f"The study file is not valid YAML ({' '.join(str(error).split())}).", file=path, remedy="Remove it."
        ) from error


def _check_depth(path: Path, text: str) -> None:
    """Reject a file that is nested so deeply that LibYAML would overflow the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InputError(
                f"The study file is nested more than {DEEPEST} levels deep.",
                file=path,
                remedy="See the files in config/ for examples.",
            )


def _check_extent(path: Path, root: Node | None) -> None:
    """Reject a file whose aliases expand to too many values, before any code iterates over them."""
    sizes: dict[int, int] = {}
    todo: list[tuple[Node, bool]] = [] if root is None else [(root, False)]
    while todo:
        node, children_done = todo.pop()
        below = [] if isinstance(node, yaml.ScalarNode) else list(node.value)
        children = [part for pair in below for part in pair] if isinstance(node, yaml.MappingNode) else below
        if children_done:
            sizes[id(node)] = 1 + sum(sizes.get(id(child), 1) for child in children)
            if sizes[id(node)] > MOST_VALUES:
                raise InputError(
                    f"The study file has more than {MOST_VALUES} values after expanding its aliases.",
                    file=path,
                    line=int(node.start_mark.line) + 1,
                    remedy="Use fewer aliases.",
                )
        elif id(node) not in sizes:
            sizes[id(node)] = 1  # ends a cycle, which is reported separately
            todo.append((node, True))
            todo += [(child, False) for child in children]


def _line_of_circle(node: Node | None, above: set[int], done: set[int]) -> int | None:
    """The line of a value that contains itself, or None."""
    if node is None or id(node) in done or isinstance(node, yaml.ScalarNode):
        return None
    if id(node) in above:
        return int(node.start_mark.line) + 1
    children = [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else node.value
    lines = (_line_of_circle(child, {*above, id(node)}, done) for child in children)
    found = next((line for line in lines if line is not None), None)
    done.add(id(node))
    return found


def _duplicates(node: Node | None, seen: set[int], keys: tuple[str, ...] = ()) -> Iterator[tuple[str, int, int]]:
    """Duplicate keys, dotted, with their lines. Aliased content is checked once."""
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
            yield from _duplicates(value, seen, (*keys, name))
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _duplicates(value, seen, keys)


_ANY: Any = object()


def study_error(
    problem: str,
    files: Sequence[Path],
    key: str,
    *,
    remedy: str,
    value: Any = _ANY,
    at: str | None = None,
    holds: Any = _ANY,
) -> InputError:
    """An error about a key in a study, with its file and line.

    Args:
        problem: what is wrong, in one sentence.
        files: the study files.
        key: the dotted key.
        remedy: what to do.
        value: the value at the key.
        at: the key to look for in the files, if it is not `key`.
        holds: the value, item or name that the file must have there.
    """
    file, line = find_key(files, key if at is None else at, holds)
    given = {} if value is _ANY else {"value": value}
    return InputError(problem, file=file, line=line, key=key, remedy=remedy, **given)


def find_key(files: Sequence[Path], key: str, value: Any = _ANY) -> tuple[str | None, int | None]:
    """The study file and line with `key`, where it has `value` as its value, item or name.

    Values may also come from the command line, and options under `defaults` from the package.
    """
    command_line = getattr(files, "command_line", {})
    if _has(command_line, key):
        top = key.split(".")[0]
        return f"the command line, --config {top}={_as_typed(command_line[top])}", None
    for file in sorted(files, key=lambda f: f.resolve() == BASE_CONFIG):  # the study's own file first
        try:
            node = _at(read_study_file(file), key)
        except (InputError, KeyError):
            continue
        if value is _ANY or node == value or value != value:  # .nan equals nothing
            return str(file), _line(file, key)
        if isinstance(node, list | dict) and value in list(node):
            name = list(node).index(value) if isinstance(node, list) else value
            return str(file), _line(file, f"{key}.{name}")
    if not files or key.startswith("defaults."):
        return None, None
    return f"{', '.join(map(str, files))} or the command line", None


def _has(config: Mapping[str, Any], key: str) -> bool:
    try:
        _at(config, key)
    except KeyError:
        return False
    return True


def _as_typed(value: Any) -> str:
    """A value as written after --config."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _at(node: Any, key: str) -> Any:
    """The value at a dotted key, whose parts may themselves contain dots (settings.gain-0.5.network)."""
    for name in range(len(node)) if isinstance(node, list) else node if isinstance(node, dict) else ():
        if key == str(name):
            return node[name]
        if key.startswith(f"{name}."):
            try:
                return _at(node[name], key.removeprefix(f"{name}."))
            except KeyError:
                continue
    raise KeyError(key)


def _line(file: Path, key: str) -> int | None:
    """The line of a dotted key, counted from 1; None if the key is not written out, as with a merge key."""
    return _line_below(_parsed(file, yaml.compose), key)


def _line_below(node: Node | None, key: str) -> int | None:
    pairs: list[tuple[str, Node, Node]] = []  # name, its node, the node of its value
    if isinstance(node, yaml.MappingNode):
        pairs = [(_key_of(name), name, value) for name, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        pairs = [(str(number), item, item) for number, item in enumerate(node.value)]
    for name, place, value in pairs:
        if key == name:
            return int(place.start_mark.line) + 1
        if key.startswith(f"{name}.") and (line := _line_below(value, key.removeprefix(f"{name}."))) is not None:
            return line
    return None


def _key_of(node: Node) -> str:
    """A key as it is after loading: `yes` is True."""
    if not isinstance(node, yaml.ScalarNode) or node.value == "<<":
        return str(node.value)
    return str(yaml.constructor.SafeConstructor().construct_object(node))


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `over` into `base` as Snakemake does: dicts are merged, everything else is replaced."""
    merged = deepcopy(dict(base))
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = deepcopy(value)
    return merged
