#!/usr/bin/env bash
# Builds the programs of a Go module below tools/ once, and keeps them by what
# they are made of: the module's requirements, their hashes and the flags.
#
#   tools/go-tools.sh build kubernetes    etcd, kube-apiserver, kubectl, kubelet, ..
#   tools/go-tools.sh build MODULE        helm; kind, coredns, cni; monitoring, whose
#                                         definitions are fetched as they are
#   tools/go-tools.sh folder MODULE       prints where they are, or would be
set -euo pipefail

usage() { sed -n '5,8s/^#   //p' "$0" >&2; exit 2; }
say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

[ $# -eq 2 ] || usage
readonly VERB=$1 MODULE=$2
TOOLS=$(dirname "$(readlink -f "$0")")
readonly TOOLS CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/isthmus"
cd "$TOOLS/$MODULE" 2>/dev/null && [ -f go.mod ] || usage

# Version of a module that go.mod requires.
required() { sed -n "s|^\t$1 \(v[^ ]*\).*|\1|p" go.mod; }

# Kubernetes refuses to work with a version that says nothing, so it is stamped
# as its own build does it.
kubernetes_stamps() {
    local version package
    version=$(required k8s.io/kubernetes)
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        printf -- '-X %s.gitVersion=%s ' "$package" "$version"
        printf -- '-X %s.gitMajor=%s ' "$package" "$(cut -d. -f1 <<<"${version#v}")"
        printf -- '-X %s.gitMinor=%s ' "$package" "$(cut -d. -f2 <<<"${version#v}")"
        printf -- '-X %s.gitTreeState=archive -X %s.buildDate=1970-01-01T00:00:00Z ' "$package" "$package"
    done
}

ld_flags='-s -w'
case "$MODULE" in
    kubernetes) ld_flags+=" $(kubernetes_stamps)" ;;
    helm) ld_flags+=" -X helm.sh/helm/v4/internal/version.version=$(required helm.sh/helm/v4)" ;;
esac
readonly FLAGS=(-trimpath -buildvcs=false -mod=readonly -ldflags "$ld_flags")

hash=$({ cat go.mod go.sum && printf '%s\n' "${FLAGS[@]}"; } | sha256sum | cut -c1-16)
readonly FOLDER="$CACHE/$MODULE/$hash"

# Folder of a module, fetched.
fetch() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }

# A Go that is as new as the module asks: the one on PATH, or one that it
# fetches. Since 1.21 go does so by itself; an older one gets it as the module
# that it is, but for the bits that say what may be run.
new_enough_go() {
    local wanted module fetched
    wanted=$(sed -n 's/^go //p' go.mod)
    command -v go >/dev/null || die "no go on PATH: install any, and it fetches Go $wanted"
    export GOTOOLCHAIN="${GOTOOLCHAIN:-auto}"
    if go list -m >/dev/null 2>&1; then return; fi
    module=golang.org/toolchain@v0.0.1-go$wanted.$(go env GOOS)-$(go env GOARCH)
    say "fetching Go $wanted"
    fetched=$(cd / && GOFLAGS=-mod=mod fetch "$module")
    [ -n "$fetched" ] || die "$(go version | cut -d' ' -f3) is too old, and fetches no other: install Go $wanted or newer"
    chmod -R a+x "$fetched/bin" "$fetched/pkg/tool"
    PATH="$fetched/bin:$PATH"
    go list -m >/dev/null
}

# Copies the definitions of the kinds that the chart can make to a folder.
monitoring_definitions() {
    local module=github.com/prometheus-operator/prometheus-operator fetched kind
    fetched=$(GOWORK=off GOFLAGS=-mod=readonly fetch "$module")
    for kind in servicemonitors prometheusrules; do
        install -m 644 "$fetched/example/prometheus-operator-crd/monitoring.coreos.com_$kind.yaml" "$1/"
    done
}

build() {
    local building=$FOLDER.building
    mkdir -p "$CACHE/$MODULE"
    # Whoever comes second waits, and finds it done.
    exec 9>"$CACHE/$MODULE/lock"
    flock 9
    [ ! -d "$FOLDER" ] || return 0
    new_enough_go
    # Of a build that was killed: whoever holds the lock is the only one.
    rm -rf "$building"
    mkdir "$building"
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$building'" EXIT
    if [ "$MODULE" = monitoring ]; then
        monitoring_definitions "$building"
    else
        say "building the programs of tools/$MODULE (some minutes, once)"
        CGO_ENABLED=0 GOWORK=off GOFLAGS='' go build "${FLAGS[@]}" -o "$building/" tool
    fi
    # etcd's main package is called server.
    [ ! -f "$building/server" ] || mv "$building/server" "$building/etcd"
    mv -T "$building" "$FOLDER"
}

case "$VERB" in
    folder) printf '%s\n' "$FOLDER" ;;
    build) [ -d "$FOLDER" ] || build ;;
    *) usage ;;
esac
