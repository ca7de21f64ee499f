"""Resolved options of a job, used as `options.network.noise_sd`.

Options are defined in `study/schema/`, with types, defaults, limits, meaning and source. Learning rules and tasks
define theirs in their own files. A job gets its options resolved and checked, as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Options(Mapping[str, Any]):
    """Options by name, as attributes or as keys of a mapping. They are read-only, including nested groups.

    Args:
        values: names and values; nested mappings become Options too.

    Raises:
        AttributeError, KeyError: unknown option; the message lists the known ones.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values: dict[str, Any]
        of = {name: Options(value) if isinstance(value, Mapping) else value for name, value in values.items()}
        object.__setattr__(self, "_values", of)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"unknown option {name!r}; known: {', '.join(self._values)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("options are read-only; use `but` to get a changed copy")

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Options({self.as_dict()!r})"

    def __reduce__(self) -> tuple[type[Options], tuple[dict[str, Any]]]:
        return Options, (self.as_dict(),)

    def but(self, **others: Any) -> Options:
        """A copy of these options with some values changed."""
        return Options({**self, **others})

    def as_dict(self) -> dict[str, Any]:
        """Plain nested dicts, for JSON."""
        return {name: value.as_dict() if isinstance(value, Options) else value for name, value in self.items()}
