"""Agreement of the networks' demixed principal components with the recording's (Figure 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.tables.base.columns import PANEL_GROUP

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

TABLES = ("dpca",)


def derive(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """See `with_correlations`; no parameters."""
    return with_correlations(tables["dpca"])


def with_correlations(table: pd.DataFrame) -> pd.DataFrame:
    """The table with one copy of the data's components per panel group, as learning rule "data", and `r_with_data`.

    `r_with_data` is Pearson's r between a network's component and the recording's over conditions and times; NaN if
    either is constant, and for the recording itself.

    Args:
        table: concatenated tables of type dpca of several models.
    """
    import pandas as pd

    at = [*PANEL_GROUP, "component", "condition", "time_ms"]
    data = table[table["quantity"] == "data"].drop_duplicates(at).assign(learning_rule="data")
    models = table[table["quantity"] == "model"]
    both = models.merge(data[[*at, "projection"]], on=at, how="left", suffixes=("", "_data"))
    runs = [*PANEL_GROUP, "learning_rule", "seed", "component"]
    correlation = {
        key: _correlation(run["projection"].to_numpy(), run["projection_data"].to_numpy())
        for key, run in both.groupby(runs, sort=False)
    }
    keys = models[runs].itertuples(index=False, name=None)
    models = models.assign(r_with_data=[correlation[key] for key in keys])
    return pd.concat([data.assign(r_with_data=np.nan), models], ignore_index=True)


def _correlation(x: NDArray[Any], y: NDArray[Any]) -> float:
    x, y = x - x.mean(), y - y.mean()
    norms = np.linalg.norm(x) * np.linalg.norm(y)
    return float(x @ y / norms) if norms > 0 else float("nan")
