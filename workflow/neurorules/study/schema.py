"""What a study file may hold, and what to say where it holds something else."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from neurorules.errors import InputError
from neurorules.study.yaml_source import REPOSITORY, file_of

SCHEMA = REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"


def check_schema(config: Mapping[str, Any], files: Sequence[Path]) -> None:
    """Check a merged config against the schema.

    Raises:
        InputError: naming the key, the value and what is allowed.
    """
    import yaml

    error = first_error(config, yaml.safe_load(SCHEMA.read_text()))
    if error is None:
        return
    path = [str(p) for p in error.absolute_path]
    if error.validator == "additionalProperties":
        known = set(error.schema.get("properties", {}))
        unknown = min(set(error.instance) - known, key=str)
        key = ".".join([*path, str(unknown)])
        raise InputError(
            "This key is not known.",
            file=file_of(files, key),
            key=key,
            value=error.instance[unknown],
            remedy=did_you_mean(unknown, known),
        )
    key = ".".join(path) or "(top level)"
    raise not_allowed(key, error, files)


@cache
def _validator() -> Any:
    """Draft 2020-12 with stricter numbers."""
    import jsonschema

    def is_integer(value: Any) -> bool:
        return type(value) is int and -(2**63) <= value < 2**63

    standard = jsonschema.Draft202012Validator
    types = standard.TYPE_CHECKER.redefine_many(
        {
            # JSON schema takes 200.0 for an integer; NumPy does not, nor one of more than 64 bits.
            "integer": lambda _, value: is_integer(value),
            # YAML knows .nan and .inf, which pass every limit or nearly so.
            "number": lambda _, value: is_integer(value) or (type(value) is float and math.isfinite(value)),
        }
    )
    return jsonschema.validators.extend(standard, type_checker=types)


def first_error(value: Any, schema: Mapping[str, Any]) -> Any:
    """The first violation of a schema, in order of keys, or None."""
    validator = _validator()(schema)
    error = min(validator.iter_errors(value), key=lambda e: [str(part) for part in e.absolute_path], default=None)
    while error is not None and error.context:
        error = error.context[0]
    return error


def not_allowed(key: str, error: Any, files: Sequence[Path]) -> InputError:
    return InputError(
        "This value is not allowed." if error.validator != "required" else "A key is missing.",
        file=file_of(files, key, error.instance),
        key=key,
        value=error.instance,
        remedy=f"{_allowed(error)} config/README.md documents every key.",
    )


def _allowed(error: Any) -> str:
    """What the schema allows where it refused something, as a sentence."""
    limit = error.validator_value
    choices = [str(choice) for choice in (limit if isinstance(limit, list) else [limit])]
    sentences = {
        "type": f"It must be of type {' or '.join(choices)}.",
        "enum": f"Allowed: {', '.join(choices)}.",
        "minimum": f"It must be at least {limit}.",
        "exclusiveMinimum": f"It must be greater than {limit}.",
        "maximum": f"It must be at most {limit}.",
        "minItems": f"It needs at least {limit} item(s).",
        "maxItems": f"It may have at most {limit} items.",
        "uniqueItems": "No item may stand in it twice.",
        "pattern": "It may hold letters, digits, '.', '_' and '-' only.",
    }
    sentence = sentences.get(error.validator, f"{error.message}.")
    # What was refused may be one of several forms, of which others are a word.
    words = [str(form["const"]) for form in (error.parent.validator_value if error.parent else ()) if "const" in form]
    if words:
        sentence = f"{sentence.removesuffix('.')}, or {' or '.join(words)}."
    if error.validator == "type" and _is_number_as_text(error.instance):
        sentence += " In YAML, 1e-3 and '1' are text: write 1.0e-3 and 1."
    return sentence


def _is_number_as_text(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return isinstance(value, str)


def wanted(schema: Mapping[str, Any]) -> str:
    """What a fragment of a JSON schema asks for, in words."""
    if "const" in schema:
        return str(schema["const"]).lower() if isinstance(schema["const"], bool) else str(schema["const"])
    words = {"minimum": "of at least", "maximum": "of at most", "enum": "among"}
    return ", ".join(f"{words.get(name, name)} {value}" for name, value in schema.items())


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    known = sorted(known)
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return f"{hint}Allowed: {', '.join(known)}." if known else "There are none to set: take it out."


def unknown_name(
    files: Sequence[Path], key: str, name: str, known: Iterable[str], problem: str = "There is nothing of this name."
) -> InputError:
    """What to say of a name that a study gives and that nothing has."""
    return InputError(
        problem,
        file=file_of(files, key.removesuffix(f".{name}"), name),
        key=key,
        value=name,
        remedy=did_you_mean(name, known),
    )
