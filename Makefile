# virtiolab, from a fresh clone. `make` alone lists what there is.
# Needs GNU make and a Python of 3.11 or later; everything else goes into .venv.

# On Windows: GNU make, and the shell that Git brings.
ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := .venv/Scripts
EXE := .exe
else
PYTHON ?= python3
BIN := .venv/bin
endif
VENV_PYTHON := $(BIN)/python$(EXE)
UV := $(shell command -v uv 2>/dev/null)
INSTALL := $(if $(UV),uv pip install --python $(VENV_PYTHON),$(VENV_PYTHON) -m pip install)

# What activating .venv would do, so that a cell's `!virtiolab` is found too. (Not $(CURDIR), whose
# D: would end an entry of PATH.)
RUN := PATH="$$PWD/$(BIN):$$PATH" $(VENV_PYTHON) -m

# By its address, so that the link which is printed under --no-browser leads there too.
FIRST := notebooks/01_the_question.ipynb

# What the page is made of: a notebook, a template, which Voilà finds by JUPYTER_PATH, and voila.py, its
# settings: 127.0.0.1 alone, no files, and an end for the kernels of those who left.
PAGE := page

# All tests share the cores, but no more than four: each process has a libvirt, a JupyterLab and a
# Chromium. Who chooses some mostly chooses few, which are run sooner than these have started.
SHARED := $(if $(PYTEST_ARGS),,-n logical --maxprocesses=4)

# Jupyter refuses to run as root unless told.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

# The browser tests cost 170 MB: only where a Chromium is found, or where nothing may be left out.
# (`:` because make throws away what a shell says that ends in 127, "command not found".)
CHROMIA := chromium chromium-browser google-chrome google-chrome-stable
CHROMIUM := $(shell for name in $(CHROMIA); do command -v $$name; done; :)
BROWSER_STAMP := $(if $(CHROMIUM)$(filter all,$(VIRTIOLAB_REQUIRE)),.venv/.browser)

# What runs beside the newest libvirt: nothing may be left out, for everything is installed there.
NEWEST ?= make live VIRTIOLAB_REQUIRE=all

.PHONY: help lab blank explain test live newest lint fuzz mutate bench clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' Makefile

lab: .venv/.lab  ## the course, in JupyterLab; LAB_ARGS='--no-browser' goes to JupyterLab
	$(RUN) jupyterlab $(AS_ROOT) --LabApp.default_url=/lab/tree/$(FIRST) $(LAB_ARGS)

blank: .venv/.lab  ## the notebooks without their outputs, in blank/, for whoever wants to see them come
	mkdir -p blank
	cp -R notebooks/domains notebooks/pictures blank
	$(RUN) nbconvert --log-level=WARN --ClearOutputPreprocessor.enabled=True --to=notebook --output-dir=blank notebooks/*.ipynb

explain: .venv/.page  ## the explainer alone, as a page; EXPLAIN_ARGS='--no-browser' goes to Voilà
	JUPYTER_PATH="$$PWD/$(PAGE)" $(RUN) voila $(PAGE)/explain.ipynb --Voila.config_file_paths=$(PAGE) $(EXPLAIN_ARGS)

test: .venv/.test $(BROWSER_STAMP)  ## every test and notebook; PYTEST_ARGS='-k bus' goes to pytest
	$(RUN) pytest --nbval --nbval-current-env $(SHARED) $(PYTEST_ARGS)

live: .venv/.test  ## the tests that ask the real libvirt and QEMU, and the notebooks
	$(RUN) pytest --nbval --nbval-current-env -m '(live or schema) and not browser' $(SHARED) $(PYTEST_ARGS)

newest:  ## the same, of the newest libvirt and QEMU in Debian; NEWEST='virtiolab ask FILE' runs that there
	tests/newest.sh $(NEWEST)

lint: .venv/.test  ## the style, the common mistakes, the types
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy

fuzz: .venv/.test  ## a long search for XML that nothing of ours was ready for
	$(RUN) pytest -s --timeout=0 -o faulthandler_timeout=0 --hypothesis-profile=fuzz tests/test_fuzz.py $(PYTEST_ARGS)

mutate: .venv/.test  ## breaks the rules one at a time, to see whether a test notices; MUTATE_ARGS='format-is-raw'
	$(VENV_PYTHON) tests/mutate.py $(MUTATE_ARGS)

bench: .venv/.test $(BROWSER_STAMP)  ## what it costs; BENCH_ARGS='read grow' leaves out the rest
	$(RUN) benchmarks $(BENCH_ARGS)

clean:  ## take away everything that can be made again
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis blank build dist shots ./*.egg-info
	find . \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

# A stamp for each extra, written last: a failed install leaves none, and a newer pyproject.toml
# outdates it.
.venv/.%: pyproject.toml $(VENV_PYTHON)
	$(INSTALL) --quiet -e '.[$*]'
	@touch $@

# When the Python of a .venv is gone (upgraded, moved), what was installed for it is too.
$(shell test -x $(VENV_PYTHON) || rm -f .venv/.lab .venv/.page .venv/.test .venv/.browser)

# Debian's python3 can lack ensurepip; if it has pip, that one puts a pip into .venv.
$(VENV_PYTHON):
ifdef UV
	uv venv --quiet --clear --seed --python $(PYTHON) .venv
else
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
	    $(PYTHON) -m venv --clear .venv; \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then \
	    $(PYTHON) -m venv --clear --without-pip .venv && \
	    $(PYTHON) -m pip --python $@ install --quiet pip; \
	else \
	    echo "$(PYTHON) cannot make a .venv: install python3-venv (Debian, Ubuntu) or uv" >&2; \
	    exit 1; \
	fi
endif
