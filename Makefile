.DEFAULT_GOAL := help
PY := .venv/bin/python
UV := $(shell command -v uv 2>/dev/null)
PORT ?= 8501
since ?= HEAD
DEPTRY := env PYTHONWARNINGS=ignore .venv/bin/deptry --config .deptry.toml
EXPERIMENT ?= examples/lab/gate.yaml
COGGED := -I . docs/architecture.md docs/decisions/README.md CONTRIBUTING.md

help: ## what can be done here
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/run.stamp: requirements.txt
	@test -x $(PY) || { if [ -n "$(UV)" ]; then uv venv -q --python 3.11 .venv || uv venv -q .venv; else python3 -m venv .venv; fi; }
	@if [ -n "$(UV)" ]; then uv pip install -q --python $(PY) -r requirements.txt; else $(PY) -m pip install -q -r requirements.txt; fi
	@$(PY) -m coach.speech.whisper.weights
	@$(PY) -m coach.speech.voice.weights
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@if [ -n "$(UV)" ]; then uv pip install -q --python $(PY) -r requirements-dev.txt; else $(PY) -m pip install -q -r requirements-dev.txt; fi
	@touch $@

run: .venv/run.stamp ## serve the workbench on http://localhost:8501
	@exec env COACH_SAMPLE_DATA=1 .venv/bin/streamlit run app.py --server.port $(PORT) \
		--server.address "$$($(PY) -c 'from coach.settings import settings; print(settings().coach_address)')"

test: .venv/dev.stamp ## install what tests need and run all of them
	@bash tests/install_system.sh
	@$(PY) -m tests

test-long: .venv/dev.stamp ## run the tests that repeat something, many times each (tests/long.py)
	@COACH_LONG_TESTS=1 $(PY) -m pytest -o timeout=1800 $$(grep -rlE "^from tests.long" tests --include="test_*.py")

test-fast: .venv/dev.stamp ## run the tests that belong to what changed (since=REVISION), browser left out
	@$(PY) -m pytest -n 2 --dist loadfile -m "not slow and not browser" $$($(PY) -m tests.affected $(since))

check: .venv/dev.stamp ## format, lint, types, import rules, dead code, requirements, documents
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports
	@.venv/bin/mypy
	@.venv/bin/mypy tests benchmarks training examples --cache-dir .mypy_cache/tests
	@$(PY) -m tests.architecture.dead_code
	@$(DEPTRY) coach pages
	@$(DEPTRY) . --requirements-files requirements.in,requirements-dev.in
	@.venv/bin/cog --check $(COGGED) >/dev/null || { echo "documents are behind the code: make docs"; exit 1; }

fix: .venv/dev.stamp ## format and mend what the linter can
	@.venv/bin/ruff check --fix-only -q .
	@.venv/bin/ruff format -q .

eval: .venv/run.stamp ## score the coach on the labelled sets (EVALS=folder)
	@$(PY) -m coach eval answers $(EVALS)/answers.jsonl
	@$(PY) -m coach eval fillers $(EVALS)/fillers.jsonl
	@$(PY) -m coach eval jobs $(EVALS)/jobs.jsonl
	@$(PY) -m coach eval rewrites $(EVALS)/rewrites.jsonl
	@$(PY) -m coach eval recordings $(EVALS)/MANIFEST.tsv

train: .venv/dev.stamp ## fit the offline coach's models on data/training (ARGS=--check or --estimate)
	@$(PY) -m training $(ARGS)

bench: .venv/dev.stamp ## measure, each figure against a named reference
	@$(PY) -m benchmarks

fuzz: .venv/dev.stamp ## search for input that breaks a part (FUZZ_MINUTES=15)
	@bash tests/install_system.sh
	@$(PY) -m tests.fuzz

theatre: .venv/dev.stamp ## faults on a stage: lists the scenes, plays one (SCENE=name), without a browser (REHEARSE=1)
	@$(PY) -m theatre $(SCENE) $(if $(REHEARSE),--rehearse)

gate: .venv/run.stamp ## compare a prompt or policy with its baseline, stop a regression (EXPERIMENT=FILE.yaml, ARGS=…)
	@$(PY) -m coach lab gate $(EXPERIMENT) $(ARGS)

soak: .venv/dev.stamp ## ten interviews going round with faults (SOAK_MINUTES=60): nothing grows, nothing is unpaid
	@$(PY) -m tests.soak

interchange: .venv/dev.stamp ## have Inspect (INSPECT_PYTHON=) and promptfoo (PROMPTFOO=) themselves read what is exported
	@$(PY) -m tests.interchange

notebooks: .venv/dev.stamp ## execute the notebooks on sample data and render them to docs/notebooks
	@$(PY) -m pytest tests/notebooks -k runs
	@$(PY) -m tests.notebooks.render

docs: .venv/dev.stamp ## renew what documents take from the code
	@.venv/bin/cog -r $(COGGED) >/dev/null
	@$(PY) -m coach.web.asyncapi > docs/asyncapi.yaml

screenshots: .venv/dev.stamp ## photograph every state and page, three widths, both themes (ARGS=names)
	@bash tests/install_system.sh
	@$(PY) -m tests.browser.screenshots $(ARGS)

clean: ## remove the environment and caches; your data stay
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks
	@find . -name __pycache__ -prune -exec rm -rf {} +

lock: ## resolve the pinned requirements anew
	uv pip compile -q --no-header --no-annotate requirements.in -o requirements.txt
	uv pip compile -q --no-header --no-annotate requirements-dev.in -o requirements-dev.txt

.PHONY: help run test test-long test-fast check fix eval bench gate fuzz soak theatre interchange notebooks docs screenshots clean lock
