"""Draw one figure or table from its tidy tables."""

import json

from neurorules.figures.base.produce import produce
from neurorules.jobs import job

with job(snakemake.log[0]):
    asked = json.loads(snakemake.params.asked)
    produce(
        snakemake.params.name,
        {**json.loads(snakemake.params.context), "code": snakemake.params.code, "made_from": asked["figure"]},
        {figure: list(files) for figure, files in snakemake.input.items() if figure != "published"},
        snakemake.input.published,
        list(snakemake.output),
        asked["tables"],
    )
