# make demo   set up, then the main job on a real project       make test   the whole gate
# make lint   style, types, layers    make bench  figures        make soak   the long tiers
# make package  the wheel and the VS Code extension
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
WORKERS ?= 2

.PHONY: demo test lint bench soak package tools clean

demo: $(VENV)/.installed
	$(BIN)/magray demo

test: $(VENV)/.dev tools
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m "not soak" -n $(WORKERS) --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

soak: $(VENV)/.dev
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m soak --timeout 3600

package: $(VENV)/.dev
	$(BIN)/python -m build --outdir dist
	PATH="$(CURDIR)/.cache/tools/vscode/node/bin:$$PATH" editors/vscode/package.sh dist

# Editors for the tests: Neovim, Emacs, code-server with Chromium, all private to .cache except apt packages.
tools: .cache/tools/.ready

.cache/tools/.ready: tests/tools/install.sh
	tests/tools/install.sh .cache/tools
	touch $@

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Magray needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

clean:
	rm -rf $(VENV) .cache dist
