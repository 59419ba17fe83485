#!/usr/bin/env bash
# Turns a bare Debian machine (as root) into one that builds and tests Isthmus.
# Elsewhere it uses what is there and says what is missing. Does nothing, in a
# fraction of a second, where nothing is missing.
#
#   tools/setup.sh          what building needs
#   tools/setup.sh test     a Kubernetes control plane and helm too, for the tests
#   tools/setup.sh kind     kind, Docker and what the nodes of its clusters are made of, too
#   tools/setup.sh lint     rustfmt and clippy too
#   tools/setup.sh bench    iproute2 too, for the benchmark's namespaces
#   tools/setup.sh fuzz     cargo-fuzz and a C++ compiler too
set -euo pipefail

readonly RUST_MINOR=95           # least Rust 1.x of the workspace (Cargo.toml: rust-version)
readonly BPF_LINKER_VERSION=0.13.0
readonly CARGO_FUZZ_VERSION=0.13.2
readonly TOOLS="${XDG_CACHE_HOME:-$HOME/.cache}/isthmus/tools"

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

apt_updated=
# Installs Debian packages, or says which are missing.
packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    have apt-get || die "missing: ${missing[*]} (Debian's names); install them and run this again"
    [ "$(id -u)" -eq 0 ] || die "missing: ${missing[*]}; as root: apt-get install ${missing[*]}"
    say "installing ${missing[*]}"
    [ -n "$apt_updated" ] || apt-get update -qq
    apt_updated=yes
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# A cargo that is new enough: the one on PATH (rustup's, say), else Debian's.
cargo_is_new_enough() {
    local minor
    have cargo || return 1
    minor=$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p')
    [ "${minor:-0}" -ge "$RUST_MINOR" ]
}

has_core_source() { [ -d "$("$1" --print sysroot 2>/dev/null)/lib/rustlib/src/rust/library/core" ]; }

# The compiler that ebpf/object/build.rs will choose: same order, see there.
bpf_rustc() {
    local rustc
    if [ -n "${ISTHMUS_BPF_RUSTC:-}" ]; then
        printf '%s\n' "$ISTHMUS_BPF_RUSTC"
        return
    fi
    for rustc in "${RUSTUP_HOME:-$HOME/.rustup}"/toolchains/nightly*/bin/rustc \
                 "${RUSTUP_HOME:-$HOME/.rustup}"/toolchains/*/bin/rustc \
                 "$(command -v rustc || true)" /usr/bin/rustc; do
        if [ -x "$rustc" ] && has_core_source "$rustc"; then
            printf '%s\n' "$rustc"
            return
        fi
    done
    return 1
}

llvm_of() { "$1" -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p'; }

bpf_toolchain() {
    [ -z "${ISTHMUS_BPF_OBJECT:-}" ] || return 0
    local rustc llvm
    rustc=$(bpf_rustc) || {
        have dpkg-query || die "no Rust compiler with its core source: rustup toolchain install nightly --component rust-src"
        packages rustc-web cargo-web rust-web-src
        rustc=$(bpf_rustc) || die "Debian's rust-web-src does not match its rustc"
    }
    [ -z "${BPF_LINKER:-}" ] || return 0
    llvm=$(llvm_of "$rustc")
    # bpf-linker reads the compiler's bitcode: its LLVM must not be older.
    [ "$(cat "$TOOLS/bpf-linker.llvm" 2>/dev/null || echo 0)" -ge "$llvm" ] && [ -x "$TOOLS/bin/bpf-linker" ] && return
    if have dpkg-query; then
        packages "llvm-$llvm-dev" "libpolly-$llvm-dev" libzstd-dev zlib1g-dev
    elif have bpf-linker; then
        return
    else
        die "no bpf-linker on PATH: install a release of it whose LLVM is $llvm or newer"
    fi
    say "building bpf-linker $BPF_LINKER_VERSION for LLVM $llvm (about a minute, once)"
    LLVM_PREFIX="/usr/lib/llvm-$llvm" cargo install bpf-linker --version "$BPF_LINKER_VERSION" --locked --quiet \
        --root "$TOOLS" --no-default-features --features "llvm-$llvm"
    echo "$llvm" >"$TOOLS/bpf-linker.llvm"
}

lint_tools() {
    cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 && return
    if [ "$(command -v cargo)" = /usr/bin/cargo ]; then
        packages rustfmt-web rust-web-clippy
    else
        rustup component add rustfmt clippy
    fi
}

bench_tools() {
    have ip && have bridge && return
    have dpkg-query || die "no ip and bridge on PATH: install iproute2"
    packages iproute2
}

test_tools() {
    local here
    here=$(dirname "$(readlink -f "$0")")
    if have dpkg-query; then packages openvswitch-switch libfaketime; fi
    have ovs-vswitchd || die "no ovs-vswitchd on PATH: install Open vSwitch"
    # Any Go will do: it fetches the one that is wanted.
    if have dpkg-query && ! have go; then packages golang-go; fi
    if [ -z "${KUBEBUILDER_ASSETS:-}" ]; then "$here/go-tools.sh" build kubernetes; fi
    "$here/go-tools.sh" build helm
    "$here/go-tools.sh" build monitoring
}

kind_tools() {
    local here
    here=$(dirname "$(readlink -f "$0")")
    test_tools
    "$here/go-tools.sh" build kind
    # Docker, and what an image of the nodes is made with where no registry has one.
    if have dpkg-query; then
        have dockerd || packages docker.io
        packages mmdebstrap iproute2 procps
    fi
    have docker || die "no docker on PATH: install Docker, which kind's nodes run in"
}

fuzz_tools() {
    if have dpkg-query; then packages g++; fi # libFuzzer is C++
    [ -x "$TOOLS/bin/cargo-fuzz" ] && return
    say "building cargo-fuzz $CARGO_FUZZ_VERSION (about a minute, once)"
    cargo install cargo-fuzz --version "$CARGO_FUZZ_VERSION" --locked --quiet --root "$TOOLS"
}

if have dpkg-query; then
    packages gcc libc6-dev make git ca-certificates
fi
if ! cargo_is_new_enough; then
    have dpkg-query || die "no Rust 1.$RUST_MINOR or newer on PATH"
    packages rustc-web cargo-web
    hash -r
    cargo_is_new_enough || die "cargo is older than 1.$RUST_MINOR: $(cargo --version)"
fi
bpf_toolchain
case "${1:-}" in
    test) test_tools ;;
    kind) kind_tools ;;
    lint) lint_tools ;;
    bench) bench_tools ;;
    fuzz) fuzz_tools ;;
esac
