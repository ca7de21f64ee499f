"""Import a network trained elsewhere as a run file."""

import json
from pathlib import Path

from neurorules.imported.network import import_network
from neurorules.io.threads import one_thread
from neurorules.jobs import job

with job(snakemake.log[0]):
    one_thread()
    import_network(
        json.loads(snakemake.params.options),
        int(snakemake.wildcards.seed),
        [Path(file) for file in snakemake.input.files],
        recording_file=snakemake.input.recording or None,
        code=snakemake.params.code,
        output=snakemake.output[0],
        asked_recording=json.loads(snakemake.params.recording),
    )
