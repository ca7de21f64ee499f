"""Download the files of networks that others trained and published."""

from neurorules.jobs import job
from neurorules.recordings.catalogue import NETWORKS, PUBLISHED, known_sources
from neurorules.recordings.download import download
from neurorules.recordings.locate import DOWNLOADS, expand_folder

with job(snakemake.log[0]):
    network = next(name for name in known_sources(catalogue=NETWORKS) if snakemake.rule.endswith(f"_network_{name}"))
    raw_dir = expand_folder(snakemake.config["raw_dir"], "raw_dir")
    download(network, PUBLISHED, DOWNLOADS, raw_dir=raw_dir, catalogue=NETWORKS)
