# make serve    set up what serving needs and serve on http://localhost:8000 (HOST, PORT from the environment); no PyTorch
# make test     set up what testing needs and run every test
# make test-cluster    the tests that need Ray (500 MB): a minute
# make trainer  set up what `python -m training` needs, in .venv
# make model    prepare the data and train the committed model.pt; STROKES is a folder with the four files of pen tracks,
#               MNIST one with MNIST's raw files (without it they are downloaded), CELLS one of photographed cells, if any
# make model-small    then have it teach a network of half its cost
# make letters  prepare the data and train models/letters.pt: digits and letters; STROKES and CELLS as for model
# make kana     prepare Kuzushiji-MNIST and train models/kana.pt; KMNIST is a folder with its raw files (without it they
#               are downloaded), STROKES as for model
# make ink      train the network that finds ink in photographs, app/recognition/ink.onnx; STROKES and CELLS as for model
# make lint     ruff and mypy; with Node also what checks the page's files (tests/lint)
# make screenshots    the pictures of the page in docs/, and every state of it in screenshots/
#
# On Linux without a GPU, TORCH=cpu (as in `make trainer TORCH=cpu`) takes PyTorch from its own index of CPU builds: 200 MB
# instead of several GB.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(TORCH),cpu)
TORCH_INDEX := --extra-index-url https://download.pytorch.org/whl/cpu
endif

STROKES ?= data/strokes
MNIST ?=
KMNIST ?=
DATA := data/digits
NO_DIGITS := data/no-digits
LETTERS := data/letters
NO_LETTERS := data/no-letters
KANA := data/kana
NO_KANA := data/no-kana
# Classes that no longer differ once they are cropped and scaled; docs/training.md says how they were chosen.
LOOK_ALIKES := 0Oo 1Il 9gq Cc Kk Pp Ss Uu Vv Ww Xx Yy Zz
PREPARE = $(BIN)/python -m training prepare
UNIPEN := digits letters symbols
TABLET := --validation-fraction 0.17 --test-fraction 0.17
# The same for every section of UNIPEN. Files at `app` that have the name of one at `apa` may be the same person's.
SITES := --validation-source aga --validation-source uqb --test-source apa --test-fraction 0 --exclude-namesakes

.PHONY: serve test test-slow test-cluster trainer model model-small letters kana ink lint lint-page screenshots clean

serve: $(VENV)/.base
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh -c "exec $$(sed -n 's/^web: //p' Procfile)"

test: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-slow: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m slow

test-cluster: $(VENV)/.test $(VENV)/.cluster
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m cluster tests/recognition/batch

trainer: $(VENV)/.train

# Which writers train, which choose (validation/) and which are only reported on (test/, test-tablet/, test-sites/):
# docs/training.md says why, benchmarks/held_out.py names the same ones.
model: $(VENV)/.train
	rm -rf $(DATA) $(NO_DIGITS)
	$(PREPARE) mnist --out $(DATA) $(if $(MNIST),--root $(MNIST)) --validation-fraction 0.05
	$(PREPARE) unipen $(STROKES)/pendigits-train.unp.gz --out $(DATA) --variations 2 $(TABLET) --test-name tablet \
		--credit "Pen-Based Recognition of Handwritten Digits; Alpaydin and Alimoglu, UCI; CC BY 4.0"
	$(PREPARE) unipen $(STROKES)/unipen-digits.unp.gz --out $(DATA) --variations 2 $(SITES) --test-name sites \
		--credit "UNIPEN train_r01_v07, section 1a; doi:10.5281/zenodo.1195803; CC BY 4.0"
	$(PREPARE) no-digits $(UNIPEN:%=$(STROKES)/unipen-%.unp.gz) --out $(NO_DIGITS) $(SITES) \
		--credit "UNIPEN train_r01_v07, sections 1a to 1d; doi:10.5281/zenodo.1195803; CC BY 4.0"
	$(PREPARE) photographs $(STROKES)/pendigits-train.unp.gz --out $(DATA) --count 2000 \
		$(TABLET) --credit "photographs composed of the tracks of Pen-Based \
	Recognition of Handwritten Digits; Alpaydin and Alimoglu, UCI; CC BY 4.0"
	$(PREPARE) photographs $(STROKES)/unipen-digits.unp.gz --out $(DATA) --count 3000 --printed 1500 $(SITES) \
		$(if $(CELLS),--cells $(CELLS)) --credit "photographs composed of the tracks of UNIPEN train_r01_v07, \
	section 1a; cells: AlexKubiesa/sudoku-scanner, MIT; print: DejaVu, STIX and Computer Modern fonts"
	$(BIN)/python -m training train $(DATA) --unknown $(NO_DIGITS) --output model.pt --epochs 18 --skip-unreadable

