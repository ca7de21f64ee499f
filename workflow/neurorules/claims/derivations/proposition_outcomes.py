"""Proposition 4.1 in numbers: its predictions for each initial weight, and the outcomes of integration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.dynamics import proposition

if TYPE_CHECKING:
    import pandas as pd
    from numpy.polynomial import Polynomial

TABLES = ()

SIGNAL = 1.0  # the constant S
# The grid avoids roots and turning points.
WEIGHTS = np.round(np.arange(-1.975, 2.0, 0.05), 3)


def derive(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """See `outcomes`; it needs no tables and no parameters."""
    return outcomes()


def flows() -> dict[str, Polynomial]:
    """dw/dt of the example as functions of w, by name."""
    inputs = proposition.inputs_with_roots(proposition.ROOTS)
    return {
        "bptt": proposition.bptt_flow(inputs),
        "eprop_constant": proposition.constant_flow(inputs, SIGNAL),
        "eprop_truncated": proposition.truncated_flow(inputs),
    }


def outcomes() -> pd.DataFrame:
    """One row per flow x initial weight: the proposition's prediction and the outcome of integration.

    `predicted` is empty for BPTT, which the proposition presupposes; `agrees` is 1 or 0 if there is a prediction.
    """
    import pandas as pd

    return pd.DataFrame(_rows())


@cache  # several claims need it, and integrating takes seconds
def _rows() -> list[dict[str, Any]]:
    inputs = proposition.inputs_with_roots(proposition.ROOTS)
    before_last = proposition.last_state(inputs[:-1])
    signals: dict[str, Callable[[float], float]] = {
        "eprop_constant": lambda start: SIGNAL,
        "eprop_truncated": lambda start: float(before_last(start)),
    }
    rows = []
    for name, flow in flows().items():
        for start in WEIGHTS:
            found = proposition.outcome(flow, start, proposition.ROOTS)
            says = proposition.predicted(inputs, start, signals[name](start)) if name in signals else None
            compared = says is not None and says.what != proposition.NOT_PREDICTED
            rows.append(
                {
                    "flow": name,
                    "initial_weight": start,
                    "predicted": says.what if says else "",
                    "predicted_root": says.root if says else np.nan,
                    "observed": found.what,
                    "observed_root": found.root,
                    "agrees": float(_same(says, found)) if says and compared else np.nan,
                    "synthetic": 0,
                }
            )
    return rows


def _same(a: Any, b: Any) -> bool:
    return a.what == b.what and bool(np.isclose(a.root, b.root, equal_nan=True))
