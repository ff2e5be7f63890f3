# The service with Debian's Chromium.
#
#   docker build -t session-manager .
#   docker build -t whatsapp-simulator --target simulator .     # a WhatsApp to try it against
#
# How to run it: deploy/compose.yaml, deploy/k8s/.

FROM rust:1-slim-trixie AS build
WORKDIR /src
# The dependencies, behind empty sources of our own: this layer is made again only when a manifest changes.
COPY Cargo.toml Cargo.lock build.rs ./
COPY migrations/Cargo.toml migrations/
COPY tests/simulator/Cargo.toml tests/simulator/
RUN mkdir -p src migrations/src tests/simulator/src tests/bench \
    && touch src/lib.rs migrations/src/lib.rs tests/simulator/src/lib.rs \
    && for main in src tests/simulator/src; do echo 'fn main() {}' >"$main/main.rs"; done \
    && touch tests/bench/service.rs \
    && cargo build --release --locked --bin session-manager \
    && cargo clean --release --locked -p session-manager -p migrations -p simulator
COPY migrations migrations
COPY src src
RUN cargo build --release --locked --bin session-manager

FROM build AS build-simulator
COPY tests/simulator tests/simulator
RUN cargo build --release --locked -p simulator --bin whatsapp-simulator

FROM debian:trixie-slim AS simulator
COPY --from=build-simulator /src/target/release/whatsapp-simulator /usr/local/bin/
USER 10001:10001
STOPSIGNAL SIGINT
ENTRYPOINT ["/usr/local/bin/whatsapp-simulator"]

FROM debian:trixie-slim AS service
# The browser is the newest one of the day the image is built: WhatsApp refuses old ones.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates chromium \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 session-manager \
    && useradd --system --uid 10001 --gid session-manager --no-create-home --home-dir /tmp session-manager \
    && install --directory --owner=session-manager --group=session-manager --mode=0700 \
        /var/lib/session-manager /var/lib/session-manager/tokens /var/lib/session-manager/data
COPY --chmod=755 deploy/healthcheck.sh /usr/local/bin/healthcheck
COPY --from=build /src/target/release/session-manager /usr/local/bin/
# From outside of the container nobody reaches its loopback: so every address, and the service wants API_TOKEN or
# TRUSTED_PEERS before it starts. What Chromium writes beside its profile goes to /tmp. TOKENS_DIR is a folder's name, no
# secret.
# hadolint ignore=DL3064
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3001 \
    TOKENS_DIR=/var/lib/session-manager/tokens \
    DATA_DIR=/var/lib/session-manager/data \
    HOME=/tmp
# The login; the messages.
VOLUME ["/var/lib/session-manager/tokens", "/var/lib/session-manager/data"]
WORKDIR /var/lib/session-manager
USER 10001:10001
EXPOSE 3001
# Alive is enough: a session that waits for a phone is no reason to restart. The start takes a second.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["/usr/local/bin/healthcheck"]
# As process 1 the program waits for Chromium's orphans itself: no --init is needed.
ENTRYPOINT ["/usr/local/bin/session-manager"]
