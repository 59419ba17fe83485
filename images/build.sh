#!/usr/bin/env bash
# Builds static programs and writes an OCI image archive of each component to
# target/images, without Docker:
#
#   images/build.sh                     every component, for this machine
#   ARCHES="amd64 arm64" images/build.sh operator
#   OUT=DIR images/build.sh             elsewhere
#   images/build.sh lab-node            not an image: the program that kind-tests
#                                       runs on nodes, in target/static
#
# Another architecture takes its Rust target and, for the linker, its C
# compiler (Debian: gcc-aarch64-linux-gnu).
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
readonly HERE ROOT=${HERE%/*}
readonly TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
readonly OUT=${OUT:-$TARGET/images}
cd "$ROOT"

die() { printf 'images: %s\n' "$*" >&2; exit 1; }

own_arch() {
    case "$(uname -m)" in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *) die "not an architecture that images are built for: $(uname -m)" ;;
    esac
}

target_of() {
    case "$1" in
        amd64) echo x86_64-unknown-linux-gnu ;;
        arm64) echo aarch64-unknown-linux-gnu ;;
        *) die "not an architecture that images are built for: $1" ;;
    esac
}

package_of() {
    case "$1" in
        operator) echo isthmus-operator ;;
        agent) echo router-agent ;;
        lab-node) echo isthmus-lab ;;
        *) die "no component $1; there are operator, agent and lab-node" ;;
    esac
}

# glibc, linked in: nothing else is in the image. No panic message tells where it
# was built. In a folder of its own, so that it waits for no other build, nor
# others for it.
build() {
    local arch=$1 target packages=() component
    shift
    target=$(target_of "$arch")
    for component in "$@"; do packages+=(-p "$(package_of "$component")"); done
    if [ "$arch" = arm64 ] && [ "$(own_arch)" != arm64 ]; then
        export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=${CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER:-aarch64-linux-gnu-gcc}
    fi
    RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=$ROOT=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo" \
        CARGO_PROFILE_RELEASE_STRIP=debuginfo \
        cargo build --release --locked --target-dir "$TARGET/static" --target "$target" "${packages[@]}" -p isthmus-probe
}

pack() {
    local arch=$1 component=$2 bin
    bin=$TARGET/static/$(target_of "$arch")/release
    case "$component" in
        operator)
            USER_ID=65532 TITLE='Isthmus operator' \
            DESCRIPTION='Compiles VPCs and their peerings into what the gateways follow' \
                "$HERE/archive.sh" isthmus-operator "$arch" "$OUT/isthmus-operator.$arch.tar" \
                "$bin/isthmus-operator" "$bin/isthmus-probe" ;;
        agent)
            USER_ID=0 TITLE='Isthmus router agent' \
            DESCRIPTION="Fills the XDP router's tables on a transit gateway" \
                "$HERE/archive.sh" isthmus-router-agent "$arch" "$OUT/isthmus-router-agent.$arch.tar" \
                "$bin/router-agent" "$bin/isthmus-probe" ;;
        lab-node) ;;
    esac
}

[ $# -gt 0 ] || set -- operator agent
mkdir -p "$OUT"
for arch in ${ARCHES:-$(own_arch)}; do
    build "$arch" "$@"
    for component in "$@"; do pack "$arch" "$component"; done
done
