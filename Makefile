# The front door. Everything it makes lives in .venv; PYTHON=python3.13 chooses the interpreter.
#
#   make serve   run the program of the README on port 3000
#   make test    ruff, mypy --strict, the tests with their coverage

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
N ?= 1000
SEED ?= 1
SECONDS ?= 60
MINUTES ?= 10
TESTS ?= tests
# What is built of: when one changes, it is installed again.
BUILT := pyproject.toml setup.py $(wildcard src/writehead/_native/*.[ch])

# The first interpreter that is new enough and can make an environment.
FIND_PYTHON = for each in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$each" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$each"; exit 0; }; done; \
	echo "writehead needs Python 3.11 or newer, with venv; name one: make PYTHON=/path/to/python3" >&2; exit 1

$(BIN)/python:
	@python=$$($(FIND_PYTHON)) && echo "Making $(VENV) with $$python" && "$$python" -m venv $(VENV)

# A stamp is as new as the installation. Without a compiler the functions in C are left out.
$(VENV)/.ready: $(BUILT) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# --group came with pip 25.1; the pip that a fresh environment brings may be older.
$(VENV)/.ready-%: pyproject.toml | $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group $*
	@touch $@

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' Makefile | awk -F'|' '{printf "%-26s %s\n", $$1, $$2}'

.PHONY: serve
serve: $(VENV)/.ready ## Run examples/ping.py on port 3000
	@exec $(BIN)/writehead examples/ping.py

.PHONY: test
test: lint types ## Run ruff, mypy --strict and the tests with their coverage
	$(BIN)/python -m pytest -q -n 2 --cov --cov-report=term $(ARGS) $(TESTS)

.PHONY: test-python
test-python: $(VENV)/.ready-dev ## Run the tests of HTTP/1 without the functions in C
	WRITEHEAD_NATIVE=0 $(BIN)/python -m pytest -q -n 2 $(ARGS) tests/native tests/http1 tests/properties

# The applications of tests/apps and their packages, in an environment of their own.
$(VENV)/apps/.ready: $(BUILT) | $(BIN)/python
	@test -x $(VENV)/apps/bin/python || $(BIN)/python -m venv $(VENV)/apps
	$(VENV)/apps/bin/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(VENV)/apps/bin/python -m pip install --quiet --disable-pip-version-check --editable . --group apps
	@touch $@

.PHONY: test-apps
test-apps: $(VENV)/apps/.ready ## Serve applications of FastAPI, Django, Flask and others to real clients
	$(VENV)/apps/bin/python -m pytest -q -n 2 --all-apps $(ARGS) tests/apps
	$(VENV)/apps/bin/python -m pytest -q -k 'run-your-app or below-asgi' tests/test_docs.py

.PHONY: lint
lint: $(VENV)/.ready-dev ## Run ruff
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .

.PHONY: types
types: $(VENV)/.ready-dev ## Run mypy --strict, and pyright on what users write
	$(BIN)/mypy --no-error-summary
	@$(BIN)/pyright --pythonpath $(BIN)/python

.PHONY: packages
packages: $(VENV)/.ready-dev ## Print the packages of the library, and what each imports
	@$(BIN)/python -m tests.packages

.PHONY: events
events: $(VENV)/.ready-dev ## Make the types of `on`, `emit` and so on of the events that are declared
	$(BIN)/python -m tests.event_types

.PHONY: options
options: $(VENV)/.ready-dev ## Write the options of the command into its reference
	$(BIN)/python -m tests.settings_page

.PHONY: format
format: $(VENV)/.ready-dev ## Let ruff order the imports and lay out the code
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

# Every interpreter found, pyenv's too, each with uvloop and with plain asyncio in debug mode.
PYTHONS ?= python3.11 python3.12 python3.13 python3.14 $(wildcard $(HOME)/.pyenv/versions/3.1[1-4]*/bin/python)

