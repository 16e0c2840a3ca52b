# Every target sets up what it needs, in .venv/<lane> below the checkout; a second call finds it done.
#   make demo | test | lint | fmt | bench     LANE=3.5|4.1 chooses the Spark line, PYTHON=... the interpreter

PYTHON ?= python3
# 3.5, or 4.1 where the interpreter is too new for Spark 3.5; set-up is told only what a person asked for
ASKED := $(LANE)
ifeq ($(ASKED),)
LANE := $(shell $(PYTHON) tools/bootstrap.py --which)
endif
BIN = .venv/$(LANE)/bin
# `make test CHECKS=` leaves lint and types out: CI needs them once, not per lane
CHECKS ?= lint
TESTS ?= tests
# processes side by side, each with a Spark of its own: most of a test is planning, which has one thread
WORKERS ?= 2
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
SOURCES = framework jobs tests benchmarks tools setup.py

.DEFAULT_GOAL := help
.PHONY: help setup packages demo flights test unit integration fuzz lint fmt bench docs lock jars-lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: ## packages, jars and Java of the lane; makes later starts of Spark quicker
	@$(PYTHON) tools/bootstrap.py $(if $(ASKED),--lane $(ASKED)) --warm

# the same without the minute that a quick start costs: tests start Spark seldom
packages:
	@$(PYTHON) tools/bootstrap.py $(if $(ASKED),--lane $(ASKED))

demo: setup ## a small bank flows through the lake, two days of it, with a report
	@$(BIN)/python -m jobs.demo

flights: setup ## 336,776 real flights through the same layers
	@$(BIN)/python -m jobs.flights.demo

test: packages $(CHECKS) ## lint, types, examples in docstrings, unit and integration tests
	$(PYTEST) --doctest-modules framework jobs $(TESTS)

unit: packages ## tests without Spark, and the examples in docstrings
	$(BIN)/python -m pytest --doctest-modules framework jobs tests/unit

integration: packages ## tests with Spark
	$(PYTEST) tests/integration

FEEDS ?= 2000
SEED ?= 0
fuzz: packages ## random change feeds against the oracle: FEEDS=10000 SEED=7
	$(BIN)/python -m tests.fuzz --feeds $(FEEDS) --seed $(SEED)

lint: packages ## ruff and mypy
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy framework

fmt: packages ## format the sources
	$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: setup ## Sluice against the bare PySpark that does the same
	$(BIN)/python -m benchmarks.csv_to_table

# in an environment of its own: the docs need none of Spark's packages
docs: ## the docs as a site, in site/
	@test -x .venv/docs/bin/mkdocs || { $(PYTHON) -m venv .venv/docs && .venv/docs/bin/pip install --quiet -e '.[docs]'; }
	@NO_MKDOCS_2_WARNING=1 .venv/docs/bin/mkdocs build --strict --quiet && echo "site/index.html"

# For maintainers: after a change of setup.py, or of framework/session/versions.py
lock: ## resolve the Python packages of both lanes again
	@$(PYTHON) tools/lock.py
jars-lock: setup ## resolve the jars of this lane again
	$(BIN)/python -m framework.session.jars --lane $(LANE) --lock

clean: ## remove what was set up here (the cache of jars stays)
	rm -rf .venv build site *.egg-info .pytest_cache .mypy_cache .ruff_cache
