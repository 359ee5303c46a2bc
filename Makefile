# Everything here needs Python 3.11 or newer and make; the rest is installed into .venv, in the versions of constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/done
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL = $(PIP) install --constraint constraints.txt
# Every project with every extra it declares, as arguments of pip.
define EDITABLE
import sys, tomllib
for path in sys.argv[1:]:
    with open(path + "/pyproject.toml", "rb") as file:
        extras = tomllib.load(file)["project"].get("optional-dependencies", {})
    print("--editable", path + ("[" + ",".join(extras) + "]" if extras else ""))
endef
export EDITABLE
PROJECTS := core $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
DECLARED := pyproject.toml constraints.txt $(PROJECTS:%=%/pyproject.toml)
SOURCES := conftest.py core/src plugins examples benchmarks tests

.DEFAULT_GOAL := help
.PHONY: install demo test check bench docs clean help

help:  ## say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DONE)/demo  ## train a classifier on the iris data, serve it and ask it over HTTP
	@$(BIN)/python examples/demo.py

test: $(DONE)/test  ## run every test, with the branch coverage of the core
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --cov

check: $(DONE)/check  ## formatting, lint and types
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy

bench: $(DONE)/demo  ## measure bento serve beside other servers, which it installs into .bench
	$(BIN)/python -m benchmarks $(ARGUMENTS)

docs: $(DONE)/docs  ## build the documentation into site/
	$(BIN)/mkdocs build --strict

install: $(DONE)/install  ## core, every plugin with all extras, and every tool
	@echo "bento is installed: $(BIN)/bento --help"

clean:  ## remove .venv and everything else that was made here
	rm -rf $(VENV) .bench .demo benchmarks/results .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist site .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DONE)/pip: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "bento needs Python 3.11 or newer, and '$(PYTHON)' is none: say which one with make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --upgrade pip
	@mkdir -p $(DONE)
	@touch $@

$(DONE)/demo: $(DONE)/pip $(DECLARED)
	$(INSTALL) --editable core --editable plugins/bento-sklearn
	@touch $@

$(DONE)/test: $(DONE)/demo
	$(INSTALL) --group test $$($(BIN)/python -c "$$EDITABLE" $(PROJECTS))
	@touch $@

$(DONE)/check: $(DONE)/test
	$(INSTALL) --group check
	@touch $@

$(DONE)/docs: $(DONE)/pip $(DECLARED)
	$(INSTALL) --group docs --editable core
	@touch $@

$(DONE)/install: $(DONE)/check $(DONE)/docs
	@touch $@
