"""Score the models of one task in one figure against each other: one tidy table."""

import json

from neurorules.io.threads import one_thread
from neurorules.jobs import job
from neurorules.tables.base.score import score_group

with job(snakemake.log[0]):
    one_thread()
    files = iter(snakemake.input.runs)
    score_group(
        snakemake.wildcards.table_type,
        json.loads(snakemake.params.models),
        {model: {seed: next(files) for seed in seeds} for model, seeds in snakemake.params.seeds.items()},
        snakemake.input.recording or None,
        json.loads(snakemake.params.options),
        snakemake.params.code,
        snakemake.output[0],
        json.loads(snakemake.params.asked),
    )
