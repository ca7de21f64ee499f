"""A session as a lab has it, before it is a Recording: units, trials, spikes and behaviour, each with its labels.

Readers of files make a Session of what stands in them, without any choice. What a study chooses (conditions, alignment,
window, which units and trials) makes a Recording of one or several Sessions, in one place for all kinds of files.
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

SPIKES_PER_S, Z_SCORE = "spikes/s", "z-score"  # units of rates


class Activity(Protocol):
    """What the units of a session did: spike times, or counts in bins, of single trials.

    Times are in s on the clock of the trials table: the session's clock for spike times, and for trials that were cut
    out already each trial's own, which is 0 at the start of its first bin unless the file says otherwise.
    """

    @property
    def units(self) -> str:
        """SPIKES_PER_S or Z_SCORE."""

    def trial_rates(self, unit: int, trials: NDArray[Any], at_s: NDArray[Any], grid: Grid) -> NDArray[Any]:
        """Rates of one unit around an event of each trial, (trial, time).

        Args:
            unit: row of `Session.units`.
            trials: (trial,) rows of `Session.trials`.
            at_s: (trial,) when the event is in each of them, s; finite.
            grid: window, bins and smoothing.

        Returns:
            Rates in `units`; NaN in all bins of a trial in which the unit was not observed over the whole window.
        """


class Behaviour(Protocol):
    """A continuous signal, as hand velocity, gaze or EMG."""

    @property
    def components(self) -> tuple[str, ...]:
        """What is put behind its name: ("",), ("_x", "_y"), ("_0", "_1", "_2", "_3") ..."""

    def trial_values(self, trials: NDArray[Any], at_s: NDArray[Any], times_ms: NDArray[Any]) -> NDArray[Any]:
        """Values at times around an event of each trial, (trial, time, component); NaN where there are none.

        Args:
            trials: (trial,) rows of `Session.trials`.
            at_s: (trial,) when the event is in each of them, s.
            times_ms: (time,) relative to it.
        """


@dataclass(frozen=True)
class Session:
    """What stands in a file.

    Attributes:
        name: of the session; unlike that of any other session of the recording.
        file: where it comes from, for errors.
        units: a row for each unit, its name as the index (str, unique), its properties as columns (location, quality).
        trials: a row for each trial, in the file's order, with whatever columns the file has: labels, outcomes, and
            times of events in s.
        activity: of the units in the trials.
        events: tables of events beside the trials, as times in s (event,), by name.
        behaviour: signals by the name that options give them, as the path in an NWB file.
        attributes: what the file says of itself, by the names that recordings have (title, citation, licence).
    """

    name: str
    file: Path
    units: pd.DataFrame
    trials: pd.DataFrame
    activity: Activity
    events: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    behaviour: Mapping[str, Behaviour] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
