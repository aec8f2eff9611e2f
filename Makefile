# `make matrix` and `make test` do their own set-up. Options for pytest go into ARGS:
#   make matrix ARGS="--backend processes -k chat"

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: help matrix test lint format differential diagnosis fuzz soak benchmark clean

help:
	@echo "make matrix        every client against every server (ARGS=... for pytest)"
	@echo "make test          all tests, including the matrix and its cases"
	@echo "make lint          style and types"
	@echo "make format        formats the code"
	@echo "make differential  compares javaio with the JDK on ten million inputs (INPUTS=...)"
	@echo "make diagnosis     measures the diagnosis with the corpus of tests/diagnosis/corpus (ARGS=...)"
	@echo "make fuzz          bytes and files made wrong, for all that reads those of others (ARGS=\"--inputs 1000000\")"
	@echo "make soak          an hour under load: whether anything grows (ARGS=\"--minutes 60\")"
	@echo "make benchmark     speed, compared with Java, C and others (ARGS=...)"
	@echo "make clean         removes everything that these have made"

matrix: $(READY)
	$(BIN)/python -m pytest conformance --no-cases $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest tests conformance -rs $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

INPUTS ?= 10000000
differential: $(READY)
	$(BIN)/python -m tests.javaio.differential --inputs $(INPUTS) --workers 2

diagnosis: $(READY)
	$(BIN)/python -m tests.diagnosis.measure --programs $(ARGS)

fuzz: $(READY)
	$(BIN)/python -m tests.fuzz $(ARGS)

soak: $(READY)
	$(BIN)/python -m tests.soak $(ARGS)

benchmark: $(VENV)/benchmark
	@mkdir -p results
	$(BIN)/python -m benchmarks --json results/benchmark.json --chart results/benchmark.svg $(ARGS)

$(VENV)/benchmark: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fast,benchmark]'
	@touch $@

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; give it as PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is needed (python3-venv on Debian)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $(READY)

clean:
	rm -rf $(VENV) results .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
