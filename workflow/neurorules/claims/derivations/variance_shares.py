"""Shares of the variance of distances that factors explain, as jackknife pseudo-values over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neurorules.statistics.variance_shares import jackknife
from neurorules.tables.base.responses import KEPT, WITHIN, responses

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("distances",)


def derive(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """One row per recording, task, term and seed: `share`, the pseudo-value of the term's omega squared.

    Parameters: `measure`, `factors` and `response`, see `responses`. No rows if there are fewer than three seeds.
    """
    import pandas as pd

    distances, rows = tables["distances"], []
    found = responses(distances[distances["measure"] == parameters["measure"]], parameters["factors"])
    found = found[(found["response"] == parameters["response"]) & found["value"].notna()]
    for _, networks in found.groupby(["recording", "task"], sort=True):
        levels = {name: networks[name].tolist() for name in parameters["factors"]}
        labels = {name: networks[name].iloc[0] for name in KEPT}
        by_seed = jackknife(networks["value"].tolist(), levels, networks["seed"].tolist(), WITHIN)
        for seed, shares in by_seed.items():
            rows += [{**labels, "term": term, "seed": int(seed), "share": share} for term, share in shares.items()]
    return pd.DataFrame(rows, columns=[*KEPT, "term", "seed", "share"])
