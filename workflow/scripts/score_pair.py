"""Distances between the networks of two models: one tidy table."""

import json

from neurorules.jobs import job, one_thread
from neurorules.similarity.pairs import score_pair

with job(snakemake.log[0]):
    one_thread()
    recording = snakemake.input.recording or None
    files = [file for file in snakemake.input if file != recording]
    first, second = snakemake.params.seeds
    score_pair(
        snakemake.params.models,
        json.loads(snakemake.params.options),
        [dict(zip(first, files[: len(first)], strict=True)), dict(zip(second, files[len(first) :], strict=True))],
        recording,
        snakemake.params.code,
        snakemake.output[0],
    )
