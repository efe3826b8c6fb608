# Every task of the project. `make` alone lists them. GNU make 3.81 or newer.

PYTHON ?= python3
UV ?= uv
CONFIG ?= onetape.toml
WORKERS ?= auto

BIN := .venv/bin
PACKAGES := framework strategies brokers data
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq --no-input
INSTALL := $(PIP) install --no-deps --only-binary :all: --require-hashes --requirement
# compat: a plain path entry; the default import hook would cost every start.
EDITABLE := $(PIP) install --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
COMPILE := $(UV) pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-build \
	--no-header --no-annotate --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help backtest test coverage campaigns check lint format typecheck contracts docs docs-serve bench deep nightly mutation lock hooks clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

backtest: .venv/.run ## run the backtest of onetape.toml on real prices and write a report (CONFIG=other.toml)
	@$(BIN)/onetape backtest -c $(CONFIG)

test: .venv/.dev ## all tests but the long campaigns
	@$(BIN)/pytest -n $(WORKERS) -m "not campaign"

campaigns: .venv/.dev ## the long campaigns, at the size for every change (kills, races, soaks, parity, the core on 2,000 examples)
	@$(BIN)/pytest -n $(WORKERS) -m campaign
	@HYPOTHESIS_PROFILE=campaign $(BIN)/pytest -n $(WORKERS) -q tests/properties/test_decision_core.py tests/properties/test_decision_path.py \
		tests/properties/test_decision_risk.py

coverage: .venv/.dev ## the quick tests, and which lines and branches they reach
	@$(BIN)/pytest -n $(WORKERS) -m "not slow and not campaign" --cov --cov-report=term --cov-report=html

check: lint typecheck contracts ## lint, types, import contracts and the quick tests: before every commit
	@$(BIN)/pytest -n $(WORKERS) -m "not slow and not campaign" -q

lint: .venv/.dev ## ruff, rules and layout
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: .venv/.dev ## let ruff lay out the code and mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

typecheck: .venv/.dev ## mypy, strict
	@$(BIN)/mypy

contracts: .venv/.dev ## which package may import which
	@$(BIN)/lint-imports

docs: .venv/.dev ## build the documentation into build/site; a warning or a broken link is an error (its snippets run in make test)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "documentation: build/site/index.html"

docs-serve: .venv/.dev ## show the documentation at http://127.0.0.1:8000 while it is written
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

bench: .venv/.dev ## what runs cost beside other engines, each in its own environment; writes benchmarks/RESULTS.md
	@$(BIN)/python benchmarks/compare.py --write

deep: .venv/.dev ## all tests, campaigns too, the properties with twenty times the examples
	@HYPOTHESIS_PROFILE=deep $(BIN)/pytest -n $(WORKERS) -q

nightly: .venv/.dev ## what must always hold of the decision core, each on 100,000 examples, and the campaigns at their full size
	@HYPOTHESIS_PROFILE=nightly $(BIN)/pytest -n $(WORKERS) -q tests/properties/test_decision_core.py tests/properties/test_decision_path.py \
		tests/properties/test_decision_risk.py
	@HYPOTHESIS_PROFILE=nightly $(BIN)/pytest -n $(WORKERS) -q -m campaign

mutation: .venv/.dev ## break the decision core in thousands of ways, count what the tests notice (20 minutes; a part: MUTANTS='framework.rules.stops*')
	@rm -rf mutants
	@HYPOTHESIS_PROFILE=mutation PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(BIN)/mutmut run $(if $(MUTANTS),'$(MUTANTS)')
	@$(BIN)/python benchmarks/mutation_score.py

lock: ## pin every dependency again after pyproject.toml changed (needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv (https://docs.astral.sh/uv), or UV=path/to/uv" >&2; exit 1; }
	@$(COMPILE) --extra sample --output-file requirements.lock
	@$(COMPILE) --extra dev --output-file requirements-dev.lock

hooks: .venv/.dev ## check every commit before it is made
	@$(BIN)/pre-commit install

clean: ## remove the environment, caches and build output; runs/ stays
	@rm -rf .venv build dist *.egg-info htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache mutants
	@find $(PACKAGES) tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, made once; a stamp file is newer than what it was made from.

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "onetape needs Python 3.11 or newer; '$(PYTHON)' is: $$($(PYTHON) --version 2>&1 | head -n 1). Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.run: .venv/.made requirements.lock pyproject.toml
	@if [ -e .venv/.dev ]; then $(MAKE) --silent .venv/.dev; else \
		echo "Installing what a backtest needs ..." && $(INSTALL) requirements.lock && $(EDITABLE); fi
	@touch $@

.venv/.dev: .venv/.made requirements-dev.lock pyproject.toml
	@echo "Installing what development needs ..."
	@$(INSTALL) requirements-dev.lock
	@$(EDITABLE)
	@touch .venv/.run $@
