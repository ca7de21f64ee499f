"""Read raw files to a recording."""

import json

from neurorules.jobs import job
from neurorules.recordings.convert import convert

with job(snakemake.log[0]):
    convert(
        json.loads(snakemake.params.entry),
        snakemake.params.raw_dir,
        snakemake.params.download_dir,
        snakemake.params.code,
        snakemake.output[0],
    )
