"""Score a recording alone: one tidy table."""

import json

from neurorules.jobs import job
from neurorules.tables.base.score import score_recording

with job(snakemake.log[0]):
    score_recording(
        snakemake.wildcards.table_type,
        snakemake.input[0],
        json.loads(snakemake.params.options),
        snakemake.params.code,
        snakemake.output[0],
        json.loads(snakemake.params.asked),
    )