.PHONY: test-all
test-all: ## Run the tests on every Python found, with uvloop and with asyncio
	@seen=; failed=; for each in $(PYTHONS); do \
		version=$$("$$each" -c 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) \
			|| continue; \
		case " $$seen " in *" $$version "*) continue;; esac; seen="$$seen $$version"; \
		env=$(VENV)/all/$$version; \
		test -x $$env/bin/python || "$$each" -m venv $$env || exit 1; \
		test -e $$env/.ready -a -z "$$(find $(BUILT) -newer $$env/.ready)" || { \
			$$env/bin/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1' && \
			$$env/bin/python -m pip install --quiet --editable . --group tests && touch $$env/.ready; } || exit 1; \
		for loop in uvloop asyncio; do \
			echo "== Python $$version with $$loop"; \
			$$env/bin/python -m pytest -q -n 2 --loop=$$loop $(ARGS) $(TESTS) \
				|| failed="$$failed $$version/$$loop"; \
		done; \
	done; echo "== ran on Python$$seen"; test -z "$$failed" || { echo "== failed:$$failed" >&2; exit 1; }

.PHONY: conformance
conformance: $(VENV)/.ready-dev ## Compare with Node: the written scenarios and N random programs from SEED
	$(BIN)/python -m tests.conformance --random $(N) --seed $(SEED) $(ARGS)

.PHONY: conformance-report
conformance-report: $(VENV)/.ready-dev ## Write the page of what is the same as Node
	$(BIN)/python -m tests.conformance --report $(ARGS)

.PHONY: asgi-report
asgi-report: $(VENV)/.ready-dev ## Ask other servers the same as writehead, and write the page
	$(BIN)/python -m comparison --docs $(ARGS)

.PHONY: bench
bench: $(VENV)/.ready ## Measure against Node and the other servers
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-check
bench-check: $(VENV)/.ready-dev ## Compare the work per request with the figures kept
	$(BIN)/python -m benchmarks.check $(ARGS)

# Guided by coverage where atheris has a wheel, else drawn by hypothesis.
$(VENV)/.ready-fuzz: pyproject.toml | $(VENV)/.ready-dev
	-@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary atheris --group fuzz
	@touch $@

.PHONY: fuzz
fuzz: $(VENV)/.ready-dev $(VENV)/.ready-fuzz ## Fuzz for SECONDS, guided by coverage where atheris installs
	$(BIN)/python -m fuzz --seconds $(SECONDS) $(ARGS)

# Linux alone: the sanitizers' libraries have to be there before the interpreter's first allocation.
CASES ?= 100000
SANITIZED := build/sanitized
$(SANITIZED)/.ready: $(BUILT) | $(VENV)/.ready-dev
	@mkdir -p $(SANITIZED)
	for each in heads fields; do $(CC) -shared -fPIC -O1 -g -fno-omit-frame-pointer \
		-fsanitize=address,undefined -fno-sanitize-recover=all -Wall -Wextra -Wno-missing-field-initializers \
		-I$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("include"))') \
		src/writehead/_native/$$each.c -o $(SANITIZED)/_$$each.so || exit 1; done
	@touch $@

.PHONY: fuzz-native
fuzz-native: $(SANITIZED)/.ready ## Fuzz the functions in C, built with ASan and UBSan: CASES from SEED
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
		ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc WRITEHEAD_NATIVE=0 \
		$(BIN)/python -m fuzz.native --build $(SANITIZED) --cases $(CASES) --seed $(SEED) $(ARGS)

.PHONY: soak
soak: $(VENV)/.ready-dev ## Load a server for MINUTES and look for what grows
	$(BIN)/python -m endurance.soak --minutes $(MINUTES) $(ARGS)

.PHONY: hostile
hostile: $(VENV)/.ready-dev ## Send every hostile stream, whole and in pieces
	$(BIN)/python -m tests.hostile $(ARGS)

.PHONY: faults
faults: $(VENV)/.ready-dev ## Break every program at every point
	$(BIN)/python -m tests.faults $(ARGS)

.PHONY: slow
slow: $(VENV)/.ready-dev ## Hold thousands of slow and absent clients beside an honest one
	$(BIN)/python -m endurance.slow $(ARGS)

.PHONY: fair
fair: $(VENV)/.ready-dev ## Measure what an honest client waits beside greedy ones
	$(BIN)/python -m endurance.fair $(ARGS)

.PHONY: stops
stops: $(VENV)/.ready-dev ## Stop a server under load, again and again, and count what is lost
	$(BIN)/python -m endurance.stop $(ARGS)

.PHONY: operate
operate: $(VENV)/.ready-dev ## Reload, recycle, kill and block workers under load, and count what is lost
	$(BIN)/python -m endurance.operate $(ARGS)

.PHONY: docs
docs: $(VENV)/.ready-docs ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict  # --quiet would hide from --strict what it warns of

.PHONY: clean
clean: ## Remove what was made, the environment too
	rm -rf $(VENV) build site dist src/*.egg-info src/writehead/_native/*.so .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
