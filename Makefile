.DEFAULT_GOAL := help
PY := .venv/bin/python
UV := $(shell command -v uv 2>/dev/null)
PORT ?= 8501

help: ## what can be done here
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/run.stamp: requirements.txt
	@test -x $(PY) || { if [ -n "$(UV)" ]; then uv venv -q --python 3.11 .venv || uv venv -q .venv; else python3 -m venv .venv; fi; }
	@if [ -n "$(UV)" ]; then uv pip install -q --python $(PY) -r requirements.txt; else $(PY) -m pip install -q -r requirements.txt; fi
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@if [ -n "$(UV)" ]; then uv pip install -q --python $(PY) -r requirements-dev.txt; else $(PY) -m pip install -q -r requirements-dev.txt; fi
	@touch $@

run: .venv/run.stamp ## serve the workbench on http://localhost:8501
	@exec env COACH_SAMPLE_DATA=1 .venv/bin/streamlit run app.py --server.port $(PORT)

test: .venv/dev.stamp ## install what tests need and run all of them
	@bash tests/install_system.sh
	@$(PY) -m pytest -n 2 --dist loadfile --ignore=tests/browser
	@$(PY) -m pytest tests/browser

check: .venv/dev.stamp ## format, lint, types, import rules
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports
	@.venv/bin/mypy

fix: .venv/dev.stamp ## format and mend what the linter can
	@.venv/bin/ruff check --fix-only -q .
	@.venv/bin/ruff format -q .

eval: .venv/run.stamp ## score the coach on the labelled sets (EVALS=folder)
	@$(PY) -m coach eval answers $(EVALS)/answers.jsonl
	@$(PY) -m coach eval fillers $(EVALS)/fillers.jsonl
	@$(PY) -m coach eval jobs $(EVALS)/jobs.jsonl
	@$(PY) -m coach eval rewrites $(EVALS)/rewrites.jsonl

bench: .venv/dev.stamp ## measure, each figure against a named reference
	@$(PY) -m benchmarks

notebooks: .venv/dev.stamp ## execute the notebooks on sample data
	@$(PY) -m pytest tests/notebooks

lock: ## resolve the pinned requirements anew
	uv pip compile -q --no-header --no-annotate requirements.in -o requirements.txt
	uv pip compile -q --no-header --no-annotate requirements-dev.in -o requirements-dev.txt

.PHONY: help run test check fix eval bench notebooks lock
