# syntax=docker/dockerfile:1
# The operator, from the repository's root:
#   docker build -f images/operator.Dockerfile -t isthmus.dev/isthmus-operator .
#   docker buildx build --platform linux/amd64,linux/arm64 ..
# It is built on the architecture that it is for.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# glibc, linked in; a target by name keeps the flags away from build scripts.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    target=$(rustc -vV | sed -n 's/^host: //p') && \
    RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=/src=. --remap-path-prefix=/usr/local/cargo=cargo" \
    CARGO_PROFILE_RELEASE_STRIP=debuginfo \
    cargo build --release --locked --target "$target" -p isthmus-operator -p isthmus-probe && \
    install -D -t /out/usr/local/bin "target/$target/release/isthmus-operator" "target/$target/release/isthmus-probe"

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Isthmus operator" \
      org.opencontainers.image.description="Compiles VPCs and their peerings into what the gateways follow" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://isthmus.dev"
COPY --from=build /out/ /
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/isthmus-operator"]
