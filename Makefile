# Everything here needs Python 3.11 or newer and make; the rest is installed into .venv, in the versions of constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/done
# Our own projects are built with what BUILD has installed, instead of an environment for each of them.
BUILD := cython editables hatchling setuptools
# uv takes a third of the time of pip, and looks where that would, as for `bento save --lock`. An index may let it wait for long.
define UV
import os, runpy, sys
arguments, told = runpy.run_path("core/src/bento/bundle/requirements/indexes.py")["index_settings"]()
# What is an argument takes the place of a variable of uv's, and constraints have one.
constraints = [f"--constraint={path}" for path in told.pop("UV_CONSTRAINT", "").split()]
command = ["uv", "pip", sys.argv[1], "--quiet", *arguments, *constraints, *sys.argv[2:]]
os.execve(os.path.join(sys.prefix, "bin", "uv"), command, {"UV_HTTP_TIMEOUT": "180", **os.environ, **told})
endef
export UV
install_into = $(BIN)/python -c "$$UV" install --no-build-isolation --constraint constraints.txt --python $(1)
INSTALL := $(call install_into,$(VENV))
# Thousands of processes are started in the tests, and each leaves its bytecode to the next.
unexport PYTHONDONTWRITEBYTECODE
COMPILE = @$(BIN)/python -m compileall -q core/src plugins/*/src
# Every project with every extra it declares but those in WITHOUT, as arguments of the installer.
define EDITABLE
import os, sys, tomllib
without = os.environ.get("WITHOUT", "").split()
for path in sys.argv[1:]:
    with open(path + "/pyproject.toml", "rb") as file:
        extras = [each for each in tomllib.load(file)["project"].get("optional-dependencies", {}) if each not in without]
    print("--editable", path + ("[" + ",".join(extras) + "]" if extras else ""))
endef
export EDITABLE
# What the plugins of an environment import, and several processes would compile at once where nobody has before. Two of them in one
# process may crash it, so each has its own, forked from one that has imported what most others import as well.
define FRAMEWORKS
import os, sklearn
from importlib import import_module
from bento.registry import installed
for name in sorted({kind.framework for kind in installed().artifacts.values() if kind.framework}):
    if not (child := os.fork()):
        try:
            import_module(name)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
endef
export FRAMEWORKS
# Large, and of use to the tests of remotes only, which have a target of their own.
CLOUDS := az gs remote
AZURITE := azurite@3.37.0
PROJECTS := core plugins/bento-sklearn
# What is compiled, anew whenever it has changed.
LOOPS := native/pyproject.toml native/setup.py $(wildcard native/src/bento_native/*.pyx native/src/bento_native/*.pxd)
DECLARED := pyproject.toml constraints.txt $(PROJECTS:%=%/pyproject.toml)
SOURCES := conftest.py core/src native plugins examples benchmarks tests
PLUGINS := $(notdir $(patsubst %/pyproject.toml,%,$(sort $(wildcard plugins/*/pyproject.toml))))

# The other plugins need frameworks. Those whose frameworks get along share an environment, every other one has its own.
ENVIRONMENTS := boosters data keras
PLUGINS_boosters := bento-catboost bento-lightgbm bento-xgboost
PLUGINS_data := bento-image bento-kubernetes bento-mlflow bento-onnx bento-pandas bento-statsmodels
PLUGINS_keras := bento-keras bento-tensorflow
ALONE := $(filter-out bento-sklearn $(foreach name,$(ENVIRONMENTS),$(PLUGINS_$(name))),$(PLUGINS))
$(foreach plugin,$(ALONE),$(eval PLUGINS_$(plugin) := $(plugin)))
ENVIRONMENTS += $(sort $(ALONE))
# Those whose frameworks take long to import go first, so that none of them is left when the others are done.
LONG := bento-keras bento-spacy bento-tensorflow bento-torch bento-transformers
PLUGINS_together := $(filter $(LONG),$(PLUGINS)) $(filter-out bento-sklearn $(LONG),$(PLUGINS))
TOGETHER := $(VENV)/plugins/together
# What a plugin builds on besides the core.
BELOW_bento-transformers := bento-torch
# The projects of an environment, with those that they build on.
projects_of = $(PROJECTS) $(addprefix plugins/,$(BELOW_$(1)) $(PLUGINS_$(1)))
# The core's tests that show what others' releases do, in an environment of no plugin but bento-sklearn. tests/installed builds our own
# projects with tools that ask for more, and a server says under an old uvicorn that its fast lane is not for that.
LOWEST := $(addprefix tests/,adapters artifacts bundle cli packers serving store wire) --deselect tests/serving/test_supervisor.py::test_a_server_logs_what_a_user_needs_and_nothing_else
EVERYTHING := core native $(PLUGINS:%=plugins/%)
# What tests use one part of, in a folder of its own: the rest wants a server's requirements, or comes with a plugin for pytest.
SCHEMAS_bento-kubernetes := cloudcoil cloudcoil-models-knative-serving kserve
PAGE := tests/docs/test_pages.py::test_a_page_does_what_it_shows
# What runs through the compiled loops.
PURE := tests/property/test_order.py tests/serving/test_http.py tests/wire
# What is pressed harder by `make pressure`.
PRESSED := tests/pressure tests/property tests/store/test_remotes_interrupted.py

