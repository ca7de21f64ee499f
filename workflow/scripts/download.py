"""Download the raw files of one source of a recording."""

from pathlib import Path

from neurorules.jobs import job
from neurorules.recordings.sources import DOWNLOADS, download, known_sources

with job(snakemake.log[0]):
    # Names of readers may hold underscores themselves.
    of_rule = {f"download_{r}_{s}": (r, s) for r, names in known_sources().items() for s in names}
    reader, source = of_rule[snakemake.rule]
    download(reader, source, DOWNLOADS, raw_dir=Path(snakemake.config["raw_dir"]).expanduser())
