# `make` lists the targets. Everything runs in .venv, which is set up by the first target that needs it.

# --- variables for the command line: make demo CORES=4 ---
CORES ?= $(shell env -u OMP_NUM_THREADS nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
STUDY ?= demo
TARGET ?=
TASK ?=
RAW_DIR ?=
# Package index for torch, instead of the configured one: an index of CPU-only builds saves gigabytes.
TORCH_INDEX_URL ?=
UV ?= uv

BIN := .venv/bin
PYTHON := $(BIN)/python
SNAKEMAKE := $(BIN)/snakemake
INSTALLED := .venv/.installed
DOCS_INSTALLED := .venv/.docs-installed
SNAKEMAKE_FLAGS ?= --quiet host reason

# config/config.yaml is the study `paper`; all other studies have the names of their files. Files joined by + are merged.
CONFIG := $(foreach name,$(subst +, ,$(STUDY)),config/$(patsubst paper,config,$(name)).yaml)
TORCH := $(shell grep -o 'torch==[0-9.]*' pyproject.toml)

# Jobs use the package from this checkout. One thread per job: Snakemake assigns the cores, and sums keep their order.
export PYTHONPATH := $(CURDIR)/workflow
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

# User variables reach commands through the environment, where no shell splits or executes them.
export STUDY TARGET TASK RAW_DIR CONFIG CORES TORCH_INDEX_URL
NEURORULES := $(PYTHON) -m neurorules

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test fault-test slurm-test check plan run trials status archive report snakemake-report lint docs bench lock clean study-exists

help: ## list the targets
	@echo "make TARGET [VARIABLE=value ...]"
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18 | sed 's/^/  /'
	@echo "Variables: CORES (now $$CORES), STUDY, TARGET, TASK, RAW_DIR, TORCH_INDEX_URL (an index of CPU-only torch builds)"

setup: $(INSTALLED) ## set up .venv from requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	@python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	    { echo "neurorules needs Python 3.11, 3.12 or 3.13, but python3 is $$(python3 --version 2>&1)" >&2; exit 1; }
	@echo "Setting up .venv (a few minutes the first time) ..."
	@python3 -m venv .venv || \
	    { echo "python3 -m venv failed: if ensurepip is missing, install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m pip install --quiet --use-pep517 --require-hashes --no-deps -r requirements.lock
	@$(PYTHON) -m pip install --quiet $${TORCH_INDEX_URL:+--index-url "$$TORCH_INDEX_URL"} $(TORCH)
	@$(PYTHON) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(PYTHON) -c 'import torch; print("torch", torch.__version__)'
	@echo "Compiling the training loops (a minute, once) ..."
	@$(PYTHON) envs/compile_ahead.py
	@touch $@

demo: $(INSTALLED) ## draw every figure from small synthetic recordings
	$(SNAKEMAKE) --cores "$$CORES" --configfile config/demo.yaml $(SNAKEMAKE_FLAGS)

test: $(INSTALLED) ## run the tests
	$(PYTHON) -m pytest -n auto --dist loadfile --no-loadscope-reorder tests/workflow tests/unit

fault-test: $(INSTALLED) ## run the tests with faults: killed jobs, full disks, damaged files
	$(PYTHON) -m pytest -n auto --dist loadfile --no-loadscope-reorder tests/faults

slurm-test: $(INSTALLED) ## run the test study on a Slurm instance that is started for it and stopped afterwards
	@tests/slurm/slurm_up.sh --check
	$(PYTHON) -m pytest tests/slurm

check: $(INSTALLED) ## check a study file and count its runs: make check STUDY=reach
	@$(NEURORULES) check "$$STUDY"

plan: $(INSTALLED) ## count the jobs left for a study or one of its targets, without running them
	@$(NEURORULES) plan $${RAW_DIR:+--raw-dir "$$RAW_DIR"} -- "$$STUDY" $$TARGET

run: study-exists $(INSTALLED) ## run a study or one of its targets: make run STUDY=reach TARGET=table3 RAW_DIR=/data CORES=8
	set -f; $(SNAKEMAKE) $$TARGET --cores "$$CORES" --configfile $$CONFIG $${RAW_DIR:+--config "raw_dir=$$RAW_DIR"} $(SNAKEMAKE_FLAGS)

trials: $(INSTALLED) ## show the test trials that a recording's conditions must match: make trials STUDY=companion TASK=dms
	@$(NEURORULES) trials -- "$$STUDY" $$TASK

status: $(INSTALLED) ## show a study's progress and the time that its runs will take: make status STUDY=reach
	@$(NEURORULES) status -- "$$STUDY"

archive: $(INSTALLED) ## pack a finished study into results/STUDY/archive/STUDY.zip, and check it
	@$(NEURORULES) archive -- "$$STUDY"
	@$(NEURORULES) archive --check "results/$${STUDY##*+}/archive/$${STUDY##*+}.zip"

report: $(INSTALLED) ## write a study's answer, claims and figures to one page, results/STUDY/report/report.html
	@$(NEURORULES) report -- "$$STUDY"

snakemake-report: study-exists $(INSTALLED) ## write Snakemake's report of a finished study: jobs, files and run times
	@mkdir -p "results/$${STUDY##*+}/report"
	set -f; $(SNAKEMAKE) --configfile $$CONFIG $${RAW_DIR:+--config "raw_dir=$$RAW_DIR"} \
	    --report "results/$${STUDY##*+}/report/snakemake.html"

study-exists:
	@set -f; for file in $$CONFIG; do test -f "$$file" || { \
	    echo "STUDY=$$STUDY: $$file does not exist. Available studies:" >&2; set +f; \
	    ls config/*.yaml | sed -E 's|config/(.*)\.yaml|  \1|; s|^  config$$|  paper|' >&2; exit 1; }; done

lint: $(INSTALLED) ## check format, style, types, the lock, the workflow and every config file
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(SNAKEMAKE) --lint
	$(PYTHON) -m mypy
	$(PYTHON) envs/lock.py --check
	$(PYTHON) docs/config_reference.py --check
	$(PYTHON) docs/column_reference.py --check
	$(PYTHON) docs/examples.py --check
	$(PYTHON) docs/badges.py --check
	$(PYTHON) docs/benchmarks.py --check
	$(PYTHON) docs/rulegraph.py --check
	$(NEURORULES) check config/*.yaml

docs: $(INSTALLED) $(DOCS_INSTALLED) ## regenerate the documentation and build the site, site/index.html
	$(PYTHON) docs/config_reference.py
	$(PYTHON) docs/column_reference.py
	$(PYTHON) docs/examples.py
	$(PYTHON) docs/badges.py
	$(PYTHON) docs/benchmarks.py
	$(PYTHON) docs/rulegraph.py
	$(PYTHON) -m sphinx --fail-on-warning --keep-going --quiet -b html -c docs -d site/.doctrees . site
	$(PYTHON) docs/check_site.py site

$(DOCS_INSTALLED): envs/docs.lock $(INSTALLED)
	@$(PYTHON) -m pip install --quiet --require-hashes --no-deps -r envs/docs.lock
	@touch $@

bench: $(INSTALLED) ## measure time and memory, and compare with stored ratios; WRITE=1 stores new ones
	$(PYTHON) tests/benchmarks/compare.py $(if $(WRITE),--write)
	$(PYTHON) tests/benchmarks/memory.py

lock: $(INSTALLED) ## update requirements.lock and the conda files from pyproject.toml (needs uv)
	$(PYTHON) envs/lock.py --uv $(UV)

clean: ## remove caches, but not results, downloads or .venv
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis build
	find workflow tests envs -name __pycache__ -type d -prune -exec rm -rf {} +
