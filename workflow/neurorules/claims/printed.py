"""Verdicts on the published numbers: a claim's test applied to the means and SDs that the paper prints for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neurorules.claims.published import margin_of, published_name
from neurorules.claims.tests.base.claim_test import Evidence, decide_equivalence, decide_lower, untestable
from neurorules.claims.verdicts import VERDICTS
from neurorules.statistics.comparison import Summary, compare_summaries
from neurorules.statistics.power import Design, power_equivalence

NAN = float("nan")

# Columns of the ledger.
TEXT_COLUMNS = ("printed_recording", "printed_where", "printed_verdict", "printed_why")
NUMBER_COLUMNS = (
    *("printed_n", "printed_mean_first", "printed_sd_first", "printed_mean_second", "printed_sd_second"),
    *("printed_difference", "printed_margin", "printed_p_claimed", "printed_power_no_difference"),
)


@dataclass(frozen=True)
class Printed:
    """Two groups as printed in a paper, and the result of the claim's test on them.

    Attributes:
        recording: for which they are printed, not necessarily the claim unit's.
        where: the table that prints them.
        first, second: the groups, with SDs dividing by n - 1; n is 0 if none is printed.
        evidence: the test's result; none, with the reason, if the SDs are not over seeds.
        margin: used by the test; NaN for a directional claim.
        power: of the test at the printed SDs and n, for no difference; NaN for a directional claim.
    """

    recording: str
    where: str
    first: Summary
    second: Summary
    evidence: Evidence
    margin: float
    power: float

    @property
    def difference(self) -> float:
        """Difference of the printed means, first minus second."""
        return self.first.mean - self.second.mean


def printed_numbers(claim: Mapping[str, Any], unit: Mapping[str, Any], published: Mapping[str, Any]) -> Printed | None:
    """The numbers that a paper prints for a claim unit, or for another recording if it prints none for this one.

    Args:
        claim: an entry of published.yaml.
        unit: recording, setting, learning rule and so on of the claim unit.
        published: all of published.yaml.
    """
    entries = published.get("published_numbers", {}).get(claim["id"], [])
    here = published_name(str(unit.get("recording", "")))
    own = [(here, entry) for entry in entries if here in entry["recordings"]]
    for recording, entry in own or [(entry["recordings"][0], entry) for entry in entries]:
        of = {**unit, "recording": recording}
        groups = [_at(published, entry[name], of) for name in ("first", "second")]
        if None not in groups:
            section = published[entry["first"].split("/")[0]]
            return _decided(claim, of, section, *groups)
    return None


def printed_columns(printed: Printed | None) -> dict[str, Any]:
    """Columns of the ledger: the published numbers and the verdict on them."""
    if printed is None:
        return {**dict.fromkeys(TEXT_COLUMNS, ""), **dict.fromkeys(NUMBER_COLUMNS, NAN)}
    first, second, evidence = printed.first, printed.second, printed.evidence
    words = (printed.recording, printed.where, VERDICTS[evidence.result] if evidence.result else "", evidence.why)
    n = float(first.n) if first.n else NAN
    numbers = (n, first.mean, first.sd, second.mean, second.sd, printed.difference, printed.margin)
    return {
        **dict(zip(TEXT_COLUMNS, words, strict=True)),
        **dict(zip(NUMBER_COLUMNS, (*numbers, evidence.p_claimed, printed.power), strict=True)),
    }


def _at(published: Mapping[str, Any], path: str, unit: Mapping[str, Any]) -> Any:
    """{mean, sd} at a path; None if the paper prints nothing for this unit."""
    found: Any = published
    for name in path.split("/"):
        found = found.get(name.format_map(_Unit(unit)))
        if found is None:
            return None
    return found


class _Unit(dict[str, Any]):
    """A unit in which a missing column reads as "", for which nothing is printed."""

    def __missing__(self, key: str) -> str:
        return ""


def _decided(
    claim: Mapping[str, Any],
    unit: Mapping[str, Any],
    section: Mapping[str, Any],
    first: Mapping[str, float],
    second: Mapping[str, float],
) -> Printed:
    n = section.get("n")
    margin = margin_of(claim, str(unit["recording"]), str(unit.get("setting", "")))
    if not n:
        groups = [Summary(group["mean"], group["sd"], 0) for group in (first, second)]
        none = untestable(f"printed SDs are over {section['sd_over']}, not over seeds: no verdict over seeds")
        return Printed(unit["recording"], section["where"], groups[0], groups[1], none, margin, NAN)
    groups = [Summary.printed(group["mean"], group["sd"], n, section["population_sd"]) for group in (first, second)]
    comparison = compare_summaries(groups[0], groups[1], margin)
    evidence, power = decide_lower(comparison), NAN
    if "margin" in claim:
        evidence = decide_equivalence(comparison, margin)
        design = Design.of(comparison)
        power = NAN if design is None else power_equivalence(design, margin)
    return Printed(unit["recording"], section["where"], groups[0], groups[1], evidence, margin, power)
