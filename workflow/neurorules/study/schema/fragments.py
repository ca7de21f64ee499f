"""Options of plug-ins: each plug-in defines its options as JSON schema fragments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from neurorules.study.schema.violation import Violation


def first_violation(options: Mapping[str, Any], fragments: Mapping[str, Mapping[str, Any]]) -> Violation | None:
    """The first option, in alphabetical order, that violates its fragment, or None.

    Args:
        options: values by name; those without a fragment are not checked.
        fragments: JSON schemas by name.
    """
    errors = _validator()({"properties": fragments}).iter_errors(options)
    error = min(errors, key=lambda e: [str(part) for part in e.absolute_path], default=None)
    while error is not None and error.context:
        error = error.context[0]
    if error is None:
        return None
    forms = error.parent.validator_value if error.parent else ()
    return Violation(
        path=tuple(error.absolute_path),
        rule=error.validator,
        limit=error.validator_value,
        value=error.instance,
        alternatives=tuple(str(form["const"]) for form in forms if "const" in form),
        message=error.message,
    )


@cache
def _validator() -> Any:
    """Draft 2020-12 with stricter numbers."""
    import jsonschema

    def is_integer(value: Any) -> bool:
        return type(value) is int and -(2**63) <= value < 2**63

    standard = jsonschema.Draft202012Validator
    types = standard.TYPE_CHECKER.redefine_many(
        {
            # JSON schema accepts 200.0 as an integer. NumPy does not, and its integers have at most 64 bits.
            "integer": lambda _, value: is_integer(value),
            # YAML allows .nan and .inf, which pass most limits.
            "number": lambda _, value: is_integer(value) or (type(value) is float and math.isfinite(value)),
        }
    )
    return jsonschema.validators.extend(standard, type_checker=types)


def in_words(fragment: Mapping[str, Any]) -> str:
    """What a fragment allows, as text."""
    if "const" in fragment:
        return str(fragment["const"]).lower() if isinstance(fragment["const"], bool) else str(fragment["const"])
    words = {"minimum": "at least", "maximum": "at most", "enum": "one of"}
    return ", ".join(f"{words.get(name, name)} {value}" for name, value in fragment.items())
