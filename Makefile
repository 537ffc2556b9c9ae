# Two commands are all a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test lint interop faults bench spec lock clean

setup: .venv/.ready

# pip first, uv second: a bare Python brings pip and nothing else.
.venv/.ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements-dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch .venv/.ready

demo: setup
	@$(BIN)/python docs/demo.py

test: setup
	$(BIN)/python -m pytest -n 2 -q

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A real cognee, in an environment of its own (1.6 GB, made once).
interop: setup
	$(BIN)/python -m tests.interop.environment
	$(BIN)/python -m pytest -q tests/interop

# Kills, stops and lets down every write (20 minutes); SAMPLE=1: a few of each kind. Needs strace.
faults: setup
	$(BIN)/python -m pytest -n 2 --dist loadgroup -q tests/faults

bench: setup
	$(BIN)/python -m benchmarks.bench

spec: setup
	$(BIN)/python spec/generate.py

lock:
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --extra dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
