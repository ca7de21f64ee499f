"""Train a block of seeds of one model."""

import json

from neurorules.jobs import job, one_thread
from neurorules.training.block import train_block

with job(snakemake.log[0]):
    one_thread()
    train_block(
        json.loads(snakemake.params.run),
        snakemake.params.seeds,
        list(snakemake.output.runs),
        recording_file=next(iter(snakemake.input), None),
        code=snakemake.params.code,
    )
