# Raw files to recordings: found in raw_dir, downloaded, or written synthetically in the same formats.


rule recording:
    input:
        raw=raw_files,
        catalogue="resources/recordings.yaml",
    output:
        study.recording_file("{recording}"),
    log:
        log_file("recordings", "{recording}.log"),
    conda:
        "../../envs/training.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        entry=lambda w: canonical_json(study.recording_entry(w.recording)),
        raw_dir=lambda w: recording_raw_dir(w.recording),
        download_dir=str(DOWNLOADS),
        code=lambda w: code("recording.py", f"recordings.{study.recording_entry(w.recording)['reader']}"),
    script:
        "../scripts/recording.py"


rule synthetic_raw_files:
    output:
        directory(study.path("raw", "{recording}")),
    log:
        log_file("recordings", "{recording}-synthetic.log"),
    conda:
        "../../envs/training.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        entry=lambda w: canonical_json(study.recording_entry(w.recording)),
        code=code("synthetic_raw_files.py"),
    script:
        "../scripts/synthetic_raw_files.py"


rule download:
    output:
        touch(str(DOWNLOADS / ".{reader}-{source}.done")),
    log:
        log_file("recordings", "download-{reader}-{source}.log"),
    conda:
        "../../envs/training.yaml"
    resources:
        mem_mb=500,
        runtime=240,
    params:
        folder=lambda w, output: str(Path(output[0]).parent),
        raw_dir=lambda w: study.config["raw_dir"],
    script:
        "../scripts/download.py"
