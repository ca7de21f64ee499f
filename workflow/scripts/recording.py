"""Convert raw files to a recording."""

import json
from pathlib import Path

from neurorules.jobs import job
from neurorules.recordings.convert import convert

with job(snakemake.log[0]):
    convert(
        json.loads(snakemake.params.entry),
        [Path(file) for file in snakemake.input],
        snakemake.params.code,
        snakemake.output[0],
    )
