"""Write a synthetic recording in the raw format of a real one."""

import json
from pathlib import Path

from neurorules.jobs import job
from neurorules.recordings.synthetic.base.write import write_synthetic

with job(snakemake.log[0]):
    entry = json.loads(snakemake.params.entry)
    write_synthetic(
        entry["reader"],
        entry["source"],
        Path(snakemake.output[0]),
        entry["options"].get("seed", 0),
        entry["options"],
    )
