"""Download the raw files of one source of a recording."""

from neurorules.jobs import job
from neurorules.recordings.catalogue import known_sources
from neurorules.recordings.download import download
from neurorules.recordings.locate import DOWNLOADS, expand_folder

with job(snakemake.log[0]):
    # Readers' names may contain underscores, and a workflow that uses this one may add a prefix to rule names.
    sources = ((r, s) for r, names in known_sources().items() for s in names)
    reader, source = next((r, s) for r, s in sources if snakemake.rule.endswith(f"download_{r}_{s}"))
    download(reader, source, DOWNLOADS, raw_dir=expand_folder(snakemake.config["raw_dir"], "raw_dir"))
