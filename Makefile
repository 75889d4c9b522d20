# `make app` and `make test` work as the first command on a fresh clone; everything is kept in .venv.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PORT ?= 8501

.PHONY: app test check format record docs clean
.DEFAULT_GOAL := app

app: .venv/.app  ## install what is needed and open the app
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: .venv/.dev  ## everything, browser tests included where a Chromium is
	$(BIN)/python tests/run.py

check: .venv/.dev  ## style, types, layers, generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy simcse_core
	$(BIN)/lint-imports
	$(BIN)/python -m simcse_core docs --check

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/.app  ## write docs/reference.md from the registries
	$(BIN)/python -m simcse_core docs

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "error: Python 3.11, 3.12 or 3.13 is needed; set PYTHON=/path/to/python"; exit 2; }
	$(PYTHON) -m venv .venv

.venv/.app: requirements.txt | .venv/bin/python
	$(PIP) install --quiet --requirement requirements.txt
	touch $@

.venv/.dev: requirements.txt pyproject.toml | .venv/bin/python
	$(PIP) install --quiet --requirement requirements.txt
	$(PIP) install --quiet --editable '.[dev]'
	touch $@ .venv/.app
