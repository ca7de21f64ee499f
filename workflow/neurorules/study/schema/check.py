"""Check a merged config against the types of its keys."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from neurorules.errors import InputError
from neurorules.study.schema.study_file import RecordingOptions, StudyConfig
from neurorules.study.schema.violation import Violation, did_you_mean, not_allowed
from neurorules.study.yaml_source import study_error

# Pydantic errors mapped to JSON Schema rules, with the rule's limit or the limit's name in the error's context.
TYPES = {
    "int_type": "integer",
    "float_type": "number",
    "finite_number": "number",
    "string_type": "string",
    "bool_type": "boolean",
    "list_type": "array",
    "dict_type": "object",
    "model_type": "object",
}
LIMITS = {
    "greater_than_equal": ("minimum", "ge"),
    "greater_than": ("exclusiveMinimum", "gt"),
    "less_than_equal": ("maximum", "le"),
    "too_short": ("minItems", "min_length"),
    "string_too_short": ("minLength", "min_length"),
    "string_too_long": ("maxLength", "max_length"),
    "string_pattern_mismatch": ("pattern", "pattern"),
    "not_unique": ("uniqueItems", ""),
}
OF_A_KEY = "[key]"  # at the end of a location: the key is wrong, not its value


def check_schema(config: Mapping[str, Any], files: Sequence[Path]) -> None:
    """Check a merged config.

    Raises:
        InputError: with the key, the value and what is allowed.
    """
    for path, number in _long_integers(config):
        raise not_allowed(files, dotted(path), Violation(path, "64 bits", 64, number))
    try:
        StudyConfig.model_validate(dict(config))
    except ValidationError as error:
        errors: list[Any] = error.errors(include_url=False)
        raise _input_error(min(errors, key=lambda e: [str(part) for part in e["loc"]]), files) from None
    _refuse_what_json_lacks(config, (), files)


def check_recording_options(options: Mapping[str, Any], file: Path) -> None:
    """Check a recording's options outside a study file.

    Raises:
        InputError: with the option, the value and what is allowed.
    """
    try:
        RecordingOptions.model_validate(dict(options))
    except ValidationError as error:
        errors: list[Any] = error.errors(include_url=False)
        raise _input_error(min(errors, key=lambda e: [str(part) for part in e["loc"]]), [file]) from None


def dotted(path: Sequence[Any]) -> str:
    """Keys and list indices joined into one dotted key."""
    return ".".join(map(str, path)) or "(top level)"


def _input_error(error: Mapping[str, Any], files: Sequence[Path]) -> InputError:
    path, kind, context = error["loc"], error["type"], error.get("ctx", {})
    if kind == "unknown_key":
        unknown = context["key"]
        return study_error(
            "Unknown key.",
            files,
            dotted([*path, unknown]),
            value=error["input"][unknown],
            remedy=did_you_mean(unknown, context["known"]),
        )
    if kind == "missing":
        return study_error(
            "Missing key.",
            files,
            dotted(path),
            remedy="It is required. docs/reference/options.md lists every key.",
            at=dotted(path[:-1]),
        )
    if path and path[-1] == OF_A_KEY:
        path = path[:-2]
    return not_allowed(files, dotted(path), _violation(path, kind, context, error["input"], error["msg"]))


def _violation(path: tuple[Any, ...], kind: str, context: Mapping[str, Any], value: Any, message: str) -> Violation:
    alternatives = (context["or"],) if "or" in context else ()
    if kind in TYPES:
        return Violation(path, "type", TYPES[kind], value, alternatives)
    if kind == "literal_error":
        return Violation(path, "enum", re.findall("'(.*?)'", context["expected"]), value, alternatives)
    rule, limit = LIMITS.get(kind, (kind, ""))
    return Violation(path, rule, context.get(limit), value, alternatives, message)


def _long_integers(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Integers of more than 64 bits, which JSON allows but NumPy does not, each with its path."""
    if type(node) is int and not -(2**63) <= node < 2**63:
        yield path, node
    children = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from _long_integers(child, (*path, name))


def _refuse_what_json_lacks(node: Any, path: tuple[Any, ...], files: Sequence[Path]) -> None:
    """Reject dates, .nan and non-text keys: jobs get all options as JSON, even those that only a plug-in checks."""
    if isinstance(node, Mapping):
        for key in node:
            if not isinstance(key, str):
                raise study_error(
                    "Key is not text.",
                    files,
                    dotted([*path, key]),
                    value=key,
                    remedy="In YAML, numbers, dates, yes, no and null are not text. Put the key in quotes.",
                )
    if isinstance(node, Mapping | list):
        for name, child in node.items() if isinstance(node, Mapping) else enumerate(node):
            _refuse_what_json_lacks(child, (*path, name), files)
    elif not (node is None or isinstance(node, str | int) or (isinstance(node, float) and math.isfinite(node))):
        allowed = ["string", "number", "boolean", "null", "array", "object"]
        raise not_allowed(files, dotted(path), Violation(path, "type", allowed, node))
