# Noctuary for Kubernetes. Bare `make` prints what there is.
MAKEFLAGS += --warn-undefined-variables --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
ONCE ?=
RUNS ?= 2
ARGS ?=
KEEP ?=
CLUSTER ?=
YES ?=
WORKERS ?= 2
TESTS ?=
BIN := .venv/bin
INSTALLED := .venv/.installed
SOURCES := noctuary operator/noctuary_operator webhook_receiver noctuary_cli hack testbed tests benchmarks

##@ Run
run: $(INSTALLED) ## Watch an incident get its note, on embedded parts (ONCE=1: check, remove all, exit; CLUSTER=current YES=1)
	$(BIN)/python -m testbed.demo $(if $(ONCE),--once) $(if $(CLUSTER),--cluster $(CLUSTER)) $(if $(YES),--yes)

faults: $(INSTALLED) ## Kill and disturb operator and receiver, count losses and doubles (RUNS=n scales it)
	$(BIN)/python -m testbed.faults --runs $(RUNS) $(ARGS)

attack: $(INSTALLED) cluster-binaries ## Attack a release as tenant, sender and stranger (ARGS="--only NAME --label L")
	$(BIN)/python -m testbed.attack $(ARGS)

bench: $(INSTALLED) ## Measure time to Ready, CPU per resource and webhook to note, beside references
	$(BIN)/python -m benchmarks $(ARGS)

store-bench: $(INSTALLED) ## Measure reads during a storm of writes, beside the reference, windows of 100,000 events, and the sweep
	$(BIN)/python -m benchmarks.store.reads
	$(BIN)/python -m benchmarks.store.window
	$(BIN)/python -m benchmarks.store.sweep

store-upgrade: $(INSTALLED) ## Upgrade a store of release 0.2.0 that holds 3 GB (ARGS="--gigabytes N")
	$(BIN)/python -m benchmarks.store.upgrade $(ARGS)

golden-notes: $(INSTALLED) ## Write the notes that the cases of all analyzers give, to be read and committed
	$(BIN)/python -m testbed.golden_notes

notes-compare: $(INSTALLED) ## Print the notes of ordinary incidents as a release before wrote them, and as this tree does
	$(BIN)/python -m testbed.before_after $(ARGS)

eval: $(INSTALLED) ## Judge answers to recorded incidents (ARGS="--only WORD --without logs --record --json"); 1: fell since the last line
	$(BIN)/python -m testbed.evaluation $(ARGS)

eval-record: $(INSTALLED) cluster-binaries ## Play the incidents anew on a control plane and keep them (ARGS="WORD ..."): minutes
	$(BIN)/python -m testbed.evaluation.recording $(ARGS)

live: $(INSTALLED) ## Break workloads on kind, judge their notes, run their commands (KEEP=1; ARGS="--only NAME --label L --tree DIR")
	$(BIN)/python -m testbed.kind run --bare $(if $(KEEP),--keep) -- $(BIN)/python -m testbed.live run $(ARGS)

structure: $(INSTALLED) ## Print the rooms: files, arrows between them, cycles, lengths
	$(BIN)/python -m hack.structure

##@ Develop
test: check unit integration ## Everything that must pass: check + unit + integration

check: $(INSTALLED) ## Format, lint, types, import law, locked dependencies
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports

unit: $(INSTALLED) ## Tests that need nothing (TESTS="files or folders": only those)
	$(BIN)/python -m pytest $(or $(TESTS),tests/unit) -q -n $(WORKERS) $(ARGS)

integration: $(INSTALLED) cluster-binaries ## Tests on a real API server, a real store and the PagerDuty simulator
	$(BIN)/python -m pytest tests/integration -q -n $(WORKERS) $(ARGS)

format: $(INSTALLED) ## Format the code and fix what a machine can fix
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

##@ Deliver
image: $(INSTALLED) ## Build the image with Docker, or without it as an archive; print its size and SBOM
	$(BIN)/python -m hack.image $(ARGS)

