# Needs nothing but make and a Python from 3.11 to 3.14; makes .venv itself.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
PYTHON ?= $(shell for p in python3.12 python3 python3.13 python3.14 python3.11 python; do \
	$$p -c '$(FITS)' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
RUN := $(VENV)/bin/python
BUILT := $(VENV)/.built-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
BENCH := $(VENV)/.bench

# uv installs the pins in seconds where pip takes minutes; it comes from the same hashed pins. It is
# tried with the machine's certificates (a company's proxy has its own), then with those it brings.
# Where it cannot reach the index at all (a mirror set up for pip alone, say), pip does the work.
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes
INSTALL_UV = awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements-dev.txt > $(VENV)/uv.txt \
	&& $(PIP) --no-deps -r $(VENV)/uv.txt
UV_INSTALL = $(VENV)/bin/uv pip install --quiet --require-hashes --python $(RUN)
install = $(UV_INSTALL) --system-certs -r $(1) 2>$(VENV)/uv.log || $(UV_INSTALL) -r $(1) 2>>$(VENV)/uv.log \
	|| $(PIP) -r $(1)

.DEFAULT_GOAL := help
.PHONY: help dev test check migrate seed psql backup restore bench simulate calibrate deploy-check pins clean

help: ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 16
	@echo && echo "Variables, written after the command: make dev PORT=8000"
	@grep -E '^#: ' $(MAKEFILE_LIST) | sed -E 's/^#: ([A-Z]+) +/\1	/' | expand -t 16

#: PORT   dev: where to answer (default 5300; 0 takes a free port)
#: FILE   restore: the backup to bring back (default: the newest)
#: ARGS   test, bench, psql: more arguments, such as ARGS="-k health" or ARGS="-c 'select 1'"
#: POOL   simulate, calibrate: id of the question pool
#: PYTHON Interpreter to make the environment with (default: the first from 3.11 to 3.14 found)

# The environment is made again whenever the pins or the interpreter change. The old one goes only
# when it is clear that a new one can be made: a `make dev` may be running from it.
$(BUILT): requirements-dev.txt local/servers/redis-server.txt
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(FITS)' 2>/dev/null \
		|| { echo "No Python from 3.11 to 3.14 found; set PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make an environment: on Debian and Ubuntu install python3-venv"; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV) (once) …"
	@$(INSTALL_UV)
	@$(call install,requirements-dev.txt)
	@$(RUN) -m local.servers.install_redis
	@touch $@

$(BENCH): requirements-bench.txt $(BUILT)
	@$(call install,requirements-bench.txt)
	@touch $@

dev: $(BUILT) ## Run everything at http://127.0.0.1:5300 (data in .local/)
	@exec $(RUN) -m local

test: $(BUILT) ## All tests, on a Postgres and a Redis of their own
	@$(RUN) -m pytest $(ARGS)

check: $(BUILT) ## Formatting, lint, types, import rules, routes against deployment files
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@$(RUN) -m pytest tests/house

migrate: $(BUILT) ## Bring the database to the newest schema
	@$(RUN) -m local.with_services migrate.py upgrade

seed: $(BUILT) ## Load the demo data; loading it twice changes nothing
	@$(RUN) -m local.with_services -m local.demo

psql: $(BUILT) ## PostgreSQL's console on the database in use; reads a pipe, too
	@$(RUN) -m local.with_services -m local.psql $(ARGS)

backup: $(BUILT) ## pg_dump into .local/backups
	@$(RUN) -m local.with_services -m local.backup dump

restore: $(BUILT) ## pg_restore FILE=… (default: the newest backup)
	@$(RUN) -m local.with_services -m local.backup restore $(if $(FILE),"$(FILE)")

bench: $(BENCH) ## Every benchmark, with the alternative measured in the same run
	@$(RUN) -m benchmarks $(ARGS)

simulate: $(BENCH) ## What a pool can measure: make simulate POOL=<id>
	@$(RUN) -m local.with_services -m local.pools.simulate $(POOL)

calibrate: $(BUILT) ## Estimate item parameters from recorded answers: make calibrate POOL=<id>
	@$(RUN) -m local.with_services -m local.pools.calibrate $(POOL)

deploy-check: $(BUILT) ## Build for Vercel and Lambda without an account, compare with lib/routes.py
	@$(RUN) -m local.deploy.check

pins: $(BUILT) ## Resolve pyproject.toml into the hashed requirement files
	@for target in ":requirements.txt" "--extra dev:requirements-dev.txt" "--extra dev --extra bench:requirements-bench.txt"; do \
		$(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			--no-header --no-annotate $${target%%:*} pyproject.toml -o $${target##*:} || exit 1; done

clean: ## Remove the environment and caches; .local/ (your data) stays
	@rm -rf $(VENV) .build .mypy_cache .ruff_cache .pytest_cache .hypothesis