.DEFAULT_GOAL := help
.PHONY: install demo test pure pressure coverage test-plugins test-brief check repro bench docs clean help

help:  ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DONE)/demo  ## train a classifier on the iris data, serve it and ask it over HTTP
	@$(BIN)/python examples/demo.py

test: $(DONE)/test $(DONE)/servers  ## run the tests of core and bento-sklearn
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

pure: $(DONE)/test  ## run the tests of a server's path again without what is compiled
	BENTO_NATIVE=0 $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(PURE)

pressure: $(DONE)/test $(DONE)/servers  ## run the long form of what the tests have a short form of: load, crashes and properties
	BENTO_PRESSURE_SECONDS=10 $(BIN)/python -m pytest --timeout 600 --numprocesses auto --dist loadfile --no-loadscope-reorder $(PRESSED)

coverage: $(DONE)/test $(DONE)/servers  ## run the same tests and measure the branch coverage of the core, which takes twice as long
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --cov

test-plugins:  ## run the tests of every other plugin, in environments that have its framework
	@$(MAKE) --no-print-directory --jobs 4 $(ENVIRONMENTS:%=$(VENV)/plugins/%/done)
	@$(MAKE) --no-print-directory --keep-going $(ENVIRONMENTS:%=test-%)

test-%: $(VENV)/plugins/%/done
	$(<D)/bin/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(PLUGINS_$*:%=plugins/%) $(PLUGINS_$*:%='$(PAGE)[plugins/%/README.md]')

test-brief: $(TOGETHER)/done  ## run a short form of that: the kits and the README of every plugin, all in one environment
	@$(MAKE) --no-print-directory --jobs 3 --output-sync --keep-going $(PLUGINS_together:%=brief-%)

brief-%: $(TOGETHER)/done
	$(TOGETHER)/bin/python -m pytest -m brief plugins/$* '$(PAGE)[plugins/$*/README.md]'

lowest:  ## run the core's tests and the short form of the plugins' with the lowest versions that these declare
	@$(MAKE) --no-print-directory --keep-going lowest-core $(ENVIRONMENTS:%=lowest-%)

lowest-core: $(VENV)/lowest/core/done
	$(<D)/bin/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(LOWEST) plugins/bento-sklearn

lowest-%: $(VENV)/lowest/%/done
	$(<D)/bin/python -m pytest -m brief $(PLUGINS_$*:%=plugins/%)

check: $(DONE)/check  ## formatting, lint and types
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy

repro: $(DONE)/demo  ## save and pack services twice, in unlike surroundings, and compare every byte
	$(BIN)/python tests/support/reproduce.py examples/iris.py examples/parcels.py

bench: $(VENV)/bench/done  ## measure bento serve beside other servers, which it installs into .bench
	$(<D)/bin/python -m benchmarks $(ARGUMENTS)

docs: $(DONE)/docs  ## build the documentation into site/
	$(BIN)/mkdocs build --strict

install: $(DONE)/install  ## core and every plugin with all extras, and every tool
	@echo "bento is installed: $(BIN)/bento --help"

