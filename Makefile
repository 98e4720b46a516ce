# make book       the environment, the built site, and where to open it
# make pdf        the whole book as one PDF, and the site offers it (needs Chromium)
# make epub       the same for reading devices, and the site offers it
# make test       the environment, then every notebook and every test
# make notebooks  re-execute the chapters that changed (CHAPTERS="03 06": only these)
# make sayings    compute the map of chapter 9 again, on all cores: minutes
# make lint       mistakes that a machine sees: in code, layout, types, spelling, workflows
# make mutate     damage the book, one fault at a time, and list what the checks miss
# make upgrade    try the newest versions of everything, and say which numbers move
# make benchmark  time hundreds of networks beside other ways, and rewrite that page
# make handout    an archive for students: the chapters without their solutions
# make clean      remove what the others made, the environment included

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PAGE := _build/html/index.html

# The folder itself is where `python -m` finds tools/, whatever a person has set.
unexport PYTHONSAFEPATH

.PHONY: book pdf epub test notebooks sayings lint mutate upgrade benchmark handout clean
.DELETE_ON_ERROR:

# Only pages that changed are built again; after a failure all of them, or their warnings would be
# given once and then forgotten.
book: $(READY) _build/.doctrees
	@$(BIN)/jupyter-book build . -W --keep-going --quiet \
	  || { rm -rf _build/.doctrees; \
	       echo "The book did not build: each warning above is an error to mend."; exit 1; }
	@echo "The book stands. Open: file://$(abspath $(PAGE))"

# What shapes every page: when it changes, all of them are built again.
_build/.doctrees: $(wildcard book/_ext/*.py book/_templates/* book/_static/*)
	@rm -rf $@ && mkdir -p $@

# The site a second time, for its link to the file.
pdf: book
	@$(BIN)/python -m tools.publishing.pdf
	@$(BIN)/jupyter-book build . -W --keep-going --quiet > /dev/null

# The site a second time here, too.
epub: book
	@rm -rf _build/epub
	@$(BIN)/jupyter-book build . --builder custom --custom-builder epub -W --keep-going --quiet > /dev/null
	@cp _build/epub/neural-networks-measured.epub _build/html/
	@$(BIN)/jupyter-book build . -W --keep-going --quiet > /dev/null

# Two at a time, each notebook whole: a cell needs those before it.
test: $(READY)
	$(BIN)/pytest --nbval -n 2 --dist loadfile

notebooks: $(READY)
	@$(BIN)/python -m tools.publishing.execute $(CHAPTERS)

# After a change of what is compared: a test says so. Then the chapter, whose text reads the map.
sayings: $(READY)
	$(BIN)/python -m tools.publishing.sayings

lint: $(READY)
	@$(BIN)/python -m pip install --quiet --requirement tools/lint-requirements.txt
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff

mutate: $(READY)
	$(BIN)/python -m tools.mutation

upgrade: $(READY)
	$(BIN)/python -m tools.checking.newest_versions

benchmark: $(READY)
	@$(BIN)/python -m pip install --quiet --requirement benchmarks/requirements.txt
	$(BIN)/python benchmarks/speed.py

handout:
	@mkdir -p _build
	@tar -czf _build/handout.tar.gz --exclude=__pycache__ README.md LICENSE requirements.txt pyproject.toml \
	  helpers book/reference book/*.ipynb
	@echo "The chapters without solutions: _build/handout.tar.gz"

# Touched last, so that an installation that broke off half-way is taken up again.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' \
	  || { echo "This book needs Python 3.11 to 3.14, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)."; \
	       echo "Install one, then name it: make $(or $(MAKECMDGOALS),book) PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "Python's venv module is missing; on Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing the environment (once; a few minutes)..."
	@$(BIN)/python -m pip install --quiet --requirement requirements.txt \
	  || { echo "Installing failed: pip's message above names the package. If a download broke off,"; \
	       echo "check the connection and call make again: what has arrived is kept."; exit 1; }
	@touch $@

clean:
	rm -rf $(VENV) _build
