# Needs Python >= 3.11 and make; everything else goes into .venv.
PYTHON ?= python3
# The oldest releases of constraints-min.txt have wheels for this Python alone.
PYTHON_MIN ?= python3.11

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STAMP := $(VENV)/.installed
VENV_MIN := .venv-min
STAMP_MIN := $(VENV_MIN)/.installed
EXTRAS := plot,progress,tables,dask,compression,molecules,safe,onnx

# On small machines waiting OpenMP threads cost more than they bring.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo quick test nightly test-min lint bench docs clean

help:
	@echo "make demo    compare PCA, autoencoders and an RBM on the digits; table and figure in demo/"
	@echo "make quick   run the tests of the arithmetic, of one estimator a family, of the last changes"
	@echo "make test    run the tests, docstrings and their examples among them, but those marked nightly"
	@echo "make nightly run all tests"
	@echo "make test-min   run scikit-learn's checks and the laws on the oldest versions promised"
	@echo "make lint    check style, types and floors"
	@echo "make bench   measure speed and quality beside scikit-learn and plain PyTorch"
	@echo "make docs    build the documentation into docs/_build/html"
	@echo "make clean   remove what the commands above made, .venv and .venv-min too"

# pip is upgraded first: older ones do not know dependency groups.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=/path/to/python")'
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --constraint constraints.txt --upgrade pip
	$(PY) -m pip install --quiet --constraint constraints.txt --build-constraint constraints.txt \
		--group dev --editable '.[$(EXTRAS)]'
	@touch $@

$(STAMP_MIN): pyproject.toml constraints-min.txt
	$(PYTHON_MIN) -m venv --clear $(VENV_MIN)
	$(VENV_MIN)/bin/python -m pip install --quiet --constraint constraints-min.txt --upgrade pip
	$(VENV_MIN)/bin/python -m pip install --quiet --constraint constraints-min.txt \
		--build-constraint constraints.txt --group test --editable '.[$(EXTRAS)]'
	@touch $@

demo: $(STAMP)
	$(PY) -m skdeepunsup compare --out demo

# Tests run on all cores; JOBS=1 takes one.
JOBS ?= auto
PYTEST = $(PY) -m pytest -n $(JOBS) --dist worksteal --durations 30
# scikit-learn checks estimators with torch tensors only where SciPy's array API is on.
quick test nightly: export SCIPY_ARRAY_API := 1
quick test nightly: export MPLBACKEND := Agg
quick: $(STAMP)
	$(PYTEST) -m quick

test: $(STAMP)
	$(PYTEST) -m "not nightly"

nightly: $(STAMP)
	$(PYTEST)

# The oldest versions promised: scikit-learn's checks and the laws.
test-min: export SCIPY_ARRAY_API := 1
test-min: export MPLBACKEND := Agg
test-min: $(STAMP_MIN)
	$(VENV_MIN)/bin/python -m pytest -n $(JOBS) --dist worksteal -m "not nightly" \
		$(wildcard tests/test_laws*.py) $(shell find tests -name test_contract.py)

lint: $(STAMP)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(PY) -m benchmarks

docs: $(STAMP)
	$(PY) -m sphinx -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf $(VENV) $(VENV_MIN) demo build dist docs/_build docs/auto_examples docs/generated
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
