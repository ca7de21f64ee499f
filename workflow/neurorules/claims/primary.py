"""The primary claim of a study, chosen before it is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neurorules.tables.base.labels import NO_RECORDING

DEFAULT_CLAIM, DEFAULT_SETTING = "fig1-eprop-comparable", "base"


@dataclass(frozen=True)
class PrimaryClaim:
    """One row of the ledger: a claim, for one recording and one setting.

    Attributes:
        claim: its id.
        recording: name; "" in a study without recordings, in which no row is primary.
        setting: name.
    """

    claim: str = DEFAULT_CLAIM
    recording: str = ""
    setting: str = DEFAULT_SETTING

    @staticmethod
    def of(entry: Mapping[str, Any], recordings: list[str]) -> PrimaryClaim:
        """The primary claim of a study.

        Args:
            entry: the config of the figure `claims`, with `primary` if it is not the default.
            recordings: the study's recordings, in order.
        """
        first = recordings[0] if recordings else ""
        return PrimaryClaim(**{"recording": first, **entry.get("primary", {})})


def is_primary(claim: Mapping[str, Any], unit: Mapping[str, Any], primary: PrimaryClaim | None) -> bool:
    """Whether a claim unit is the primary one. A recording or setting that the unit lacks is not compared."""
    return (
        primary is not None
        and claim["id"] == primary.claim
        and unit.get("recording", "") in ("", NO_RECORDING, primary.recording)
        and unit.get("setting", "") in ("", primary.setting)
    )
