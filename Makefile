# make setup   virtual environment, packages, CC0 body data, OpenGL, the demo's photographs   (once; then seconds)
# make demo    the whole system on this machine, ends with a page to look at
# make bench-render   what a rendered picture costs: CPU seconds by stage, pictures per second
# make test    lint, types, all tests that are not slow;  make test-slow  the slow ones (the whole demo)

PY := .venv/bin/python
OUT := out/demo
.DEFAULT_GOAL := help
.PHONY: help setup check test test-slow demo bench-render clean

help:
	@sed -n 's/^# //p' Makefile

setup:
	@bash .ci/setup

check: setup
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy

test: check
	@$(PY) -m pytest -m "not slow"

test-slow: setup
	@$(PY) -m pytest -m slow

demo: setup
	@bash .ci/demo $(OUT)

bench-render: setup
	@$(PY) -m tfrecord_tools.bench_render --gin_file=gin_configs/render_figures.gin

clean:
	rm -rf out .venv
