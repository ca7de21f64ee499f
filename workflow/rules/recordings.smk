# Raw files to recordings: found in raw_dir, downloaded, or written synthetically in the same formats.

DOWNLOADS = Path("resources/raw")


def recording_entry(name):
    """A recording's config with what it leaves unsaid."""
    entry = study.config["recordings"][name]
    return {
        "name": name,
        "reader": entry["reader"],
        "source": entry["source"],
        "synthetic": entry.get("synthetic", False),
        "options": entry.get("options", {}),
    }


def recording_raw_dir(name):
    """The folder whose layout is that of raw_dir: synthetic files have one of their own."""
    if recording_entry(name)["synthetic"]:
        return study.path("raw", name)
    raw_dir = Path(study.config["raw_dir"])
    return None if raw_dir == DOWNLOADS else str(raw_dir)


def raw_files(wildcards):
    """What a recording is read from: files that are there, else what a rule makes."""
    entry = recording_entry(wildcards.recording)
    if entry["synthetic"]:
        return study.path("raw", wildcards.recording)
    try:
        found = find_raw(
            entry["reader"],
            entry["source"],
            recording_raw_dir(wildcards.recording),
            DOWNLOADS,
            entry["options"],
        )
    except InputError as error:
        raise WorkflowError(str(error))
    return [str(f) for f in found] or str(DOWNLOADS / f".{entry['reader']}-{entry['source']}.done")


rule recording:
    input:
        raw=raw_files,
        catalogue="resources/recordings.yaml",
    output:
        study.recording_file("{recording}"),
    params:
        entry=lambda w: canonical_json(recording_entry(w.recording)),
        raw_dir=lambda w: recording_raw_dir(w.recording),
        download_dir=str(DOWNLOADS),
        code=lambda w: code(
            "recording.py", f"recordings.{recording_entry(w.recording)['reader']}"
        ),
    log:
        log_file("recordings", "{recording}.log"),
    resources:
        mem_mb=2000,
        runtime=30,
    script:
        "../scripts/recording.py"


rule synthetic_raw_files:
    output:
        directory(study.path("raw", "{recording}")),
    params:
        entry=lambda w: canonical_json(recording_entry(w.recording)),
        code=code("synthetic_raw_files.py"),
    log:
        log_file("recordings", "{recording}-synthetic.log"),
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/synthetic_raw_files.py"


rule download:
    output:
        touch(str(DOWNLOADS / ".{reader}-{source}.done")),
    params:
        folder=str(DOWNLOADS),
        raw_dir=study.config["raw_dir"],
    log:
        log_file("recordings", "download-{reader}-{source}.log"),
    resources:
        mem_mb=500,
        runtime=240,
    script:
        "../scripts/download.py"
