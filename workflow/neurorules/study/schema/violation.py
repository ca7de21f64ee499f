"""Violations of the schema, and the errors that report them: the place, the value and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from neurorules.errors import InputError
from neurorules.study.yaml_source import study_error


class Violation(NamedTuple):
    """A value that is not allowed.

    Attributes:
        path: keys and list indices that lead to the value.
        rule: the JSON Schema rule that it breaks: type, enum, minimum ...
        limit: what the rule requires.
        value: the value.
        alternatives: words that are allowed as well.
        message: what is wrong, for rules without their own sentence.
    """

    path: tuple[Any, ...]
    rule: str
    limit: Any
    value: Any
    alternatives: tuple[str, ...] = ()
    message: str = ""


def not_allowed(files: Sequence[Path], key: str, violation: Violation) -> InputError:
    """The error for a violation of the value at `key`."""
    return study_error(
        "Value not allowed.",
        files,
        key,
        value=violation.value,
        remedy=f"{_allowed(violation)} docs/reference/options.md lists every key.",
        holds=violation.value,
    )


def _allowed(violation: Violation) -> str:
    """What is allowed instead, as a sentence."""
    limit = f"{violation.limit:g}" if isinstance(violation.limit, float) else violation.limit
    choices = [str(choice) for choice in (limit if isinstance(limit, list) else [limit])]
    sentences = {
        "type": f"It must be of type {' or '.join(choices)}.",
        "enum": f"Allowed: {', '.join(choices)}.",
        "minimum": f"It must be at least {limit}.",
        "exclusiveMinimum": f"It must be greater than {limit}.",
        "maximum": f"It must be at most {limit}.",
        "minItems": f"It needs at least {limit} item(s).",
        "maxItems": f"It may have at most {limit} items.",
        "minLength": "It must not be empty.",
        "maxLength": f"It may have at most {limit} characters, because it is used in file names.",
        "uniqueItems": "Items must be unique. Remove the duplicate.",
        "pattern": "It may contain letters, digits, '.', '_' and '-', and must start with a letter or digit.",
        "64 bits": "An integer may have at most 64 bits.",
    }
    sentence = sentences.get(violation.rule, f"{violation.message}.")
    if violation.alternatives:
        sentence = f"{sentence.removesuffix('.')}, or {' or '.join(violation.alternatives)}."
    if violation.rule == "type" and _is_number_as_text(violation.value):
        sentence += " In YAML, 1e-3 and '1' are text: write 1.0e-3 and 1."
    if violation.rule == "type" and violation.limit == "string" and not isinstance(violation.value, str | list | dict):
        sentence += (
            f" YAML reads this as {_YAML_TYPES.get(type(violation.value).__name__, 'another type')}. Put it in quotes "
            "('...'); on the command line, nest them: --config 'study=\"...\"'."
        )
    return sentence


# How YAML reads unquoted text: 2024_11_25, 1.10, yes, 2024-11-25, an empty value.
_YAML_TYPES = {"int": "an integer", "float": "a number", "bool": "true or false", "date": "a date", "NoneType": "null"}


def _is_number_as_text(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return isinstance(value, str)


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    """A suggestion for a misspelt name, and all known names."""
    known = sorted(known)
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return f"{hint}Allowed: {', '.join(known)}." if known else "Nothing can be set here: remove it."


def unknown_name(
    files: Sequence[Path], key: str, name: str, known: Iterable[str], problem: str = "Unknown name."
) -> InputError:
    """The error for an unknown name in a study."""
    return study_error(
        problem,
        files,
        key,
        value=name,
        remedy=did_you_mean(name, known),
        at=key.removesuffix(f".{name}"),
        holds=name,
    )
