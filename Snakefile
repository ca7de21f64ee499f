# The workflow is in workflow/. This file is for `snakemake -s`, and so that profiles/ beside it is found from any folder.
include: "workflow/Snakefile"


workflow.default_target = "all"  # that of an included file is dropped
