"""Download the raw files of one source of a recording."""

from pathlib import Path

from neurorules.jobs import job
from neurorules.recordings.sources import DOWNLOADS, download

with job(snakemake.log[0]):
    _, reader, source = snakemake.rule.split("_", 2)
    download(reader, source, DOWNLOADS, raw_dir=Path(snakemake.config["raw_dir"]))
