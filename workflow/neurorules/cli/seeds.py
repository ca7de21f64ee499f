"""How many seeds a study's primary claim needs, and how long they would take."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurorules.cli.base import Model, Study
from neurorules.cli.pace import finished_jobs, seconds_per_run, typical
from neurorules.training.progress import clock

CLAIMS = "claims"


@dataclass(frozen=True)
class Need:
    """Seeds for 80% power.

    Attributes:
        seeds: seeds per group; NaN if not known.
        basis: what the number is based on, or why it is not known.
    """

    seeds: float
    basis: str


def seeds_report(study: Study, folder: str | Path = ".") -> str:
    """The seeds that the primary claim needs and their cost, as text; "" if the study tests no claims.

    Args:
        study: a checked study.
        folder: where snakemake runs.
    """
    if CLAIMS not in study.selection.figures:
        return ""
    from neurorules.claims.primary import PrimaryClaim
    from neurorules.claims.published import read_published

    entry = study.config["figures"][CLAIMS]
    primary = PrimaryClaim.of(entry, study.selection.used_recordings)
    published = read_published()
    claim = next(claim for claim in published["claims"] if claim["id"] == primary.claim)
    models = compared_models(study, claim, primary.recording, primary.setting)
    head = f"primary claim: {primary.claim}"
    if not models:
        place = ", ".join(filter(None, (primary.recording, primary.setting)))
        return f"{head} ({place}): the study has none of the networks that this claim compares"
    places = {study.options.recording(model) or model.task: None for model in models}
    settings = dict.fromkeys(model.setting for model in models)
    head += f" ({', '.join(places)}; {' and '.join(settings)})"
    files = [file for file in study.paths.figure_files(CLAIMS) if file.endswith(".csv")]
    need = _found([Path(folder) / file for file in files]) or _beforehand(claim, primary.recording, primary.setting)
    have = len(study.selection.figure_seeds(claim["figure"]))
    if math.isnan(need.seeds):
        return f"{head}: number of seeds for 80% power not known ({need.basis}); this study has {have}"
    lines = [f"{head}: {need.seeds:.0f} seeds per group for 80% power ({need.basis}); this study has {have}"]
    more = max(0, round(need.seeds) - have)
    if more:
        runs = f"{more} more seeds of {' and '.join(dict.fromkeys(model.learning_rule for model in models))}"
        lines.append(f"  {runs}, {more * len(models)} runs: {_cost(study, Path(folder), models, more)}")
    return "\n".join(lines)


def compared_models(study: Study, claim: Mapping[str, Any], recording: str, setting: str) -> list[Model]:
    """The models that a claim compares on a recording, in the given setting if the claim does not specify one."""
    figure, parameters = claim["figure"], claim.get("parameters", {})
    groups = [{"setting": setting, **parameters[side]} for side in ("first", "second") if side in parameters]
    if figure not in study.selection.figures:
        return []
    return [
        model
        for model in study.selection.figures[figure]
        if study.options.recording(model) in (None, recording)
        and any(all(_has(model, name, value) for name, value in group.items()) for group in groups)
    ]


def _has(model: Model, name: str, value: Any) -> bool:
    """Whether a model has one of a column's values. Columns that models do not have always match."""
    values = value if isinstance(value, list) else [value]
    return not hasattr(model, name) or getattr(model, name) in values


def _found(files: Iterable[Path]) -> Need | None:
    """The number from the study's own ledger; None if there is no ledger, or it has not tested the claim."""
    for file in files:
        if not file.is_file():
            continue
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row.get("primary") == "1" and row.get("seeds_for_80"):
                    low, high = row.get("seeds_for_80_low"), row.get("seeds_for_80_high")
                    interval = f", {_whole(low)} to {_whole(high)} over the 95% interval of the SDs"
                    n = " and ".join(dict.fromkeys(f"{float(row[name]):.0f}" for name in ("n_first", "n_second")))
                    return Need(float(row["seeds_for_80"]), f"at the SDs found with {n} seeds{interval}")
    return None


def _whole(number: str | None) -> str:
    return f"{float(number):.0f}" if number else "no upper limit"


def _beforehand(claim: Mapping[str, Any], recording: str, setting: str) -> Need:
    """The number from the published SD alone, for a study that has not been run."""
    from neurorules.claims.published import margin_of, published_sd_of
    from neurorules.statistics.power import Design, power_equivalence, replicates_for

    margin, sd = (of(claim, recording, setting) for of in (margin_of, published_sd_of))
    if math.isnan(margin) or math.isnan(sd):
        return Need(math.nan, "the claim has no margin with a published SD")
    seeds = replicates_for(lambda design: power_equivalence(design, margin), Design(sd, 2, sd, 2))
    return Need(
        seeds, f"assuming the published SD over seeds, {sd:g}, and margin {margin:g}; `claims` uses the SDs measured"
    )


def _cost(study: Study, root: Path, models: Iterable[Model], more: int) -> str:
    """The time for this many more seeds of each model, one run after another."""
    jobs = finished_jobs(study, root)
    if not jobs:
        return "time known after the first training job of this study"
    per_run = seconds_per_run(jobs)
    each = {model: typical(per_run, model) for model in models}
    rules = ", ".join(f"{model.learning_rule} {seconds:.0f} s" for model, seconds in each.items())
    total = clock(more * sum(each.values()))
    return f"about {total} one after another (per run, from {len(jobs)} finished jobs: {rules})"
