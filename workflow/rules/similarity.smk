# Runs against recordings: one job per model and kind of table.


rule score:
    input:
        recording=lambda w: study.recording_file(study.recording(Model.parse(w.model))),
        runs=lambda w: study.run_files(Model.parse(w.model)),
    output:
        study.table_file("{kind}", "{model}"),
    wildcard_constraints:
        kind="distances|noise_floor",
    params:
        seeds=lambda w: study.seeds[Model.parse(w.model)],
        run=lambda w: canonical_json(study.training(Model.parse(w.model))),
        scoring=lambda w: canonical_json(study.scoring(Model.parse(w.model))),
        code=lambda w: code(
            "score.py", f"tasks.{study.task_module(Model.parse(w.model).task)}"
        ),
    log:
        log_file("similarity", "{model}", "{kind}.log"),
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    script:
        "../scripts/score.py"