model-small: $(VENV)/.train
	$(BIN)/python -m training train $(DATA) --output model-small.pt --unknown $(NO_DIGITS) --arch resnet-small \
		--teacher model.pt --epochs 50

# Each of the rarer letters is drawn in more versions: people who try the page write none of them more often.
letters: $(VENV)/.train
	rm -rf $(LETTERS) $(NO_LETTERS)
	$(PREPARE) unipen $(STROKES)/unipen-letters.unp.gz --out $(LETTERS) --fewest 700 $(SITES) \
		--credit "UNIPEN train_r01_v07, sections 1b and 1c; doi:10.5281/zenodo.1195803; CC BY 4.0"
	$(PREPARE) unipen $(STROKES)/unipen-digits.unp.gz --out $(LETTERS) $(SITES) \
		--credit "UNIPEN train_r01_v07, section 1a; doi:10.5281/zenodo.1195803; CC BY 4.0"
	$(PREPARE) unipen $(STROKES)/pendigits-train.unp.gz --out $(LETTERS) $(TABLET) --test-name tablet \
		--credit "Pen-Based Recognition of Handwritten Digits; Alpaydin and Alimoglu, UCI; CC BY 4.0"
	$(PREPARE) photographs $(STROKES)/unipen-letters.unp.gz $(STROKES)/unipen-digits.unp.gz --out $(LETTERS) \
		--count 500 --printed 1500 $(SITES) \
		--credit "photographs composed of the tracks of UNIPEN train_r01_v07, sections 1a to 1c; print: DejaVu, STIX and \
	Computer Modern fonts"
	$(PREPARE) no-letters $(UNIPEN:%=$(STROKES)/unipen-%.unp.gz) --out $(NO_LETTERS) $(SITES) \
		--credit "UNIPEN train_r01_v07, sections 1a to 1d; doi:10.5281/zenodo.1195803; CC BY 4.0"
	$(BIN)/python -m training train $(LETTERS) --unknown $(NO_LETTERS) --output models/letters.pt --title Letters \
		--look-alikes $(LOOK_ALIKES) --init model.pt --lr 0.01 --epochs 10 --skip-unreadable

# Of Kuzushiji-MNIST the 10,000 test images, as there were no others when the committed model was trained.
kana: $(VENV)/.train
	rm -rf $(KANA) $(NO_KANA)
	$(PREPARE) kmnist --out $(KANA) $(if $(KMNIST),--root $(KMNIST)) --only test --test-fraction 0.2 \
		--validation-fraction 0.1
	$(PREPARE) no-kana $(UNIPEN:%=$(STROKES)/unipen-%.unp.gz) --out $(NO_KANA) --every 6 $(SITES) \
		--credit "UNIPEN train_r01_v07, sections 1a to 1d; doi:10.5281/zenodo.1195803; CC BY 4.0"
	$(BIN)/python -m training train $(KANA) --unknown $(NO_KANA) --output models/kana.pt --title Kana --epochs 30

ink: $(VENV)/.train
	$(BIN)/python -m training.ink.train $(STROKES) $(if $(CELLS),--papers $(CELLS)/blank) --weights data/ink.pt

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

# One stamp for each set of dependencies: installed again only when the file that lists them has changed.
$(VENV)/.base: requirements.txt
	$(call install,--requirement requirements.txt)
$(VENV)/.train $(VENV)/.test $(VENV)/.dev $(VENV)/.cluster: pyproject.toml
	$(call install,$(TORCH_INDEX) --editable ".[$(patsubst .%,%,$(@F))]")

# Makes the environment, also where it is unfinished because making it was interrupted, and shows a line for each package
# while pip works. A pipe hides pip's exit status, so it takes another way.
define install
@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "Making $(VENV)"; $(PYTHON) -m venv --clear $(VENV); }
@echo "Installing into $(VENV): $(1)"
@status=$$( { { $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off $(1); echo $$? >&3; } \
	| grep --line-buffered -E '^(Collecting|Installing|Successfully)' >&2; } 3>&1 ); exit $$status
@touch $@
endef

screenshots: $(VENV)/.test
	$(BIN)/python -m docs.screenshots

clean:
	rm -rf $(VENV) *.egg-info tests/lint/node_modules .pages screenshots
