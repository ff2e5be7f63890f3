# `make run` and `make test` are all a fresh Debian or Ubuntu machine with Rust needs: both install what is missing.

SIMULATOR_PORT ?= 3002
SERVICES ?= 1
ROUNDS ?= 200
SEED ?= 1
CONFORMANCE := tests/simulator/conformance
DEPLOY := tests/deploy
PAGE := tests/page
REAL_PAGE := tests/real_page
TYPES := tests/types
VENV := target/tools/venv
# Builds the binaries that the checks of deployment, page and clients run. `make test` sets it to a command that does nothing:
# its own build has made them, and a second one with other features of the libraries takes minutes.
BUILD_BINARIES ?= cargo build --locked --workspace --bins
# What `make test` runs beside the tests that cargo runs: two at a time, because each of them waits for browsers most of the time.
CHECKS := deploy-check page-check conformance facts
# A test of the whole service often waits for its browser, so one test more than there are cores finishes sooner.
TEST_THREADS ?= $(shell expr $$(nproc) + 1)
BINARIES := SESSION_MANAGER_BIN=$(CURDIR)/target/debug/session-manager SIMULATOR_BIN=$(CURDIR)/target/debug/whatsapp-simulator

.PHONY: help run test dist types facts conformance deploy-check page-check real-page sandbox soak bench lint fmt deps

help:
	@echo "make run      build the service and run it on http://localhost:3001"
	@echo "make test     every test, against a real Chromium and the simulator"
	@echo "make dist     the package for Debian and Ubuntu, in target/dist"
	@echo "make facts    the simulated page against what was recorded of WhatsApp's own"
	@echo "make conformance  clients of the real page, unchanged, on the simulator"
	@echo "make sandbox  the service with a simulated phone, for those who have none at hand (SERVICES=2: two that are linked and talk with each other in everything there is, TALK=0: without a word; CLOUD=1: with a stand-in of Meta's Cloud API)"
	@echo "make deploy-check  what runs the service elsewhere: PM2, systemd, containers, alerts, scripts"
	@echo "make page-check  the operator page in a real browser; its screenshots are in target/page-screenshots"
	@echo "make real-page MODULES=folder  WhatsApp Web's own modules asked, and the service run on them (PARTS='text line': only those of the service)"
	@echo "make soak     service, browser, renderer and receiver killed ROUNDS times under a stream of messages and in the middle of sends"
	@echo "make bench    start-up, footprint and latency, measured"
	@echo "make lint     formatting, lints and the adapter's types      make fmt  formats"

run:
	@.ci/install chromium
	@echo "==> Building the service"
	cargo build --release --locked
	@echo "==> Running: http://localhost:3001/ shows the code to scan, and then how the session is"
	exec target/release/session-manager

test:
	@.ci/install cargo-deb chromium node promtool python shellcheck systemd xvfb
	@$(MAKE) --no-print-directory types
	@echo "==> Building the service, the simulator and their tests"
	cargo test --workspace --locked --no-run
	@echo "==> Running the tests"
	RUST_TEST_THREADS=$(TEST_THREADS) cargo test --workspace --locked
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target $(CHECKS) BUILD_BINARIES=:

dist:
	@.ci/install cargo-deb
	@echo "==> Building the service"
	cargo build --release --locked
	@echo "==> Making the package"
	deploy/deb/build release --no-strip

types:
	@.ci/install node
	@echo "==> Checking the page adapter against the types of what it uses of WhatsApp's page"
	cd $(TYPES) && npm ci --ignore-scripts --no-audit --no-fund --silent
	cd $(TYPES) && npm run --silent run

conformance:
	@.ci/install chromium node
	@echo "==> Building the service and the simulator"
	$(BUILD_BINARIES)
	@echo "==> Running whatsapp-web.js and wa-js, unchanged, on the simulator"
	cd $(CONFORMANCE) && PUPPETEER_SKIP_DOWNLOAD=true npm ci --ignore-scripts --no-audit --no-fund --silent
	cd $(CONFORMANCE) && $(BINARIES) npm run --silent run

facts:
	@.ci/install chromium node
	@echo "==> Building the simulator"
	$(BUILD_BINARIES)
	@echo "==> Asking the simulated page what was recorded of WhatsApp's own"
	cd $(REAL_PAGE) && npm ci --ignore-scripts --no-audit --no-fund --silent
	cd $(REAL_PAGE) && $(BINARIES) node facts.mjs --recorded

deploy-check:
	@.ci/install cargo-deb chromium node promtool python shellcheck systemd xvfb
	@echo "==> Building the service and the simulator"
	$(BUILD_BINARIES)
	@echo "==> Reading what is deployed: units, images, manifests, alerts, scripts"
	@test -x $(VENV)/bin/python || python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $(DEPLOY)/static/requirements.txt
	cd $(DEPLOY)/static && $(BINARIES) $(CURDIR)/$(VENV)/bin/python -B -m unittest
	@echo "==> Running the service under PM2, with the file that is shipped"
	cd $(DEPLOY)/pm2 && npm ci --ignore-scripts --no-audit --no-fund --silent
	cd $(DEPLOY)/pm2 && $(BINARIES) npm run --silent run

page-check:
	@.ci/install chromium node
	@echo "==> Building the service and the simulator"
	$(BUILD_BINARIES)
	@echo "==> Using the operator page as an operator does"
	cd $(PAGE) && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund --silent
	cd $(PAGE) && $(BINARIES) npm run --silent run

real-page:
	@test -f "$(MODULES)/WAWebSocketModel.js" || { echo "make real-page MODULES=folder needs the folder with WhatsApp Web's modules, one a file: CONTRIBUTING.md says where they can be had"; exit 78; }
	@.ci/install chromium node
	@echo "==> Building the service"
	cargo build --release --locked --workspace
	@echo "==> Asking the page's own modules and the simulated page, and running the service on the page's own"
	cd $(REAL_PAGE) && npm ci --ignore-scripts --no-audit --no-fund --silent
	cd $(REAL_PAGE) && REAL_MODULES=$(abspath $(MODULES)) SIMULATOR_BIN=$(CURDIR)/target/release/whatsapp-simulator node facts.mjs
	cd $(REAL_PAGE) && REAL_MODULES=$(abspath $(MODULES)) SM_BIN=$(CURDIR)/target/release/session-manager node service.mjs $(PARTS)

sandbox:
	@.ci/install chromium
	@echo "==> Building the service and the simulator"
	cargo build --release --locked --workspace
	@SIMULATOR_PORT=$(SIMULATOR_PORT) SERVICES=$(SERVICES) SEED=$(SEED) CLOUD=$(CLOUD) TALK=$(TALK) tests/simulator/sandbox

soak:
	@.ci/install chromium
	SOAK_ROUNDS=$(ROUNDS) SOAK_SEED=$(SEED) cargo test --locked --test service -- soak:: cloud::killed

bench:
	@.ci/install chromium
	cargo bench --locked --bench service --bench log

lint: types
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	for script in src/http/page/*.js; do node --check --input-type=module - <"$$script" || exit; done

fmt:
	cargo fmt --all
