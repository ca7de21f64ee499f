"""Download the raw files of one source of a recording."""

from pathlib import Path

from neurorules.jobs import job
from neurorules.recordings.sources import download

with job(snakemake.log[0]):
    download(
        snakemake.wildcards.reader,
        snakemake.wildcards.source,
        Path(snakemake.params.folder),
        raw_dir=snakemake.params.raw_dir,
    )
