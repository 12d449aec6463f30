# Needs Python >= 3.11 and make; everything else goes into .venv.
PYTHON ?= python3

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STAMP := $(VENV)/.installed
SOURCES = $(shell find skdeepunsup -name '*.py')

# On small machines waiting OpenMP threads cost more than they bring.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench docs clean

help:
	@echo "make demo    compare PCA, autoencoders and an RBM on the digits; table and figure in demo/"
	@echo "make test    run the tests and the examples of the docstrings"
	@echo "make lint    check style, types, floors and docstrings"
	@echo "make bench   measure speed and quality beside scikit-learn and plain PyTorch"
	@echo "make docs    build the documentation into docs/_build/html"
	@echo "make clean   remove what the commands above made, .venv too"

# pip is upgraded first: older ones do not know dependency groups.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=/path/to/python")'
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --constraint constraints.txt --upgrade pip
	$(PY) -m pip install --quiet --constraint constraints.txt --build-constraint constraints.txt \
		--group dev --editable '.[plot,progress,compression,molecules]'
	@touch $@

demo: $(STAMP)
	$(PY) -m skdeepunsup compare --out demo

# scikit-learn checks estimators with torch tensors only where SciPy's array API is on.
test: export SCIPY_ARRAY_API := 1
test: export MPLBACKEND := Agg
test: $(STAMP)
	$(PY) -m pytest

lint: $(STAMP)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(BIN)/lint-imports
	$(PY) -m numpydoc lint $(SOURCES)

bench: $(STAMP)
	$(PY) -m benchmarks

docs: $(STAMP)
	$(PY) -m sphinx -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf $(VENV) demo build dist docs/_build docs/auto_examples docs/generated
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
