# Two commands do everything: `make demo` and `make test`. Python 3.11 or newer is all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -P -m pytest -n 2 --dist worksteal

.PHONY: demo test test-fast test-gpu prove bench format clean

demo: $(VENV)/installed
	$(BIN)/archc build specs/vgg16.yaml
	$(BIN)/archc draw specs/vgg16.yaml -o build/vgg16.svg
	$(BIN)/python examples/run_vgg16.py

test: $(VENV)/tested
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(PYTEST) -m "not prove"

test-fast: $(VENV)/tested
	$(PYTEST) -m "not prove and not slow"

test-gpu: $(VENV)/tested
	$(PYTEST) -m gpu

prove: $(VENV)/tested
	$(BIN)/python -P -m pytest -m prove -rA

bench: $(VENV)/tested
	$(BIN)/python -P benchmarks/run.py

format: $(VENV)/tested
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:
	rm -rf build .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) --editable .
	touch $@

# facenet-pytorch asks for an older torch than it needs: without what it asks for
$(VENV)/tested: pyproject.toml | $(VENV)/bin/python
	$(PIP) --editable ".[test]"
	$(PIP) --no-deps facenet-pytorch==2.6.0
	touch $@ $(VENV)/installed
