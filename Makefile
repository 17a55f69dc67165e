# make demo | test | lint | docs | bench | package | clean          PYTHON=python3.12  VENV=.venv  ARGS="-k name"
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= test
ARGS ?=
BIN := $(VENV)/bin

.PHONY: demo test lint docs bench package clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed
	@rm -rf demo
	$(BIN)/mnrd run needling-vitamin-c --out demo
	@echo "open demo/report.html in a browser, demo/fields.pvd in ParaView; demo/overview.png, demo/healing.png," \
	     "demo/series.csv, demo/healing.csv, demo/summary.json"

test: $(VENV)/installed-$(EXTRAS)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto $(ARGS)

lint: $(VENV)/installed-$(EXTRAS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What docs/ holds of the code: the reference of keys, and the tables of the healing model and of the devices between
# their two comments.
docs: $(VENV)/installed
	$(BIN)/mnrd schema --markdown > docs/cases.md
	$(BIN)/mnrd healing --markdown | sed -i -e '/^<!-- mnrd healing/,/^<!-- end/{//!d}' \
	    -e '/^<!-- mnrd healing/r /dev/stdin' docs/healing.md
	$(BIN)/mnrd devices --markdown | sed -i -e '/^<!-- mnrd devices/,/^<!-- end/{//!d}' \
	    -e '/^<!-- mnrd devices/r /dev/stdin' docs/devices.md

# The suite, then other tools on the same problems, then docs/performance.md; the targets are printed at the end.
bench: $(VENV)/installed-test,peers
	$(BIN)/python -m pytest -q benchmarks --benchmark-only --benchmark-quiet --store benchmarks/results/host.json
	$(BIN)/python benchmarks/peers
	$(BIN)/python benchmarks/report.py --print

package: $(VENV)/installed-$(EXTRAS)
	@rm -rf dist
	$(BIN)/python -m build --no-isolation

clean:
	rm -rf $(VENV) dist demo

# The first line of this rule says what is missing in words; the native backend wants a C++ compiler, the rest does not.
$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
	    echo "mnrd needs Python 3.11 to 3.13 and '$(PYTHON)' is not found: sudo apt install python3 python3-venv," \
	         "or name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
	    echo "mnrd needs Python 3.11 to 3.13 and '$(PYTHON)' is $$($(PYTHON) -V):" \
	         "name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "'$(PYTHON)' cannot make a virtual environment: sudo apt install python3-venv" >&2; exit 1; }
	@command -v $${CXX:-c++} >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || \
	    echo "note: no C++ compiler, so the native backend is off and runs use the slower numpy backend:" \
	         "sudo apt install g++" >&2
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/installed-%: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@