clean:  ## remove .venv and everything else that was made here
	rm -rf $(VENV) .bench .demo benchmarks/results .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist site .coverage .coverage.*
	rm -rf native/build native/src/*.egg-info native/src/bento_native/*.c native/src/bento_native/*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DONE)/uv: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "bento needs Python 3.11 or newer, and '$(PYTHON)' is none: say which one with make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip --quiet --disable-pip-version-check install --constraint constraints.txt uv
	$(INSTALL) pip $(BUILD)
	@mkdir -p $(DONE)
	@touch $@

$(DONE)/demo: $(DONE)/uv $(DECLARED) $(LOOPS)
	$(INSTALL) --editable core --editable native --editable plugins/bento-sklearn
	$(COMPILE)
	@touch $@

$(DONE)/test: $(DONE)/demo
	$(INSTALL) --group test $$(WITHOUT="$(CLOUDS)" $(BIN)/python -c "$$EDITABLE" $(PROJECTS))
	@touch $@

$(DONE)/servers: $(DONE)/test $(DONE)/azurite
	$(INSTALL) --group servers $$($(BIN)/python -c "$$EDITABLE" $(PROJECTS))
	@touch $@

$(DONE)/azurite: Makefile
	@npm install --prefix $(VENV)/azurite --no-audit --no-fund --no-package-lock --loglevel=error $(AZURITE) || \
	  echo "cannot install $(AZURITE) with npm: the tests of Azure storage are skipped" >&2
	@mkdir -p $(DONE)
	@touch $@

$(DONE)/check: $(DONE)/test
	$(INSTALL) --group check
	@touch $@

$(DONE)/docs: $(DONE)/uv $(DECLARED)
	$(INSTALL) --group docs --editable core
	@touch $@

$(DONE)/install: $(DONE)/check $(DONE)/docs $(EVERYTHING:%=%/pyproject.toml)
	$(INSTALL) $$($(BIN)/python -c "$$EDITABLE" $(EVERYTHING))
	@touch $@

# What else is installed makes scikit-learn slower: with PyTorch there, importing it and skops took 3.5 s rather than 1.1.
$(VENV)/bench/done: $(DONE)/uv $(DECLARED) $(LOOPS)
	$(PYTHON) -m venv --without-pip $(@D)
	$(call install_into,$(@D)) pip $(BUILD)
	$(call install_into,$(@D)) --editable core --editable native --editable plugins/bento-sklearn
	$(COMPILE)
	@touch $@

.PRECIOUS: $(VENV)/plugins/%/done $(VENV)/lowest/%/done
.SECONDEXPANSION:
# An environment of the projects that it is named for, in the versions of constraints.txt.
define environment
$(PYTHON) -m venv --without-pip $(@D)
$(call install_into,$(@D)) pip $(BUILD)
$(call install_into,$(@D)) --group test $$(WITHOUT="$(CLOUDS)" $(@D)/bin/python -c "$$EDITABLE" $(call projects_of,$*))
endef

$(VENV)/plugins/%/done: $(DONE)/uv $(DECLARED) $$(addsuffix /pyproject.toml,$$(call projects_of,$$*))
	$(environment)
	$(if $(filter bento-kubernetes,$(PLUGINS_$*)),$(call install_into,$(@D)) --no-deps --target $(@D)/schemas $(SCHEMAS_bento-kubernetes))
	@$(@D)/bin/python -W ignore -c "$$FRAMEWORKS" >/dev/null 2>&1 || :
	@touch $@

# The same, but what the projects ask for themselves is as old as they allow and as there are wheels for this Python. The tools stay.
$(VENV)/lowest/%/done: $(DONE)/uv $(DECLARED) $$(addsuffix /pyproject.toml,$$(call projects_of,$$*))
	$(environment)
	WITHOUT="$(CLOUDS)" $(@D)/bin/python -c "$$EDITABLE" $(call projects_of,$*) | \
	  $(BIN)/python -c "$$UV" compile --python $(@D) --resolution lowest-direct --only-binary :all: --output-file $(@D)/all.txt - >/dev/null
	grep == $(@D)/all.txt >$(@D)/lowest.txt
	$(BIN)/python -c "$$UV" install --python $(@D) --no-deps --requirements $(@D)/lowest.txt
	@touch $@
