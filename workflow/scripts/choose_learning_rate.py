"""Choose the learning rate of a model."""

import json

from neurorules.io.threads import one_thread
from neurorules.jobs import job
from neurorules.training.learning_rate import choose_learning_rate

with job(snakemake.log[0]):
    one_thread()
    choose_learning_rate(
        json.loads(snakemake.params.options),
        recording_file=snakemake.input.recording or None,
        code=snakemake.params.code,
        output=snakemake.output[0],
        asked_recording=json.loads(snakemake.params.recording),
    )
