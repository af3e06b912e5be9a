# syntax=docker/dockerfile:1.10
# One image for every role: `holdfast serve --roles …` decides what a container does.
# It runs as nobody in particular, on a root that may be read-only. It writes only to /data, and
# there only what nobody configured: keys, an SQLite ledger, the payment sandbox.

FROM rust:1.95-bookworm AS chef
# Dependencies are a layer of their own, so that a change of the code does not build them again.
RUN cargo install cargo-chef --locked --version 0.1.78
WORKDIR /build

FROM chef AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS build
COPY --from=plan /build/recipe.json recipe.json
RUN cargo chef cook --release --locked --package holdfast --recipe-path recipe.json
COPY . .
RUN cargo build --release --locked --package holdfast \
    && strip target/release/holdfast \
    && install -d /image/data

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Holdfast" \
      org.opencontainers.image.description="Sells seats when everybody comes at once" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /build/target/release/holdfast /usr/local/bin/holdfast
COPY --from=build --chown=65532:65532 /image/data /data
# By number: a cluster that demands a user other than root cannot look a name up.
USER 65532:65532
WORKDIR /data
ENV HOLDFAST_LISTEN=0.0.0.0:8080 \
    HOLDFAST_DATA_DIR=/data
EXPOSE 8080
VOLUME ["/data"]
# Readiness off, sockets told to reconnect, work in flight finished.
STOPSIGNAL SIGTERM
# Of a server. Other commands end before the first one counts.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/holdfast", "probe"]
ENTRYPOINT ["/usr/local/bin/holdfast"]
CMD ["serve"]
