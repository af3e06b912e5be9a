# What people run. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# What the tests start: private servers, a browser, and the pages' unit tests; `setup` installs what
# is missing.
PACKAGES := redis-server postgresql chromium chromium-driver nodejs

.PHONY: help setup format lint test screenshots bench load clean

help: ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Install what the tests start (Debian, once)
	@missing=$$(for package in $(PACKAGES); do \
	    dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; \
	done); \
	if [ -n "$$missing" ]; then \
	    as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$as_root apt-get update; \
	    DEBIAN_FRONTEND=noninteractive $$as_root apt-get install --yes --no-install-recommends $$missing; \
	fi

format: ## Format the code
	cargo fmt --all

lint: ## Check the format, the lints and the documentation, warnings as errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features failpoints -- --deny warnings
	cargo clippy --package loadtest --features journeys --bin load --tests -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps

test: setup ## Run every test on every store combination, on private servers
	# First and by itself: the README's test wants it, and a build beside a crowd disturbs the crowd.
	cargo build --release
	node --test web/tests/*.test.mjs
	cargo test --workspace --features failpoints
	cargo test --package loadtest --features journeys --bin load

screenshots: setup ## Picture every page, light and dark, on a phone and a desktop: target/screenshots
	cargo test --package holdfast --test browser -- --ignored --nocapture pictures

bench: export BENCHMARKS = docs/benchmarks.md
bench: ## Measure holds, the waiting room and live maps beside their floors: docs/benchmarks.md
	cargo build --release --package holdfast --package loadtest
	target/release/hold_bench
	target/release/queue_bench
	target/release/live_bench

load: ## Walk a crowd through a sale on this machine, audit it, write target/load/report.html
	# One by one: goose's HTTP client has features that are not the program's.
	cargo build --release --package holdfast
	cargo build --release --package loadtest --features journeys --bin load
	target/release/load --baseline loadtest/baselines/load.json $(ARGUMENTS)

clean: ## Remove what builds and demos have made
	cargo clean
	rm -rf holdfast-data
