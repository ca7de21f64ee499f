"""Study files as YAML. Errors name the line.

Snakemake reads them itself, before any code of this package runs: it names no line, and of a duplicate key it silently
takes the last.
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

# Far more than any study needs; the study of the papers has 13,000 characters, 2,000 values and 7 levels.
MOST_CHARACTERS, MOST_VALUES, DEEPEST = 1_000_000, 100_000, 50

if TYPE_CHECKING:
    from yaml.nodes import Node


class StudyFiles(tuple[Path, ...]):
    """The files that a study came from, and what the command line laid over them.

    Attributes:
        command_line: keys and values of `--config`.
    """

    command_line: Mapping[str, Any]

    def __new__(cls, files: Iterable[str | Path], command_line: Mapping[str, Any] | None = None) -> StudyFiles:
        made = super().__new__(cls, map(Path, files))
        made.command_line = command_line or {}
        return made


Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C it takes a tenth of the time


def read_study_file(path: Path) -> Mapping[str, Any]:
    """Keys and values of a study file.

    Raises:
        InputError: it is missing, not YAML or not a mapping.
    """
    content = _parsed(path, yaml.load) or {}
    if not isinstance(content, Mapping):
        raise InputError("A study file holds keys and values.", file=path, value=content)
    return content


def check_keys(path: Path) -> None:
    """Refuse a file with a duplicate key: the values of the first would be lost.

    Raises:
        InputError: it has a duplicate key or a value that contains itself, is missing or not YAML.
    """
    root = _parsed(path, yaml.compose)
    _check_extent(path, root)
    line = _line_of_circle(root, set(), set())
    if line is not None:
        raise InputError(
            "A value contains itself, by an alias.", file=path, line=line, remedy="Write the value out in its place."
        )
    for keys, first, second in _duplicates(root, set()):
        raise InputError(
            f"Duplicate key, in lines {first} and {second}: YAML would silently use only the second.",
            file=path,
            line=second,
            key=keys,
            remedy="Merge the two into one.",
        )


def _parsed(path: Path, parse: Any) -> Any:
    """The file as `parse` reads it."""
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
            f"The study file is not valid UTF-8 ({error}).", file=path, remedy="Save it as text in UTF-8."
        ) from error
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"The study file has {len(text)} characters, more than {MOST_CHARACTERS}.",
            file=path,
            remedy="Give the path of a study file; data and results are no part of one.",
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
            remedy="Correct that line or one before it: a bracket, a quote, a colon, or the indentation (no tabs).",
        ) from error
    except (yaml.YAMLError, ValueError) as error:  # a character that YAML does not allow, an impossible date
        raise InputError(
            f"The study file is not valid YAML ({' '.join(str(error).split())}).", file=path, remedy="Remove it."
        ) from error


def _check_depth(path: Path, text: str) -> None:
    """Refuse a file that is nested too deep, of which LibYAML would overrun the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InputError(
                f"The study file is nested more than {DEEPEST} levels deep.",
                file=path,
                remedy="Write it as config/ shows.",
            )


def _check_extent(path: Path, root: Node | None) -> None:
    """Refuse what a few lines of aliases can become, before anything goes through all of it."""
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
                    f"With its aliases written out, the study file holds more than {MOST_VALUES} values.",
                    file=path,
                    line=int(node.start_mark.line) + 1,
                    remedy="Use fewer aliases.",
                )
        elif id(node) not in sizes:
            sizes[id(node)] = 1  # a circle ends here; it has an error of its own
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
    """Duplicate keys, dotted, with their lines. What an alias repeats is looked at in one place."""
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
    """An error about a key of a study, with the file and the line that it comes from.

    Args:
        problem: what is wrong, one sentence.
        files: the study files.
        key: the dotted key.
        remedy: what to do.
        value: the value at the key.
        at: the key to look for in the files, where that is another one.
        holds: the value, item or name that the file must have there.
    """
    file, line = find_key(files, key if at is None else at, holds)
    given = {} if value is _ANY else {"value": value}
    return InputError(problem, file=file, line=line, key=key, remedy=remedy, **given)


def find_key(files: Sequence[Path], key: str, value: Any = _ANY) -> tuple[str | None, int | None]:
    """The study file that holds `key`, with `value` as its value, item or name, and the line.

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
    """A value as --config takes it."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


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


def _line(file: Path, key: str) -> int | None:
    """The line of a dotted key, counted from 1; None where it is not written out, as after a merge key."""
    return _line_below(_parsed(file, yaml.compose), key)


def _line_below(node: Node | None, key: str) -> int | None:
    pairs: list[tuple[str, Node, Node]] = []  # name, where it stands, what stands below it
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
    """`over` laid over `base` as Snakemake does it: dicts merge, everything else replaces."""
    merged = deepcopy(dict(base))
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = deepcopy(value)
    return merged