e2e: $(INSTALLED) ## Tests with running pods on a kind cluster (KEEP=1: leave it; CLUSTER=existing: use KUBECONFIG's)
	$(BIN)/python -m testbed.kind run $(if $(KEEP),--keep) $(if $(CLUSTER),--cluster=$(CLUSTER)) \
	  -- $(BIN)/python -m pytest tests/e2e -q $(ARGS)

e2e-down: $(INSTALLED) ## Remove a cluster that was kept
	$(BIN)/python -m testbed.kind down

gitops: $(INSTALLED) cluster-binaries ## A real Argo CD syncs the example of deploy/argocd from git (builds Argo CD once: minutes)
	$(BIN)/python -m pytest tests/gitops -q $(ARGS)

chart-check: $(INSTALLED) cluster-binaries ## Lint, truth tables, real installs with Helm 3 and 4, scanner (builds Helm once: minutes)
	$(BIN)/python -m hack.chart check
	$(BIN)/python -m pytest tests/chart -q $(ARGS)

chart-package: $(INSTALLED) ## Pack the chart into build/chart, with the address of its sources (builds Helm once: minutes)
	$(BIN)/python -m hack.chart package

##@ Document
docs: .venv-docs/.installed ## Build the documentation's site into build/site; warnings are errors
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet

docs-serve: .venv-docs/.installed ## Serve it on loopback, anew after each change
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs serve

docs-kind: $(INSTALLED) ## Read install.md and quickstart.md word by word on kind, with pods (KEEP=1: leave it)
	$(BIN)/python -m testbed.kind run --no-image $(if $(KEEP),--keep) -- $(BIN)/python -m pytest tests/e2e/pages -q -s $(ARGS)

docs-test: docs cluster-binaries ## Run every snippet of the pages and every example on real API servers (builds Helm once)
	$(BIN)/python -m pytest tests/docs -q -n $(WORKERS) $(ARGS)

.venv-docs/.installed: requirements/docs.txt $(INSTALLED)
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/pip install --quiet --require-hashes --requirement requirements/docs.txt
	touch $@

##@ Local control plane
up: $(INSTALLED) ## Start etcd, API server and controller manager on loopback
	$(BIN)/python -m testbed.localkube up

down: $(INSTALLED) ## Stop them and remove their data
	$(BIN)/python -m testbed.localkube down

cluster-binaries: $(INSTALLED) ## Build them once for this user (minutes), or find them
	@$(BIN)/python -m testbed.localkube kubectl-path >/dev/null

##@ Generate
lock: ## Resolve the dependencies anew, with hashes and without addresses
	$(BIN)/pip install --quiet uv
	for set in "runtime" "dev --group dev"; do set -- $$set; name=$$1; shift; \
	  $(BIN)/uv pip compile pyproject.toml --extra operator --extra receiver "$$@" --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header --quiet --upgrade --output-file requirements/$$name.txt || exit 1; done
	echo hatchling | $(BIN)/uv pip compile - --constraint requirements/dev.txt --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements/build.txt
	$(BIN)/uv pip compile requirements/checkov.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --quiet --upgrade --output-file requirements/checkov.txt
	$(BIN)/uv pip compile requirements/docs.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --no-annotate --quiet --upgrade --output-file requirements/docs.txt

chart-generate: $(INSTALLED) ## Write the chart's CRD templates, README table and dashboard, the reference pages and the Kustomize base
	$(BIN)/python -m hack.chart generate

setup: $(INSTALLED) ## Make .venv with the locked dependencies

$(INSTALLED): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: set PYTHON=python3.x")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --requirement requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

help: ## This text
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: eval eval-record docs-kind chart-package attack live notes-compare golden-notes store-bench store-upgrade structure gitops docs docs-serve docs-test chart-check chart-generate image e2e e2e-down run faults bench test check unit integration format up down cluster-binaries lock setup help
