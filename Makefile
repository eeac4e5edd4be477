# The front door of the project: `make help` lists what can be done.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
DISTRIBUTIONS := sdk/python platform services/memory services/migration services/observability services/snapshots services/workflows services/workspace gateway stack
EDITABLE := $(addprefix -e ,$(DISTRIBUTIONS))
PYPROJECTS := $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
CODEGEN := $(UV) run --quiet --isolated --no-project --with-requirements codegen.lock python
PYTEST := $(BIN)/python -m pytest
PYTEST_WORKERS ?= 2

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[36m%-18s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# -- Installing ---------------------------------------------------------------

$(UV): bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit("Timeloom needs Python 3.11 or newer; this is %s. Choose another with PYTHON=…" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module of $(PYTHON) does not work; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bootstrap.lock
	@touch $@

$(VENV)/.runtime: $(UV) requirements.lock $(PYPROJECTS)
	@echo "Installing what Timeloom runs on into $(VENV)"
	@$(UV) pip install --python $(BIN)/python --quiet --no-deps --require-hashes -r requirements.lock
	@$(UV) pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation $(EDITABLE)
	@$(BIN)/python -m compileall -q -j 2 $(VENV)/lib $(DISTRIBUTIONS) > /dev/null || true
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "Installing what the checks and tests need into $(VENV)"
	@$(UV) pip install --python $(BIN)/python --quiet --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: setup
setup: $(VENV)/.dev ## Make the virtual environment with everything for development

# -- Running ------------------------------------------------------------------

.PHONY: up
up: $(VENV)/.runtime ## Start the whole stack in the foreground; Ctrl-C stops it
	@tools/web.sh console
	@$(BIN)/timeloom up

.PHONY: demo
demo: $(VENV)/.runtime ## Record a real LangGraph agent and step back through it
	@$(BIN)/python examples/langgraph_agent.py

.PHONY: showcase
showcase: $(VENV)/.dev ## Fill a running Timeloom with a week of a team's work, to look at
	@PYTHONPATH=examples $(BIN)/python -m showcase

.PHONY: picture
picture: $(VENV)/.dev ## Draw the README's picture anew from the demo
	@$(BIN)/python tools/draw_demo.py

.PHONY: screenshots
screenshots: $(VENV)/.dev ## Take the pictures of the console in docs/ anew (needs Node.js and Chromium)
	@PYTHONPATH=examples $(BIN)/python -m tests.e2e.console.pictures $(SCREENS)

# -- Changing -----------------------------------------------------------------

.PHONY: protos
protos: $(VENV)/.runtime ## Generate the stubs and the descriptor set from protos/, and the client's types
	@$(CODEGEN) tools/generate_protos.py $(OUTPUT)
	@$(BIN)/python tools/generate_client.py $(OUTPUT)

.PHONY: lock
lock: $(UV) ## Resolve the requirement files into their locks
	@for name in bootstrap requirements requirements-dev codegen; do \
		$(MAKE) --silent resolve NAME=$$name OUTPUT=$$name.lock; done

.PHONY: resolve
resolve:
	@$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --quiet --excludes excludes.in $(NAME).in -o $(OUTPUT)

.PHONY: format
format: setup ## Format the Python code and the protos
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/buf format protos -w

# -- Checking -----------------------------------------------------------------

.PHONY: lint
lint: setup ## Check style, imports, protos, SQL migrations, Kubernetes files, and what runs in browsers
	@tools/web.sh check
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/buf format protos --diff --exit-code
	@$(BIN)/buf lint gateway/timeloom_gateway/contracts.binpb --config protos/buf.yaml
	@$(BIN)/squawk --config .squawk.toml $$(find platform services gateway -path '*/migrations/*.sql')
	@$(BIN)/python tools/check_kubernetes.py

.PHONY: typecheck
typecheck: setup ## Check the types with mypy and pyright, both strict
	@$(BIN)/mypy $(DISTRIBUTIONS) tools tests examples
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright

.PHONY: contracts
contracts: setup ## Check that generated files and locks are current and the contracts compatible
	@$(BIN)/python tools/check_drift.py

.PHONY: check
check: lint typecheck contracts ## Everything that CI checks besides the tests

# -- Testing ------------------------------------------------------------------

.PHONY: browser
browser: ## Install Chromium, if there is none, for the tests of what runs in browsers (Debian, Ubuntu)
	@tools/browser.sh

.PHONY: test
test: setup ## All tests but the fault tests
	@tools/web.sh console
	@$(PYTEST) -n $(PYTEST_WORKERS) --dist loadgroup -m "not fault" tests/unit tests/integration tests/contract tests/migration tests/e2e

.PHONY: test-unit
test-unit: setup ## Tests without I/O
	@$(PYTEST) -q tests/unit

.PHONY: test-integration
test-integration: setup ## Tests against real PostgreSQL, NATS and gRPC
	@$(PYTEST) -n $(PYTEST_WORKERS) --dist loadgroup -m "not fault" tests/integration tests/contract tests/migration

.PHONY: test-e2e
test-e2e: setup ## Tests of the whole stack, as a user has it
	@tools/web.sh console
	@$(PYTEST) -m "not fault" tests/e2e

.PHONY: test-fault
test-fault: setup ## Tests that kill real processes
	@$(PYTEST) -n $(PYTEST_WORKERS) --dist loadgroup -m fault tests

.PHONY: bench
bench: setup ## Measure beside the peers, in one run
	@$(BIN)/python -m tests.bench

# -- Shipping -----------------------------------------------------------------

.PHONY: web
web: ## Build the console and the npm packages (needs Node.js 20.19 or newer)
	@tools/web.sh packages

.PHONY: images
images: ## Build the container images (needs a Docker engine)
	@tools/build_images.sh

.PHONY: clean
clean: ## Remove everything that was built; the data in .timeloom/ stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
