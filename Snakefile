# The study at a glance: its config, its steps, and one named target per figure and table.
#
#   snakemake --cores 40                                                  the full study
#   snakemake --cores 2 --configfile config/demo.yaml                     every figure, small, from synthetic recordings
#   snakemake fig1 --cores 8                                              one figure, and the least work that it needs
#   snakemake table3 --cores 2 --configfile config/reach.yaml --config raw_dir=/data/raw
#
# Targets stand before --configfile and --config, which take every word that follows them.

from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/recordings.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/similarity.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        [study.figure_files(name) for name in study.figures],
