"""What is wrong with a value, and the error that says so: where it stands, what it is and what is allowed."""

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
        rule: what it breaks, by its name in JSON Schema: type, enum, minimum ...
        limit: what the rule asks for.
        value: the value.
        alternatives: words that are allowed beside what the rule asks for.
        message: what is wrong, where there is no sentence for the rule.
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
        "This value is not allowed.",
        files,
        key,
        value=violation.value,
        remedy=f"{_allowed(violation)} docs/reference/options.md lists every key.",
        holds=violation.value,
    )


def _allowed(violation: Violation) -> str:
    """What is allowed in its place, as a sentence."""
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
        "minLength": "It must be non-empty.",
        "maxLength": f"It may have at most {limit} characters, because it becomes a name of files.",
        "uniqueItems": "An item may not occur twice.",
        "pattern": "It may hold letters, digits, '.', '_' and '-', and begins with a letter or digit.",
        "64 bits": "An integer may have at most 64 bits.",
    }
    sentence = sentences.get(violation.rule, f"{violation.message}.")
    if violation.alternatives:
        sentence = f"{sentence.removesuffix('.')}, or {' or '.join(violation.alternatives)}."
    if violation.rule == "type" and _is_number_as_text(violation.value):
        sentence += " In YAML, 1e-3 and '1' are text: write 1.0e-3 and 1."
    if violation.rule == "type" and violation.limit == "string" and not isinstance(violation.value, str | list | dict):
        sentence += (
            f" YAML reads this as {_YAML_TYPES.get(type(violation.value).__name__, 'another type')}: put quotes around "
            "it ('...'), on the command line within others: --config 'study=\"...\"'."
        )
    return sentence


# What YAML makes of text without quotes: 2024_11_25, 1.10, yes, 2024-11-25, nothing at all.
_YAML_TYPES = {"int": "an integer", "float": "a number", "bool": "true or false", "date": "a date", "NoneType": "null"}


def _is_number_as_text(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return isinstance(value, str)


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    """The name that was probably meant, and all that are known."""
    known = sorted(known)
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return f"{hint}Allowed: {', '.join(known)}." if known else "There are none to set: take it out."


def unknown_name(
    files: Sequence[Path], key: str, name: str, known: Iterable[str], problem: str = "Unknown name."
) -> InputError:
    """The error for a name that a study gives and that nothing has."""
    return study_error(
        problem,
        files,
        key,
        value=name,
        remedy=did_you_mean(name, known),
        at=key.removesuffix(f".{name}"),
        holds=name,
    )
