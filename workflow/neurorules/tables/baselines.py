"""What distances to a recording are to be held against: its average over conditions, its dimensionality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from neurorules.options import Options

SUBJECT = "recording"
NEEDS_RECORDING = True
COMPARISON_KEYS = ("measures",)


def check(recording: xr.Dataset, options: Options) -> None:
    """Refuse a recording that a measure cannot be taken of.

    Raises:
        InputError: by a measure.
    """
    from neurorules.similarity.measures.base.measure import check_measures

    check_measures(options.measures, recording["rates"].values)


def table(recording: xr.Dataset, labels: Mapping[str, Any], options: Options) -> pd.DataFrame:
    """One row per measure: distance of the cross-condition average from the recording; and the participation ratio."""
    import pandas as pd

    from neurorules.similarity.baselines import cross_condition_average, participation_ratio
    from neurorules.similarity.measures.base.measure import MEASURES

    rates = recording["rates"].values
    rows: list[dict[str, Any]] = [
        {
            "measure": measure,
            "quantity": "cross_condition_average",
            "value": MEASURES.load(measure).distance(cross_condition_average(rates), rates),
        }
        for measure in options.measures
    ]
    rows.append({"measure": "none", "quantity": "participation_ratio", "value": participation_ratio(rates)})
    return pd.DataFrame([{**labels, **row} for row in rows])
