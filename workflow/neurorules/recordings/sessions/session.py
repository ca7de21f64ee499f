"""A session as a lab has it, before it becomes a Recording: units, trials, spikes and behaviour, each with labels.

Readers of files make a Session of the complete content, without choices. A study's choices (conditions, alignment,
window, units, trials) make a Recording of one or several Sessions, with the same code for all types of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from neurorules.recordings.sessions.grid import Grid

SPIKES_PER_S, Z_SCORE, SOFT_NORMALISED = "spikes/s", "z-score", "soft-normalised"  # units of rates


class Activity(Protocol):
    """The activity of a session's units: spike times, or counts in bins, of single trials.

    Times are in s on the clock of the trials table. For spike times, this is the session's clock. For trials that were
    already cut out, it is each trial's own clock, which is 0 at the start of the first bin unless the file says
    otherwise.
    """

    @property
    def units(self) -> str:
        """SPIKES_PER_S, Z_SCORE or SOFT_NORMALISED."""

    def trial_rates(self, unit: int, trials: NDArray[Any], at_s: NDArray[Any], grid: Grid) -> NDArray[Any]:
        """Rates of one unit around an event of each trial, (trial, time).

        Args:
            unit: row of `Session.units`.
            trials: (trial,) rows of `Session.trials`.
            at_s: (trial,) time of the event in each trial, s; finite.
            grid: window, bins and smoothing.

        Returns:
            Rates in `units`; NaN in all bins of a trial if the unit was not observed in the complete window.
        """


class Behaviour(Protocol):
    """A continuous signal, such as hand velocity, gaze or EMG."""

    @property
    def components(self) -> tuple[str, ...]:
        """Suffixes of its name: ("",), ("_x", "_y"), ("_0", "_1", "_2", "_3") ..."""

    def trial_values(self, trials: NDArray[Any], at_s: NDArray[Any], times_ms: NDArray[Any]) -> NDArray[Any]:
        """Values at times around an event of each trial, (trial, time, component); NaN for missing values.

        Args:
            trials: (trial,) rows of `Session.trials`.
            at_s: (trial,) time of the event in each trial, s.
            times_ms: (time,) relative to the event.
        """


@dataclass(frozen=True)
class Session:
    """The content of a file.

    Attributes:
        name: unique name of the session in the recording.
        file: the session's file, for errors.
        units: one row per unit, its name as the index (str, unique), its properties as columns (location, quality).
        trials: one row per trial, in the file's order, with all columns of the file: labels, outcomes, and times of
            events in s.
        activity: activity of the units in the trials.
        events: times of events from further tables, in s (event,), by name.
        behaviour: signals by their name for options, such as the path in an NWB file.
        attributes: the file's own attributes, by their names in recordings (title, citation, licence).
    """

    name: str
    file: Path
    units: pd.DataFrame
    trials: pd.DataFrame
    activity: Activity
    events: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    behaviour: Mapping[str, Behaviour] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
