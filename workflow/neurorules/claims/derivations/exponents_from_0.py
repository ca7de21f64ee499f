"""Distance of the largest Lyapunov exponent from 0, before and after training (companion paper, Figure 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("lyapunov",)


def derive(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> pd.DataFrame:
    """The largest exponents with their absolute values, `distance_from_0`; no parameters.

    Without recurrent weights (gain 0, before training) the exponent is that of the leak, whatever the seed: tau_steps
    ln(1 - 1 / tau_steps) per time constant.
    """
    exponents = tables["lyapunov"]
    largest = exponents[exponents["index"] == 1]
    return largest.assign(distance_from_0=largest["exponent"].abs())
