"""What a learning rule, an architecture or a table type requires of a model's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Requirement:
    """An option of a model that must have certain values.

    Attributes:
        option: its name in the group.
        allowed: the allowed values, as a JSON schema.
        why: the reason, one sentence.
        group: the group of options, `network` or `training`.
    """

    option: str
    allowed: Mapping[str, Any]
    why: str
    group: str = "network"
