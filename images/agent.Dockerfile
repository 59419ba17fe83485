# syntax=docker/dockerfile:1
# The router agent, from the repository's root:
#   docker build -f images/agent.Dockerfile -t isthmus.dev/isthmus-router-agent .
#   docker buildx build --platform linux/amd64,linux/arm64 ..
# It is built on the architecture that it is for; the BPF program is the same.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY tools tools
# A compiler with its core's source and a linker, for the BPF program.
RUN tools/setup.sh
COPY . .
# glibc, linked in; a target by name keeps the flags away from build scripts.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    target=$(rustc -vV | sed -n 's/^host: //p') && \
    RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=/src=. --remap-path-prefix=/usr/local/cargo=cargo" \
    CARGO_PROFILE_RELEASE_STRIP=debuginfo \
    cargo build --release --locked --target "$target" -p router-agent -p isthmus-probe && \
    install -D -t /out/usr/local/bin "target/$target/release/router-agent" "target/$target/release/isthmus-probe"

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Isthmus router agent" \
      org.opencontainers.image.description="Fills the XDP router's tables on a transit gateway" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://isthmus.dev"
COPY --from=build /out/ /
# Root, with the two capabilities that the chart gives it and no more.
USER 0:0
ENTRYPOINT ["/usr/local/bin/router-agent"]
