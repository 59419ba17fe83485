#!/usr/bin/env bash
# Writes an image of programs alone, as an OCI layout in a tar archive:
#
#   USER_ID=0 TITLE=.. DESCRIPTION=.. images/archive.sh NAME ARCH OUT.tar PROGRAM[=PATH]..
#
# The first program is the entrypoint; without a path a program is in
# /usr/local/bin. Same programs, same bytes: times are that of the commit
# (SOURCE_DATE_EPOCH overrides). `docker load`, `podman load`, `ctr images
# import`, `kind load image-archive` and `skopeo copy oci-archive:` take it.
# Layout: https://github.com/opencontainers/image-spec, v1.1.
set -euo pipefail

[ $# -ge 4 ] || { sed -n '4s/^#   //p' "$0" >&2; exit 2; }
readonly NAME=$1 ARCH=$2 OUT=$3
shift 3
HERE=$(dirname "$(readlink -f "$0")")
readonly ROOT=${HERE%/*}
readonly REGISTRY=${REGISTRY:-isthmus.dev}

field() { sed -n "s/^$1 = \"\(.*\)\"/\1/p" "$ROOT/Cargo.toml" | head -n 1; }
version=$(field version)
tag=${TAG:-$version}
revision=$(git -C "$ROOT" rev-parse HEAD 2>/dev/null || echo unknown)
git -C "$ROOT" diff --quiet HEAD 2>/dev/null || revision+=-dirty
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$ROOT" log -1 --format=%ct 2>/dev/null || echo 0)}
created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/image/usr/local/bin" "$work/layout/blobs/sha256"

archive() { # FOLDER NAME..: to standard output
    local folder=$1
    shift
    tar --sort=name --format=ustar --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode=u+rw,go-w,a+rX \
        -C "$folder" -cf - "$@"
}

size_of() { stat -c %s "$work/layout/blobs/sha256/$1"; }

# Keeps standard input as a blob; prints its digest, without the algorithm.
blob() {
    local digest
    cat >"$work/blob"
    digest=$(sha256sum <"$work/blob")
    digest=${digest%% *}
    mv "$work/blob" "$work/layout/blobs/sha256/$digest"
    printf '%s' "$digest"
}

path_of() { case "$1" in *=*) echo "${1#*=}" ;; *) echo "/usr/local/bin/$(basename "$1")" ;; esac; }
for program; do install -D -m 755 "${program%%=*}" "$work/image$(path_of "$program")"; done
entrypoint=$(path_of "$1")

folders=("$work"/image/*)
layer=$(archive "$work/image" "${folders[@]##*/}" | blob)
labels=$(printf '"org.opencontainers.image.%s":"%s",' \
    created "$created" title "$TITLE" description "$DESCRIPTION" version "$version" \
    revision "$revision" licenses "$(field license)" source "$(field repository)")
labels={${labels%,}}
config=$(printf '{"created":"%s","architecture":"%s","os":"linux","config":{"User":"%s:%s","Env":["PATH=/usr/local/bin"],"Entrypoint":["%s"],"WorkingDir":"/","Labels":%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"%s","created_by":"images/archive.sh"}]}' \
    "$created" "$ARCH" "$USER_ID" "$USER_ID" "$entrypoint" "$labels" "$layer" "$created" | blob)

readonly OCI=application/vnd.oci.image
manifest=$(printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"%s.layer.v1.tar","digest":"sha256:%s","size":%s}],"annotations":%s}' \
    $OCI $OCI "$config" "$(size_of "$config")" $OCI "$layer" "$(size_of "$layer")" "$labels" | blob)

reference=$REGISTRY/$NAME:$tag
printf '{"imageLayoutVersion":"1.0.0"}' >"$work/layout/oci-layout"
printf '{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[{"mediaType":"%s.manifest.v1+json","digest":"sha256:%s","size":%s,"platform":{"architecture":"%s","os":"linux"},"annotations":{"org.opencontainers.image.ref.name":"%s","io.containerd.image.name":"%s"}}]}' \
    $OCI $OCI "$manifest" "$(size_of "$manifest")" "$ARCH" "$tag" "$reference" >"$work/layout/index.json"
# What Docker reads where it keeps images in its own way.
printf '[{"Config":"blobs/sha256/%s","RepoTags":["%s"],"Layers":["blobs/sha256/%s"]}]' \
    "$config" "$reference" "$layer" >"$work/layout/manifest.json"

archive "$work/layout" oci-layout index.json manifest.json blobs >"$work/out.tar"
mv "$work/out.tar" "$OUT"
printf '%s %s sha256:%s\n' "$OUT" "$reference" "$manifest"
