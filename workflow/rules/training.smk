# The best learning rate of a grid, for models that ask for it: a small file that is an input of training.
rule choose_learning_rate:
    input:
        recording=training_recording,
    output:
        study.paths.learning_rate_file("{model}"),
    log:
        log_file("learning_rates", "{model}.log"),
    benchmark:
        study.paths.below("benchmarks", "learning_rates", "{model}.tsv")
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(1500),
        runtime=per_attempt(240),
        gpu=lambda w: training_gpus(Model.parse(w.model)),
    params:
        options=lambda w: canonical_json(study.options.selection_options(Model.parse(w.model))),
        recording=lambda w: canonical_json(asked_recording(Model.parse(w.model))),
        code=lambda w: code(*training_code(study, Model.parse(w.model), "choose_learning_rate.py")),
    script:
        "../scripts/choose_learning_rate.py"


# Runs lose their second names when a table is made from them. Do it here for runs that were targets themselves.
onsuccess:
    confirm(
        file
        for model, seeds in study.selection.seeds.items()
        for file in (study.paths.run_file(model, seed) for seed in seeds)
        if has_record(file, ("metadata",))
    )


# One job trains a block of seeds of one or several models; every run is a separate file.

# One rule per block of seeds, because a job has to name its output files. The seeds in a job are not a param, because
# they do not change the runs.
for seeds in sorted({block.seeds for block in study.selection.blocks if len(block.models) == 1}):

    rule:
        name:
            f"train_{block_name(seeds)}"
        input:
            recording=training_recording,
            learning_rates=lambda w: chosen_learning_rates([Model.parse(w.model)]),
        output:
            [study.paths.run_file("{model}", seed) for seed in seeds],
        log:
            study.paths.training_log("{model}", seeds),
        benchmark:
            study.paths.training_benchmark("{model}", seeds)
        wildcard_constraints:
            model="|".join(
                re.escape(str(block.models[0]))
                for block in study.selection.blocks
                if block.seeds == seeds and len(block.models) == 1
            ),
        conda:
            "../../envs/training.yaml"
        threads: 1
        resources:
            mem_mb=lambda w, attempt, seeds=seeds: attempt * training_memory(Block(seeds, (Model.parse(w.model),))),
            runtime=per_attempt(180 + 60 * len(seeds)),
            gpu=lambda w: training_gpus(Model.parse(w.model)),
        params:
            models=lambda w: trained_models([Model.parse(w.model)]),
            recording=lambda w: canonical_json(asked_recording(Model.parse(w.model))),
            code=lambda w: training_codes([Model.parse(w.model)]),
        script:
            "../scripts/train.py"


# One rule per job of several models. If one model changes, the job runs again; `update` keeps the runs of the others,
# so that the job finds them.
for number, block in enumerate(block for block in study.selection.blocks if len(block.models) > 1):

    rule:
        name:
            f"train_models_{number}"
        input:
            recording=recording_of_trials(block.models[0]),
            learning_rates=chosen_learning_rates(block.models),
        output:
            [update(study.paths.run_file(model, seed)) for model in block.models for seed in block.seeds],
        log:
            study.paths.training_log(block.models[0], block.seeds, len(block.models)),
        benchmark:
            study.paths.training_benchmark(block.models[0], block.seeds, len(block.models))
        conda:
            "../../envs/training.yaml"
        threads: 1
        resources:
            mem_mb=per_attempt(training_memory(block)),
            runtime=per_attempt(training_minutes(block)),
            gpu=training_gpus(block.models[0]),
        params:
            models=lambda w, models=block.models: trained_models(models),
            recording=lambda w, model=block.models[0]: canonical_json(asked_recording(model)),
            code=lambda w, models=block.models: training_codes(models),
        script:
            "../scripts/train.py"


# Networks trained elsewhere: their runs are imported.
rule import_network:
    input:
        recording=training_recording,
        files=network_files,
    output:
        study.paths.run_file("{model}", "{seed}"),
    log:
        log_file("runs", "{model}", "seed{seed}.log"),
    wildcard_constraints:
        model="|".join(re.escape(str(model)) for model in imported_models) or "none",
        seed=r"\d+",
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(1500),
        runtime=per_attempt(30),
    params:
        options=training_options,
        recording=lambda w: canonical_json(asked_recording(Model.parse(w.model))),
        files=network_fingerprints,
        code=lambda w: code(*training_code(study, Model.parse(w.model))),
    script:
        "../scripts/import_network.py"


# One rule per entry in the catalogue of networks that may have to be downloaded.
for network in downloaded_networks(study):

    rule:
        name:
            f"download_network_{network}"
        output:
            [str(file) for file in download_paths(network, PUBLISHED, DOWNLOADS, catalogue=NETWORKS)],
        log:
            log_file("runs", f"download-{network}.log"),
        localrule: True  # compute nodes of a cluster may have no internet access
        conda:
            "../../envs/training.yaml"
        resources:
            mem_mb=per_attempt(500),
            runtime=per_attempt(240),
        script:
            "../scripts/download_network.py"
