PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
WRITER := $(VENV)/.writer

.PHONY: demo test test-slow check docs bench clean

demo: $(INSTALLED)  ## score the smoke suite blind, update the risk, write the page
	$(BIN)/mesascope run --suite smoke --live

test: $(READY)  ## quick tests, on the really trained tiny suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --durations 10

test-slow: $(READY)  ## tests that take minutes
	$(BIN)/python -m pytest -m "slow and not gpu" --timeout 1800

check: $(READY)  ## style, types and import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_import_direction.py

docs: $(WRITER)  ## the site of docs/, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file .mkdocs.yml

bench: demo  ## write what suite, risk report and judging cost to benchmarks/results/
	$(BIN)/python benchmarks/costs.py --suite smoke
	$(BIN)/python benchmarks/risk.py --suite smoke
	$(BIN)/python benchmarks/judging.py

clean:  ## remove the environment and caches; built organisms and runs stay
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(INSTALLED): pyproject.toml constraints.txt  ## what running takes
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $(INSTALLED)

$(READY): $(INSTALLED)  ## what developing takes on top
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(READY)

$(WRITER): $(INSTALLED)  ## what the site takes on top
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[docs]"
	touch $(WRITER)
