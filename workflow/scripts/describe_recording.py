"""Describe a recording alone: one tidy table."""

import json

from neurorules.jobs import job
from neurorules.tables.base.score_recording import describe_recording

with job(snakemake.log[0]):
    describe_recording(
        snakemake.wildcards.kind,
        snakemake.input[0],
        json.loads(snakemake.params.options),
        snakemake.params.code,
        snakemake.output[0],
    )
