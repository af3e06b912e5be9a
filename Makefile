# What people run. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# What the tests start: private servers, a browser, the pages' unit tests, and what stands around the
# chart's replicas; `setup` installs what is missing.
PACKAGES := redis-server postgresql chromium chromium-driver nodejs haproxy prometheus caddy python3-venv

# A Python of its own for the checks of chart, rules and dashboards.
TOOLS := target/chart-tools
PYTHON := $(TOOLS)/venv/bin/python -B

.PHONY: help setup run format lint test e2e chart telemetry screenshots bench load profile seed health sql redis up down logs clean

help: ## List the targets
	@grep -E '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Install what the tests start (Debian, once)
	@missing=$$(for package in $(PACKAGES); do \
	    dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; \
	done); \
	if [ -n "$$missing" ]; then \
	    as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$as_root apt-get update; \
	    DEBIAN_FRONTEND=noninteractive $$as_root apt-get install --yes --no-install-recommends $$missing; \
	fi

run: ## Start everything in one process, with a sample sale and the payment sandbox
	cargo run --release -- demo

format: ## Format the code
	cargo fmt --all

lint: ## Check the format, the lints and the documentation, warnings as errors
	cargo fmt --all --check
	cargo clippy --workspace --exclude journeys --all-targets --features failpoints -- --deny warnings
	cargo clippy --package journeys --all-targets -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps

test: setup ## Run every test on every store combination, on private servers
	# First and by itself: the README's test wants it, and a build beside a crowd disturbs the crowd.
	cargo build --release
	node --test web/tests/*.test.mjs
	cargo test --workspace --exclude journeys --features failpoints
	cargo test --package journeys

e2e: setup ## Buy in a real browser, on a phone and by keyboard, and as the README's shell does
	cargo build --release
	cargo test --features failpoints --package holdfast --test browser
	cargo test --features failpoints --package holdfast --test sale readme

$(TOOLS)/requirements.txt: helm/check/requirements.txt
	mkdir -p $(TOOLS)
	python3 -m venv $(TOOLS)/venv
	$(TOOLS)/venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	cp $< $@

chart: setup $(TOOLS)/requirements.txt ## Prove the chart without a cluster, then run what it renders
	# As the tests want it, so that nothing is built twice.
	cargo test --features failpoints --package holdfast --test sale --no-run
	$(PYTHON) helm/check/chart.py --binary target/debug/holdfast
	$(PYTHON) helm/check/telemetry/check.py --quick --binary target/debug/holdfast
	$(PYTHON) helm/check/chart.py --render production --values tests/sale/deploy/values.yaml \
	    --json target/manifests.json
	MANIFESTS=$(CURDIR)/target/manifests.json cargo test --features failpoints --package holdfast \
	    --test sale every_replica -- --ignored --nocapture

telemetry: setup $(TOOLS)/requirements.txt ## Check image, compose file, alerts and dashboards, on real servers
	cargo build --release
	$(PYTHON) helm/check/telemetry/check.py

screenshots: setup $(TOOLS)/requirements.txt ## Picture every page (target/screenshots) and dashboard (docs/pictures)
	cargo test --package holdfast --test browser -- --ignored --nocapture pictures
	cargo build --release
	cargo build --package journeys
	$(PYTHON) helm/check/telemetry/picture.py --screenshots --load target/debug/load \
	    --out target/dashboards
	mkdir -p docs/pictures
	cp target/dashboards/*.png docs/pictures/

bench: export BENCHMARKS = docs/benchmarks.md
bench: ## Measure holds, the waiting room and live maps beside their floors: docs/benchmarks.md
	cargo build --release --package holdfast --bin holdfast \
	    --package loadtest --bin bench --bin usual_design
	target/release/bench holds
	target/release/bench line
	target/release/bench maps
	target/release/bench sale

profile: ## Draw where the time of a hold goes: target/profile/hold.svg (wants Debian's linux-perf)
	RUSTFLAGS='-C force-frame-pointers=yes' cargo build --profile profiling --package holdfast \
	    --package loadtest --bin holdfast --bin profile
	target/profiling/profile target/profile/hold.svg

load: ## Walk a crowd through a sale on this machine, audit it, write target/load/report.html
	cargo build --release
	# Nobody measures the crowd's own speed, and unoptimised it is built in half the time.
	cargo build --package journeys
	target/debug/load --program target/release/holdfast --baseline loadtest/baselines/load.json $(ARGUMENTS)

# The address, the stores and the organizer's token of a server that runs, as `config` tells them.
HOLDFAST := cargo run --quiet --release --

seed: ## Load the sample sale into the server at HOLDFAST_LISTEN
	$(HOLDFAST) seed

health: ## Ask the server at HOLDFAST_LISTEN whether it can serve
	$(HOLDFAST) probe

sql: ## Open the ledger's shell (HOLDFAST_DATABASE_URL, else the SQLite file)
	@if [ -n "$${HOLDFAST_DATABASE_URL:-}" ]; then psql "$$HOLDFAST_DATABASE_URL"; \
	else sqlite3 "$${HOLDFAST_DATA_DIR:-holdfast-data}/holdfast.sqlite3"; fi

redis: ## Open the inventory's shell (HOLDFAST_REDIS_URL; a cluster's first node)
	@url="$${HOLDFAST_REDIS_URL:?is empty: the inventory is inside the server}"; \
	url="$${url/redis+cluster/redis}"; redis-cli -c -u "$${url%%,*}"

up: ## Start the whole stack with Docker
	docker compose --profile core --profile observability up --detach --build

down: ## End it; its volumes stay
	docker compose --profile core --profile observability down

logs: ## Follow its logs
	docker compose --profile core --profile observability logs --follow

clean: ## Remove what builds and demos have made
	cargo clean
	rm -rf holdfast-data
