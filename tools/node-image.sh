#!/usr/bin/env bash
# Builds the image of the nodes of a kind cluster from Debian packages and the
# programs of the Go modules here, where no registry has one; keeps it by what it
# is made of. As root, on Debian.
#
#   tools/node-image.sh build        writes the archive, unless it is there
#   tools/node-image.sh archive      prints where it is, or would be
#   tools/node-image.sh reference    prints the image's name
set -euo pipefail

usage() { sed -n '6,8s/^#   //p' "$0" >&2; exit 2; }
say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

[ $# -eq 1 ] || usage
TOOLS=$(dirname "$(readlink -f "$0")")
readonly TOOLS CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/isthmus/kind-node"
KUBERNETES=$("$TOOLS/go-tools.sh" folder kubernetes)
COREDNS=$("$TOOLS/go-tools.sh" folder coredns)
CNI=$("$TOOLS/go-tools.sh" folder cni)
KIND=$("$TOOLS/go-tools.sh" folder kind)
readonly KUBERNETES COREDNS CNI KIND

hash=$({ cat "$0" "$TOOLS/../images/archive.sh" && echo "$KUBERNETES $COREDNS $CNI $KIND"; } | sha256sum | cut -c1-16)
readonly ARCHIVE="$CACHE/$hash/node.tar" REFERENCE="isthmus.dev/kind-node:$hash"

# Folder of the sources of a module that a module here requires.
source_of() { (cd "$TOOLS/$1" && GOWORK=off GOFLAGS=-mod=mod go mod download -json "$2" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'); }
required() { sed -n "s|^\t$2 \(v[^ ]*\).*|\1|p" "$TOOLS/$1/go.mod"; }

# Debian 12: its systemd boots on cgroup v1 and v2.
debian() {
    mmdebstrap --quiet --variant=essential --dpkgopt=force-unsafe-io \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --include=systemd,dbus,conntrack,iptables,nftables,iproute2,ethtool,util-linux,mount,kmod \
        --include=libseccomp2,procps,jq,ca-certificates,socat,containerd,runc bookworm "$1"
}

# What kind's own base image adds to its distribution (images/base in its sources).
kind_files() {
    local root=$1 sources program
    sources=$(source_of kind "sigs.k8s.io/kind@$(required kind sigs.k8s.io/kind)")
    cp -rL --no-preserve=mode,ownership "$sources/images/base/files/." "$root/"
    chmod 755 "$root"/usr/local/bin/* "$root/kind" "$root/kind/bin" "$root"/kind/bin/*
    for program in containerd ctr containerd-shim-runc-v2; do
        ln -sf "/usr/bin/$program" "$root/usr/local/bin/"
    done
    ln -sf /usr/lib/systemd/systemd "$root/sbin/init"
    rm -f "$root"/lib/systemd/system/{multi-user,local-fs,basic}.target.wants/* \
        "$root"/etc/systemd/system/*.wants/* \
        "$root"/lib/systemd/system/sockets.target.wants/*{udev,initctl}* \
        "$root/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service" \
        "$root/etc/machine-id"
    echo ReadKMsg=no >>"$root/etc/systemd/journald.conf"
    mkdir -p "$root/etc/systemd/system/multi-user.target.wants" "$root/etc/kubernetes/manifests"
    ln -sf /etc/systemd/system/{kubelet,containerd,undo-mount-hacks}.service \
        "$root/etc/systemd/system/multi-user.target.wants/"
    ln -sf /dev/null "$root/etc/systemd/system/systemd-binfmt.service"
}

# A kubelet sets some of the kernel's own switches. They are the whole machine's,
# not the container's: it finds files in their place that hold what it wants.
keep_switches() {
    local entrypoint=$1/usr/local/bin/entrypoint
    grep -q "^log_info 'starting init'" "$entrypoint" || die "kind's entrypoint is not what it was: mend $0"
    sed -i "/^log_info 'starting init'/i \\
for switch in kernel/panic=10 kernel/panic_on_oops=1 vm/overcommit_memory=1; do\\
  held=/kind/\$(basename \${switch%=*})\\
  echo \${switch#*=} >\$held\\
  mount --bind \$held /proc/sys/\${switch%=*}\\
done" "$entrypoint"
}

node_programs() {
    local root=$1
    install -m 755 "$KUBERNETES"/{kubelet,kubeadm,kubectl} "$root/usr/bin/"
    required kubernetes k8s.io/kubernetes | tr -d '\n' >"$root/kind/version"
    mkdir -p "$root/opt/cni/bin" "$root/etc/cni/net.d"
    install -m 755 "$CNI"/* "$root/opt/cni/bin/"
    # Debian's containerd looks here.
    rm -rf "$root/usr/lib/cni"
    ln -s /opt/cni/bin "$root/usr/lib/cni"
    # Without the right to raise it, a container's OOM score stays what it is.
    sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' "$root/etc/containerd/config.toml"
    # shellcheck disable=SC2016 # within the root
    chroot "$root" sh -c 'ctr oci spec | jq "
        .hooks.createContainer += [{\"path\": \"/kind/bin/mount-product-files.sh\"}]
        | del(.process.rlimits)" >/etc/containerd/cri-base.json'
}

# Archives of the images that kubeadm asks for, by the names that it gives them.
images() {
    local root=$1 into=$2 version sources constants program library libraries=()
    mkdir "$into"
    version=$(required kubernetes k8s.io/kubernetes)
    sources=$(source_of kubernetes "k8s.io/kubernetes@$version")
    constants=$sources/cmd/kubeadm/app/constants/constants.go
    tag_of() { sed -n "s/^\t$1 = \"\(.*\)\"/\1/p" "$constants"; }
    image() { # REFERENCE PROGRAM..
        REGISTRY=$(dirname "${1%:*}") TAG=${1##*:} USER_ID=0 TITLE="$1" DESCRIPTION="Part of a kind node" \
            "$TOOLS/../images/archive.sh" "$(basename "${1%:*}")" "$ARCH" "$into/$(basename "$2").tar" "${@:2}" >/dev/null
    }
    for program in kube-apiserver kube-controller-manager kube-scheduler; do
        image "registry.k8s.io/$program:$version" "$KUBERNETES/$program"
    done
    image "registry.k8s.io/etcd:$(tag_of DefaultEtcdVersion)" "$KUBERNETES/etcd"
    image "registry.k8s.io/coredns/coredns:$(tag_of CoreDNSVersion)" "$COREDNS/coredns"
    # kube-proxy runs nft, which is no program on its own.
    for library in $(chroot "$root" ldd /usr/sbin/nft | grep -o '/[^ ]*'); do
        libraries+=("$root$library=$library")
    done
    image "registry.k8s.io/kube-proxy:$version" "$KUBERNETES/kube-proxy" \
        "$root/usr/sbin/nft" "${libraries[@]}"
    gcc -Os -static -DVERSION="$version" -o "$into/pause" "$sources/build/pause/linux/pause.c"
    image "$(sed -n 's/^ *sandbox_image = "\(.*\)"/\1/p' "$root/etc/containerd/config.toml")" "$into/pause"
}

# Puts images into the store of the node's containerd, as they are: unpacking
# them is the node's.
preload() {
    local root=$1 from=$2 state=$3 daemon archive
    mkdir "$state"
    containerd --root "$root/var/lib/containerd" --state "$state" --address "$state/sock" >"$state/log" 2>&1 &
    daemon=$!
    until ctr --address "$state/sock" version >/dev/null 2>&1; do
        kill -0 "$daemon" 2>/dev/null || die "containerd does not run: $(tail -n 3 "$state/log")"
        sleep 0.1
    done
    for archive in "$from"/*.tar; do
        ctr --address "$state/sock" --namespace k8s.io images import --no-unpack "$archive" >/dev/null
    done
    kill "$daemon"
    wait "$daemon" || true
}

# An archive that `docker load` takes: one layer, and kind's entrypoint.
pack() {
    local root=$1 folder=$2 digest
    mkdir "$folder"
    tar -C "$root" --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -cf "$folder/layer.tar" .
    digest=$(sha256sum <"$folder/layer.tar")
    printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["/usr/local/bin/entrypoint","/sbin/init"],"StopSignal":"SIGRTMIN+3","Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","container=docker"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$ARCH" "${digest%% *}" >"$folder/config.json"
    printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$REFERENCE" >"$folder/manifest.json"
    tar -C "$folder" -cf "$3" manifest.json config.json layer.tar
}

build() {
    local module
    mkdir -p "$CACHE"
    # Whoever comes second waits, and finds it done.
    exec 9>"$CACHE/lock"
    flock 9
    [ ! -f "$ARCHIVE" ] || return 0
    [ "$(id -u)" -eq 0 ] || die "the node image is built as root"
    for module in kubernetes coredns cni kind; do "$TOOLS/go-tools.sh" build "$module"; done
    ARCH=$(dpkg --print-architecture)
    work=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
    trap 'rm -rf "$work"' EXIT
    say "building the image of kind's nodes (a minute, once)"
    debian "$work/root"
    kind_files "$work/root"
    keep_switches "$work/root"
    node_programs "$work/root"
    images "$work/root" "$work/images"
    preload "$work/root" "$work/images" "$work/state"
    pack "$work/root" "$work/archive" "$work/node.tar"
    # An older image is of no use any more.
    find "$CACHE" -mindepth 2 -maxdepth 2 -name node.tar -delete
    mkdir -p "${ARCHIVE%/*}"
    mv "$work/node.tar" "$ARCHIVE"
}

case "$1" in
    archive) printf '%s\n' "$ARCHIVE" ;;
    reference) printf '%s\n' "$REFERENCE" ;;
    build) [ -f "$ARCHIVE" ] || build ;;
    *) usage ;;
esac
