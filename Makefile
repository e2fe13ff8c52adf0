# Everything a fresh machine needs: Python 3.10 or newer with venv, git and make.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

# A stamp is as new as the installation it stands for, so a second call does nothing.
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: $(RUN_STAMP) ## Set up what is missing and run the integration suites on real servers (ARGS=...)
	$(BIN)/unified-test-runner --category integration --real-services $(ARGS)

.PHONY: test
test: $(DEV_STAMP) ## Set up what is missing and run the runner's own tests (ARGS=...)
	$(BIN)/python -m pytest tests -n auto --maxprocesses 8 --dist loadfile $(ARGS)

.PHONY: lint
lint: $(DEV_STAMP) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: format
format: $(DEV_STAMP) ## Rewrite files in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: $(DEV_STAMP) ## Measure start-up and overhead against click and plain pytest
	$(BIN)/python tests/benchmarks/startup.py

.PHONY: scale
scale: $(DEV_STAMP) ## Measure the runner's own share on up to 50,000 tests, and the cost of deaths
	$(BIN)/python tests/benchmarks/scale.py $(ARGS)
	$(BIN)/python tests/benchmarks/deaths.py

.PHONY: parity
parity: $(DEV_STAMP) ## Compare outcomes with plain pytest on public suites (ARGS=...)
	$(BIN)/python tests/parity/suites.py $(ARGS)

.PHONY: plugins
plugins: $(DEV_STAMP) ## Compare outcomes with plain pytest under well-known plugins (ARGS=...)
	$(BIN)/python tests/parity/plugins.py $(ARGS)

.PHONY: versions
versions: $(DEV_STAMP) ## Compare outcomes with plain pytest on every Python and pytest (ARGS=...)
	$(BIN)/python tests/parity/versions.py $(ARGS)

.PHONY: compare
compare: $(DEV_STAMP) ## Measure against plain pytest and pytest-xdist (ARGS=...)
	$(BIN)/python tests/benchmarks/compare.py $(ARGS)

.PHONY: clean
clean: ## Remove what these commands made in this folder
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .unified-test-runner

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed") if sys.version_info < (3, 10) else None'
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[embedded,suites]'
	$(BIN)/python -m compileall -q unified_test_runner suites
	@touch $@

$(DEV_STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[embedded,suites,dev]'
	$(BIN)/python -m compileall -q unified_test_runner suites
	@touch $(RUN_STAMP) $@
