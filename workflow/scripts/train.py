"""Train a block of seeds of one model."""

import json
from pathlib import Path

from neurorules.jobs import job, one_thread
from neurorules.training.train_seeds import train_seeds

with job(snakemake.log[0]):
    one_thread()
    train_seeds(
        json.loads(snakemake.params.options),
        # Seeds are no param: a change of seeds_per_job must not train finished runs again.
        {int(Path(file).stem.removeprefix("seed")): file for file in snakemake.output},
        # An input that is not there is an empty list.
        recording_file=snakemake.input.recording or None,
        learning_rate_file=snakemake.input.learning_rate or None,
        code=snakemake.params.code,
        asked_recording=json.loads(snakemake.params.recording),
        asked_choice=json.loads(snakemake.params.choice),
    )
