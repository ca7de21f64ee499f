"""Any supervised environment of Neurogym: its observations are the inputs, its ground truth gives the targets.

`env` gives the environment. Options outside OPTION_SCHEMA are parameters of the environment and are passed to its
constructor: `cohs`, `sigma`, `dim_ring`, `timing` ... A duration in `timing` is a number of ms, a list of numbers to
draw from, or a distribution such as [uniform, [200, 500]]; the environment rounds it down to whole steps. `rewards` and
`abort` have no effect, because there is no agent.

All trials of a batch begin at step 0, with a network that has no memory of earlier trials. Steps after the end of a
trial shorter than `steps` are silent and not scored. Within a trial, every step has equal weight, including fixation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.options import Options
from neurorules.tasks.neurogym.environment import TEST_SEED
from neurorules.tasks.neurogym.task import OPTION_SCHEMA, NeurogymTask

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

__all__ = ["COMPARISON_KEYS", "NEEDS_RECORDING", "OPTION_SCHEMA", "OTHER_OPTIONS", "TEST_SEED", "NeurogymTask", "make"]

NEEDS_RECORDING = False
COMPARISON_KEYS: tuple[str, ...] = ()
OTHER_OPTIONS = True  # parameters of the environment


def condition_labels(task: NeurogymTask) -> dict[str, NDArray[Any]]:
    """Labels of the environment's test trials, see `labels.py`."""
    from neurorules.tasks.neurogym.labels import labels_of_test_trials

    return labels_of_test_trials(task)


def make(options: Mapping[str, Any], recording: xr.Dataset | None) -> NeurogymTask:
    """Make the task of an environment; the recording is unused."""
    return NeurogymTask(Options(options).as_dict())
