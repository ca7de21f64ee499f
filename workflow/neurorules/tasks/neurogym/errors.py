"""Errors in the choice of an environment or its parameters, with remedies."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from neurorules.errors import InputError

if TYPE_CHECKING:
    from inspect import Parameter


def not_installed(environment: str) -> InputError:
    """The error for a study that needs Neurogym, if it is not installed."""
    return InputError(
        "The package neurogym is not installed.",
        key="task.env",
        value=environment,
        remedy="Install neurogym (2.3.1), or use another task.",
    )


def unusable(environment: str, reason: str) -> InputError:
    """The error for an environment that cannot be a task, whatever its parameters."""
    return InputError(
        f"This environment cannot be a task here. {reason}",
        key="task.env",
        value=environment,
        remedy="Use a supervised environment with independent trials, such as PerceptualDecisionMaking-v0.",
    )


def unknown_environment(environment: str, known: Iterable[str]) -> InputError:
    """The error for an unknown name of an environment."""
    return InputError(
        "Unknown environment: Neurogym does not have it.",
        key="task.env",
        value=environment,
        remedy=_did_you_mean(environment, known),
    )


def unknown_name(environment: str, key: str, value: Any, name: str, known: Iterable[str]) -> InputError:
    """The error for an unknown parameter or period of an environment.

    Args:
        environment: its name.
        key: the key in the config.
        value: its value in the config.
        name: the unknown name.
        known: the known names.
    """
    return InputError(
        f"Unknown parameter or period of {environment}.", key=key, value=value, remedy=_did_you_mean(name, known)
    )


def refused_values(environment: str, values: Mapping[str, Any], reason: Exception, remedy: str) -> InputError:
    """The error for values that do not work in the environment, by the names of their parameters."""
    return InputError(
        f"{environment} does not work with this value: {reason}.",
        key=", ".join(f"task.{name}" for name in values),
        value=next(iter(values.values())) if len(values) == 1 else dict(values),
        remedy=remedy,
    )


def allowed_parameters(parameters: Iterable[Parameter]) -> str:
    """A sentence with the parameters of an environment."""
    known = [str(parameter.replace(annotation=parameter.empty)) for parameter in parameters]
    return f"The parameters and their defaults: {', '.join(known) or 'none'}. A smaller dt_ms may help."


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3)
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    return f"{hint}Allowed: {', '.join(names)}."
