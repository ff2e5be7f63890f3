# `make run` and `make test` are all a fresh Debian or Ubuntu machine with Rust needs: both install what is missing.

SIMULATOR_PORT ?= 3002
ROUNDS ?= 200
SEED ?= 1
CONFORMANCE := tests/simulator/conformance

.PHONY: help run test sandbox soak bench lint fmt deps

help:
	@echo "make run      build the service and run it on http://localhost:3001"
	@echo "make test     every test, against a real Chromium and the simulator"
	@echo "make sandbox  the service with a simulated phone, for those who have none at hand"
	@echo "make soak     service, browser and renderer killed ROUNDS times under a stream of messages and in the middle of sends"
	@echo "make bench    start-up, footprint and latency, measured"
	@echo "make lint     formatting and lints      make fmt  formats"

run:
	@.ci/install chromium
	@echo "==> Building the service"
	cargo build --release --locked
	@echo "==> Running: http://localhost:3001/status tells how it is, http://localhost:3001/qr.txt is the code to scan"
	exec target/release/session-manager

test:
	@.ci/install chromium node
	@echo "==> Building the service, the simulator and their tests"
	cargo test --workspace --locked --no-run
	@echo "==> Running the tests"
	cargo test --workspace --locked
	@echo "==> Running whatsapp-web.js, unchanged, on the simulator"
	cargo build --locked -p simulator --bin whatsapp-simulator
	cd $(CONFORMANCE) && npm ci --ignore-scripts --no-audit --no-fund --silent
	cd $(CONFORMANCE) && SIMULATOR_BIN=$(CURDIR)/target/debug/whatsapp-simulator npm run --silent run

sandbox:
	@.ci/install chromium
	@echo "==> Building the service and the simulator"
	cargo build --release --locked --workspace
	@tests/simulator/sandbox $(SIMULATOR_PORT)

soak:
	@.ci/install chromium
	SOAK_ROUNDS=$(ROUNDS) SOAK_SEED=$(SEED) cargo test --locked --test service soak

bench:
	@.ci/install chromium
	cargo bench --locked --bench service

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	node --check src/whatsapp/adapter.js

fmt:
	cargo fmt --all
