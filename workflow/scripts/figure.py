"""Draw one figure or table from its tidy tables."""

import json

from neurorules.figures.produce import produce
from neurorules.jobs import job

with job(snakemake.log[0]):
    tables = [file for file in snakemake.input if file != snakemake.input.published]
    produce(
        snakemake.params.name,
        json.loads(snakemake.params.options),
        tables,
        snakemake.input.published,
        list(snakemake.output),
    )
