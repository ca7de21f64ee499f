"""Download the raw files of one source of a recording."""

from neurorules.jobs import job
from neurorules.recordings.sources import DOWNLOADS, download, folder_of, known_sources

with job(snakemake.log[0]):
    # Names of readers may hold underscores themselves, and a workflow that uses this one may put a word before them.
    sources = ((r, s) for r, names in known_sources().items() for s in names)
    reader, source = next((r, s) for r, s in sources if snakemake.rule.endswith(f"download_{r}_{s}"))
    download(reader, source, DOWNLOADS, raw_dir=folder_of(snakemake.config["raw_dir"], "raw_dir"))
