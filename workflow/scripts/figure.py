"""Draw one figure or table from its tidy tables."""

import json

from neurorules.figures.base.produce import produce
from neurorules.jobs import job

with job(snakemake.log[0]):
    produce(
        snakemake.params.name,
        {**json.loads(snakemake.params.context), "code": snakemake.params.code},
        [file for file in snakemake.input if file != snakemake.input.published],
        snakemake.input.published,
        list(snakemake.output),
    )
