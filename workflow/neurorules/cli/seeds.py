"""How many seeds the primary claim of a study needs, and what they would cost."""

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
        seeds: per group; NaN where it is not known.
        basis: what that is worked out from, or why it is not known.
    """

    seeds: float
    basis: str


def seeds_report(study: Study, folder: str | Path = ".") -> str:
    """Seeds that the primary claim needs and their cost, in words; "" for a study that decides no claims.

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
        return f"{head} ({place}): the study has no networks that it compares"
    places = {study.options.recording(model) or model.task: None for model in models}
    settings = dict.fromkeys(model.setting for model in models)
    head += f" ({', '.join(places)}; {' and '.join(settings)})"
    files = [file for file in study.paths.figure_files(CLAIMS) if file.endswith(".csv")]
    need = _found([Path(folder) / file for file in files]) or _beforehand(claim, primary.recording, primary.setting)
    have = len(study.selection.figure_seeds(claim["figure"]))
    if math.isnan(need.seeds):
        return f"{head}: seeds for 80% power are not known ({need.basis}); this study has {have}"
    lines = [f"{head}: {need.seeds:.0f} seeds a side for 80% power ({need.basis}); this study has {have}"]
    more = max(0, round(need.seeds) - have)
    if more:
        runs = f"{more} more seeds of {' and '.join(dict.fromkeys(model.learning_rule for model in models))}"
        lines.append(f"  {runs}, {more * len(models)} runs: {_cost(study, Path(folder), models, more)}")
    return "\n".join(lines)


def compared_models(study: Study, claim: Mapping[str, Any], recording: str, setting: str) -> list[Model]:
    """The models whose networks a claim compares on a recording; in one setting, where the claim itself names none."""
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
    """Whether a model has one of the values of a column; of columns that are not a model's, any will do."""
    values = value if isinstance(value, list) else [value]
    return not hasattr(model, name) or getattr(model, name) in values


def _found(files: Iterable[Path]) -> Need | None:
    """What the study's own ledger says; None where there is none, or it has not tested the claim."""
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
    return f"{float(number):.0f}" if number else "more than can be counted"


def _beforehand(claim: Mapping[str, Any], recording: str, setting: str) -> Need:
    """From the published SD alone, as for a study that has not been run."""
    from neurorules.claims.published import margin_of, published_sd_of
    from neurorules.statistics.power import Design, power_equivalence, replicates_for

    margin, sd = (of(claim, recording, setting) for of in (margin_of, published_sd_of))
    if math.isnan(margin) or math.isnan(sd):
        return Need(math.nan, "no margin with a published SD beside it")
    seeds = replicates_for(lambda design: power_equivalence(design, margin), Design(sd, 2, sd, 2))
    return Need(
        seeds, f"if SDs over seeds are as the published {sd:g}, margin {margin:g}; `claims` says it with SDs found"
    )


def _cost(study: Study, root: Path, models: Iterable[Model], more: int) -> str:
    """Time of so many more seeds of each model, one run after another."""
    jobs = finished_jobs(study, root)
    if not jobs:
        return "what they cost is known when the first training job of this study is finished"
    per_run = seconds_per_run(jobs)
    each = {model: typical(per_run, model) for model in models}
    rules = ", ".join(f"{model.learning_rule} {seconds:.0f} s" for model, seconds in each.items())
    total = clock(more * sum(each.values()))
    return f"about {total} one after another (per run, from {len(jobs)} finished jobs: {rules})"
