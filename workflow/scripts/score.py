"""Score models' runs against their recording: one or several tidy tables."""

import json

from neurorules.io.threads import one_thread
from neurorules.jobs import job
from neurorules.tables.base.opened import Opened
from neurorules.tables.base.score import score_model

with job(snakemake.log[0]):
    one_thread()
    files = iter(snakemake.input.runs)
    runs = {part: {seed: next(files) for seed in seeds} for part, seeds in snakemake.params.runs.items()}
    tables, opened = json.loads(snakemake.params.tables), Opened()
    for table, code, output in zip(tables, snakemake.params.code, snakemake.output, strict=True):
        score_model(
            table["table_type"],
            table["model"],
            table["options"],
            runs[table["part"]],
            snakemake.input.recording or None,
            code,
            output,
            table["asked"],
            opened,
        )
