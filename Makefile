# One place for every command; the workflows and .ci/run call these targets.
.DEFAULT_GOAL := help
PYTHON := $(shell for p in python3.12 python3 python; do "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null && { command -v "$$p"; break; }; done)
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
UV_VERSION := 0.13.9
BIN := .venv/bin
READY := .venv/ready

.PHONY: help setup demo test check format lint types contracts bench bench-training bench-features bench-drift bench-error stop clean dashboard mlflow-ui feast-ui

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(READY)  ## install the locked dependencies into .venv

demo: $(READY)  ## run the whole platform once on the housing data and leave the service standing
	@$(BIN)/python -O -m pipelines.demo

test: $(READY)  ## run the tests with coverage
	$(BIN)/pytest --cov --cov-report=term --cov-fail-under=90

check: format lint types contracts test  ## what CI runs: format, lint, types, import contracts, tests

format: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

bench: $(READY)  ## measure the service beside a FastAPI app and stock Seldon under wrk (after make demo)
	$(BIN)/python -m benchmarks.serving

bench-features: $(READY)  ## measure the offline point-in-time join beside DuckDB's and Feast's own, ten minutes
	$(BIN)/python -m benchmarks.features --document docs/features.md

bench-drift: $(READY)  ## measure false alarms, detection and root causes of the drift verdict, ten minutes
	$(BIN)/python -m benchmarks.drift --document docs/monitoring.md

bench-error: $(READY)  ## measure false alarms and detection of the live error's verdict, and the estimate, ten minutes
	$(BIN)/python -m benchmarks.live_error --document docs/monitoring.md

bench-training: $(READY)  ## measure the experiments beside the talk's configuration, an hour
	$(BIN)/python -m benchmarks.training

dashboard: $(READY)  ## open the ZenML dashboard on the runs of this folder
	@$(BIN)/python -m zenml_config.dashboard start

mlflow-ui: $(READY)  ## show the experiments and the model registry, until Ctrl-C
	$(BIN)/mlflow ui --port 5000 --workers 1

feast-ui: $(READY)  ## show the feature repository, until Ctrl-C
	$(BIN)/feast -c feature_repo ui --port 8888

stop:  ## stop the service and the dashboard
	@test ! -e $(READY) || { $(BIN)/python -m serving.server stop; $(BIN)/python -m zenml_config.dashboard stop; }

clean: stop  ## stop, and remove all that the runs have left (var/)
	rm -rf var

$(READY): pyproject.toml uv.lock .python-version zenml_config/environment.py $(filter .tools/bin/uv,$(UV))
	@test -n "$(PYTHON)" || { echo "Python 3.12 was not found on the PATH. Install it (or name it: make PYTHON=/path/to/python3.12)." >&2; exit 1; }
	$(UV) sync --locked --quiet --python "$(PYTHON)"
	@$(BIN)/python zenml_config/environment.py install
	@touch $@

.tools/bin/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.12 was not found on the PATH. Install it (or name it: make PYTHON=/path/to/python3.12)." >&2; exit 1; }
	"$(PYTHON)" -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
