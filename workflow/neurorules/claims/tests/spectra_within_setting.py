"""Eigenspectra are more alike over learning rules within a setting than over settings within a learning rule (8A)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.claims.tests.base.claim_test import Evidence, decide_lower, missing_columns, select, untestable
from neurorules.dynamics.eigenspectra import spectrum_distance
from neurorules.statistics.comparison import compare_paired

if TYPE_CHECKING:
    import pandas as pd


def decide(rows: pd.DataFrame, parameters: Mapping[str, Any], margin: float) -> Evidence:
    """Paired one-sided t-test over seeds of mean Wasserstein distances between spectra of networks with one seed.

    Args:
        rows: columns of table type eigenvalues: seed, learning_rule, setting, stage, index, real, imaginary.
        parameters: learning_rules, settings, stage.
        margin: not used.
    """
    if why := missing_columns(rows, "seed", "learning_rule", "setting", "stage", "real", "imaginary"):
        return untestable(why)
    rows = select(rows, {"stage": parameters["stage"]})
    spectra = {
        key: of_network["real"].to_numpy() + 1j * of_network["imaginary"].to_numpy()
        for key, of_network in rows.groupby(["learning_rule", "setting", "seed"])
    }
    rules, settings = parameters["learning_rules"], parameters["settings"]
    wanted = list(itertools.product(rules, settings))
    there = {key[:2] for key in spectra}
    if missing := [f"{rule} {setting}" for rule, setting in wanted if (rule, setting) not in there]:
        return untestable(f"not found: {', '.join(missing)}")
    within, across = [], []
    for seed in sorted(set(rows["seed"])):
        of_seed = {key: spectra.get((*key, seed)) for key in wanted}
        if any(spectrum is None for spectrum in of_seed.values()):
            continue
        pairs = list(itertools.combinations(wanted, 2))
        within.append(_mean_distance(of_seed, [(a, b) for a, b in pairs if a[1] == b[1]]))
        across.append(_mean_distance(of_seed, [(a, b) for a, b in pairs if a[0] == b[0]]))
    if not within:
        return untestable("no seed common to all models")
    return decide_lower(compare_paired(np.array(within), np.array(across)))


def _mean_distance(spectra: Mapping[Any, Any], pairs: list[tuple[Any, Any]]) -> float:
    return float(np.mean([spectrum_distance(spectra[a], spectra[b]) for a, b in pairs]))
