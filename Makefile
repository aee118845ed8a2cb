# make serve    set up what serving needs and serve on http://localhost:8000 (HOST, PORT from the environment)
# make test     set up what testing needs and run every test
# make trainer  set up what `python -m training` needs, in .venv
# make lint     ruff and mypy
# make screenshots    the pictures of the page in docs/
#
# On Linux without a GPU, `make serve TORCH=cpu` takes PyTorch from its own CPU index: 200 MB instead of several GB.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

ifeq ($(TORCH),cpu)
PIP_INSTALL += --extra-index-url https://download.pytorch.org/whl/cpu
endif

.PHONY: serve test trainer lint screenshots clean

serve: $(VENV)/.base
	PATH="$(CURDIR)/$(BIN):$$PATH" sh -c "exec $$(sed -n 's/^web: //p' Procfile)"

test: $(VENV)/.test
	$(BIN)/python -m pytest

trainer: $(VENV)/.train

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# One stamp for each set of dependencies: installed again only when pyproject.toml has changed.
$(VENV)/.base: EXTRA =
$(VENV)/.train: EXTRA = [train]
$(VENV)/.test: EXTRA = [test]
$(VENV)/.dev: EXTRA = [dev]
$(VENV)/.base $(VENV)/.train $(VENV)/.test $(VENV)/.dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --editable ".$(EXTRA)"
	touch $@

screenshots: $(VENV)/.test
	$(BIN)/python -m docs.screenshots

clean:
	rm -rf $(VENV) *.egg-info
