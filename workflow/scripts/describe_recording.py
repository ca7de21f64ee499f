"""Describe a recording alone: one tidy table."""

import json

from neurorules.jobs import job, one_thread
from neurorules.tables.score import describe_recording

with job(snakemake.log[0]):
    one_thread()
    describe_recording(
        snakemake.wildcards.kind,
        snakemake.input[0],
        json.loads(snakemake.params.options),
        snakemake.params.code,
        snakemake.output[0],
    )
