"""Score a model's runs against its recording: one tidy table."""

import json

from neurorules.jobs import job, one_thread
from neurorules.tables.base.score import score_model

with job(snakemake.log[0]):
    one_thread()
    score_model(
        snakemake.wildcards.table_type,
        snakemake.wildcards.model,
        {**json.loads(snakemake.params.training), **json.loads(snakemake.params.scoring)},
        dict(zip(snakemake.params.seeds, snakemake.input.runs, strict=True)),
        snakemake.input.recording or None,
        snakemake.params.code,
        snakemake.output[0],
        json.loads(snakemake.params.asked),
    )
