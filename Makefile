# The one door: make setup demo test test-fast lint bench accuracy fuzz docs
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.setup-done

FUZZ_SECONDS ?= 60

CAPTURES ?= ../shared/data/captures/ndpi

.PHONY: setup demo test test-fast lint format bench accuracy fuzz docs golden lock clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/folkways demo

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-fast: setup
	$(BIN)/python -m pytest -n 2 -m "not slow"

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	$(BIN)/python benchmarks/run.py

accuracy: setup
	$(BIN)/python -m accuracy.run --captures $(CAPTURES)

fuzz: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
	$(BIN)/python fuzz/fuzz.py --all --seconds $(FUZZ_SECONDS)

docs: setup
	$(BIN)/python docs/generate.py

golden: setup
	FOLKWAYS_REBUILD_GOLDEN=1 $(BIN)/python -m pytest -q tests -k golden

lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	uv pip compile pyproject.toml --group fuzz --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements.lock -o requirements-fuzz.lock
	uv pip compile pyproject.toml --group bench --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements.lock -o requirements-bench.lock

clean:
	rm -rf .venv demo-study
