# make run: sets everything up and runs Milepost. make test: sets up what the tests need, runs them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK := $(BIN)/python -m piptools compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# A stamp carries the checksum of what it stands for: touching or checking out a file again
# installs nothing, changing it does.
sum = $(firstword $(shell cat $(1) | cksum))
SETUP := $(VENV)/.setup-$(call sum,requirements.txt)
SETUP_DEV := $(VENV)/.setup-dev-$(call sum,requirements.txt requirements-dev.txt)

.PHONY: setup run setup-dev test test-long check audit bench faults fmt lock

setup: $(SETUP)

run: $(SETUP)
	@exec $(BIN)/python app.py

setup-dev: $(SETUP_DEV)

test: $(SETUP_DEV)
	@$(BIN)/python -m tests.chromium
	@$(BIN)/python -m tests.nginx
	PYTHONHASHSEED=0 $(BIN)/python -m pytest -n 3 --dist loadfile -m "not long" $(ARGS)

test-long: $(SETUP_DEV)
	@$(BIN)/python -m tests.chromium
	@$(BIN)/python -m tests.nginx
	$(BIN)/python -m pytest -m long $(ARGS)

check: $(SETUP_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive app.py callbacks layouts data

# Asks an index of advisories about what is pinned: needs the network.
audit: $(SETUP_DEV)
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements.txt
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements-dev.txt

bench: $(SETUP_DEV)
	@$(BIN)/python -m tests.chromium
	$(BIN)/python -m tests.bench $(ARGS)

faults: $(SETUP_DEV)
	@$(BIN)/python -m tests.chromium
	$(BIN)/python -m tests.faults $(ARGS)

fmt: $(SETUP_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Pins the newest releases that requirements*.in allow.
lock: $(SETUP)
	$(PIP) install pip-tools
	$(LOCK) --upgrade --output-file requirements.txt requirements.in
	$(LOCK) --upgrade --output-file requirements-dev.txt requirements-dev.in

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Milepost needs Python 3.11 or newer")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(SETUP): | $(BIN)/python
	@echo "Installing what Milepost needs, once ..."
	@$(PIP) install --require-hashes --requirement requirements.txt
	@rm -f $(VENV)/.setup-[0-9]* && touch $@

$(SETUP_DEV): $(SETUP)
	@echo "Installing what its tests need, once ..."
	@$(PIP) install --require-hashes --requirement requirements.txt --requirement requirements-dev.txt
	@rm -f $(VENV)/.setup-dev-* && touch $@
