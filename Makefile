# make serve    set up what serving needs and serve on http://localhost:8000 (HOST, PORT from the environment)
# make test     set up what testing needs and run every test
# make trainer  set up what `python -m training` needs, in .venv
# make model    prepare the data and train the committed model.pt; STROKES is a folder with the two files of pen tracks,
#               MNIST one with MNIST's raw files (without it they are downloaded)
# make model-small    then have it teach a network of half its cost
# make lint     ruff and mypy; with Node also what checks the page's files (tests/lint)
# make screenshots    the pictures of the page in docs/, and every state of it in screenshots/
#
# On Linux without a GPU, `make serve TORCH=cpu` takes PyTorch from its own CPU index: 200 MB instead of several GB.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

ifeq ($(TORCH),cpu)
PIP_INSTALL += --extra-index-url https://download.pytorch.org/whl/cpu
endif

STROKES ?= data/strokes
MNIST ?=
DATA := data/digits
PREPARE = $(BIN)/python -m training prepare

.PHONY: serve test trainer model model-small lint lint-page screenshots clean

serve: $(VENV)/.base
	PATH="$(CURDIR)/$(BIN):$$PATH" sh -c "exec $$(sed -n 's/^web: //p' Procfile)"

test: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

trainer: $(VENV)/.train

# Writers and sites held out are in test-tablet/ and test-sites/ (benchmarks/held_out.py names the same ones).
model: $(VENV)/.train
	rm -rf $(DATA)
	$(PREPARE) mnist --out $(DATA) $(if $(MNIST),--root $(MNIST))
	$(PREPARE) unipen $(STROKES)/pendigits-train.unp.gz --out $(DATA) --variations 2 \
		--test-fraction 0.17 --test-name tablet \
		--credit "Pen-Based Recognition of Handwritten Digits; Alpaydin and Alimoglu, UCI; CC BY 4.0"
	$(PREPARE) unipen $(STROKES)/unipen-digits.unp.gz --out $(DATA) --variations 2 \
		--test-source aga --test-source uqb --test-fraction 0 --test-name sites \
		--credit "UNIPEN train_r01_v07, section 1a; doi:10.5281/zenodo.1195803; CC BY 4.0"
	$(BIN)/python -m training train $(DATA) --output model.pt --epochs 40 --amp --validation-fraction 0.05

model-small: $(VENV)/.train
	$(BIN)/python -m training train $(DATA) --output model-small.pt --arch resnet-small --teacher model.pt \
		--epochs 50 --amp --validation-fraction 0.05

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) --no-print-directory lint-page

# Node is needed for nothing else, so only CI insists on it.
lint-page: $(VENV)/.dev
ifneq ($(shell command -v npm),)
	$(MAKE) --no-print-directory tests/lint/node_modules/.installed
	$(BIN)/python -m docs.rendered_pages .pages
	npm --prefix tests/lint run --silent lint
else ifeq ($(CI),true)
	@echo "npm is missing: install Node 18 or newer" >&2; exit 1
else
	@echo "skipped the checks of static/ and app/templates/: they need npm (Node 18 or newer)"
endif

tests/lint/node_modules/.installed: tests/lint/package.json tests/lint/package-lock.json
	npm --prefix tests/lint ci --silent
	touch $@

# One stamp for each set of dependencies: installed again only when pyproject.toml has changed.
$(VENV)/.base: EXTRA = [onnx]
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
	rm -rf $(VENV) *.egg-info tests/lint/node_modules .pages screenshots
