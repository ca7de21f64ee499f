"""The papers' claims and printed numbers, from published.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from neurorules.claims.derivations.base.derivation import DERIVATIONS
from neurorules.statistics.comparison import Summary, compare_summaries, rounding_range

PUBLISHED = Path(__file__).resolve().parents[3] / "resources" / "published.yaml"

# The figure and the table type with distances for an analyst's other choices.
SPECIFIED = ("multiverse", "specifications")

# Half a unit in the last digit of the printed distances.
HALF_UNIT = 0.0005


@cache
def read_published(file: str | Path = PUBLISHED) -> dict[str, Any]:
    """The content of published.yaml."""
    import yaml

    content: dict[str, Any] = yaml.load(
        Path(file).read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return content


def table_types_read(claim: Mapping[str, Any]) -> tuple[str, ...]:
    """The table types that decide a claim.

    Raises:
        InputError: the claim names an unknown derivation.
    """
    if "derivation" in claim:
        types: tuple[str, ...] = DERIVATIONS.load(claim["derivation"]["name"]).TABLES
        return types
    return (claim["table"],)


def claim_ids() -> set[str]:
    """The ids of all claims."""
    return {claim["id"] for claim in read_published()["claims"]}


def claimed_table_types() -> dict[str, list[str]]:
    """By figure, the table types that decide its claims or test their robustness. Other figures are left out."""
    types = {SPECIFIED[0]: {SPECIFIED[1]}}
    for claim in read_published()["claims"]:
        types.setdefault(claim["figure"], set()).update(table_types_read(claim))
    return {figure: sorted(names) for figure, names in types.items()}


def recomputed_p(first: Mapping[str, float], second: Mapping[str, float], section: Mapping[str, Any]) -> str:
    """The two-sided p of Student's t-test from printed means and SDs, and the range that their rounding allows.

    Args:
        first, second: {mean, sd} as printed.
        section: a section of published.yaml, with n and population_sd.
    """
    n, population_sd = int(section["n"]), bool(section["population_sd"])
    groups = [Summary(float(group["mean"]), float(group["sd"]), n) for group in (first, second)]
    corrected = [Summary.printed(group.mean, group.sd, n, population_sd) for group in groups]
    p = compare_summaries(corrected[0], corrected[1], equal_variances=True).p_different
    low, high = rounding_range(groups[0], groups[1], HALF_UNIT, population_sd)
    return f"{p:.2g} ({low:.2g} to {high:.2g})"


def printed(numbers: Mapping[str, float] | None) -> str:
    """Mean ± SD as printed, or a dash."""
    return "–" if numbers is None else f"{numbers['mean']:.3f} ± {numbers['sd']:.3f}"


def published_name(recording: str) -> str:
    """A recording's name in published.yaml, without its bin width: `mante2013-dt15` is mante2013."""
    return recording.split("-")[0]


def margin_of(claim: Mapping[str, Any], recording: str, setting: str = "") -> float:
    """A claim's equivalence margin for a recording, and a setting if margins depend on it; NaN if none is stated."""
    return _of_recording(claim.get("margin", {}), recording, setting)


def published_sd_of(claim: Mapping[str, Any], recording: str, setting: str = "") -> float:
    """The published SD given with a claim's margin; NaN if none is stated."""
    return _of_recording(claim.get("margin", {}).get("published_sd", {}), recording, setting)


def _of_recording(values: Mapping[str, Any], recording: str, setting: str) -> float:
    value = values.get(published_name(recording), values.get("default", float("nan")))
    return float(value.get(setting, float("nan")) if isinstance(value, Mapping) else value)
