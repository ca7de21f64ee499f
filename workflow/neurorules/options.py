"""Resolved options as jobs get them: what a study says, looked up as `options.network.noise_sd`.

What options there are, with types, defaults, limits, meaning and source, stands in `study/schema/`, and for a
learning rule or a task in its own file. A job gets them resolved and checked, as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Options(Mapping[str, Any]):
    """Options by name, as attributes or as the keys of a mapping; read only, groups within them too.

    Args:
        values: names and values; mappings among these become Options themselves.

    Raises:
        AttributeError, KeyError: there is no option of this name; says which there are.
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
            raise AttributeError(f"no option {name!r} among {', '.join(self._values)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("options are read only; make others with `but`")

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
        """These options with other values for some names."""
        return Options({**self, **others})

    def as_dict(self) -> dict[str, Any]:
        """Plain dicts, as JSON takes them."""
        return {name: value.as_dict() if isinstance(value, Options) else value for name, value in self.items()}
