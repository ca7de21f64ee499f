"""Train blocks of seeds of one or several models."""

import json
from pathlib import Path

from neurorules.io.threads import one_thread
from neurorules.jobs import job
from neurorules.training.train_models import ModelRuns, train_models

with job(snakemake.log[0]):
    one_thread()
    models = json.loads(snakemake.params.models)
    # Seeds are not a param: changing seeds_per_job must not retrain finished runs.
    n_seeds = len(snakemake.output) // len(models)
    choices = iter(snakemake.input.learning_rates)
    train_models(
        [
            ModelRuns(
                model["options"],
                {int(Path(file).stem.removeprefix("seed")): file for file in snakemake.output[k * n_seeds :][:n_seeds]},
                code,
                next(choices) if model["choice"] else None,
                model["choice"],
            )
            for k, (model, code) in enumerate(zip(models, snakemake.params.code, strict=True))
        ],
        recording_file=snakemake.input.recording or None,  # a missing input is an empty list
        asked_recording=json.loads(snakemake.params.recording),
    )
