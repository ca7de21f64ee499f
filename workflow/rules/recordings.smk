# From raw files to recordings. Raw files are in raw_dir, downloaded, or synthetic in the same formats.


rule recording:
    input:
        raw_files,
    output:
        study.paths.recording_file("{recording}"),
    log:
        log_file("recordings", "{recording}.log"),
    conda:
        "../../envs/training.yaml"
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(30),
    params:
        entry=lambda w: canonical_json(study.selection.recording_spec(w.recording)),
        catalogue=lambda w: canonical_json(catalogue_entry(study.selection.recording_entry(w.recording)["reader"])),
        raw=raw_fingerprints,
        code=lambda w: code(*recording_code(study, w.recording)),
    script:
        "../scripts/recording.py"


rule synthetic_raw_files:
    output:
        directory(study.paths.below("raw", "{recording}")),
    log:
        log_file("recordings", "{recording}-synthetic.log"),
    conda:
        "../../envs/training.yaml"
    resources:
        mem_mb=per_attempt(1000),
        runtime=per_attempt(10),
    params:
        entry=lambda w: canonical_json(study.selection.recording_spec(w.recording)),
        code=lambda w: code(*synthetic_code(study, w.recording)),
    script:
        "../scripts/synthetic_raw_files.py"


# One rule per source that may have to be downloaded, because a job has to name its output files. It has no params, so
# nothing is downloaded again after changes here.
for reader, source in study.selection.sources():

    rule:
        name:
            f"download_{reader}_{source}"
        output:
            [str(file) for file in download_paths(reader, source, DOWNLOADS)],
        log:
            log_file("recordings", f"download-{reader}-{source}.log"),
        localrule: True  # compute nodes of a cluster may have no internet access
        conda:
            "../../envs/training.yaml"
        resources:
            mem_mb=per_attempt(500),
            runtime=per_attempt(240),
        script:
            "../scripts/download.py"
