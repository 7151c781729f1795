#!/bin/sh
# Builds an image of this folder with docker, podman or buildah, whichever works here:
#
#     images/build.sh IMAGE TAG [NAME=VALUE...]    such as: build.sh kernel-py kernelgate/kernel-py:dev
#     images/build.sh --context DIRECTORY IMAGE    only lays out in DIRECTORY what the build needs
#
# NAME=VALUE are build arguments; BASE_IMAGE is taken from versions.env otherwise.
# CONTAINER_TOOL names the program. buildah is governed by variables of its own,
# such as BUILDAH_ISOLATION=chroot and STORAGE_DRIVER=overlay.
set -eu

images=$(cd "$(dirname "$0")" && pwd)
project=$(dirname "$images")
. "$images/versions.env"

fail() {
  echo "build.sh: $1" >&2
  exit 1
}

usage() {
  sed -n '2,/^set -e/s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

check() {
  [ -f "$images/$1/Dockerfile" ] || fail "there is no images/$1/Dockerfile"
}

# What each COPY of the Dockerfile names, at its path below the project; without what Python compiled here.
lay_out() {
  mkdir -p "$2"
  cp "$images/$1/Dockerfile" "$2/Dockerfile"
  sed -n 's/^COPY \([^ ]*\) .*/\1/p' "$images/$1/Dockerfile" | while read -r source; do
    mkdir -p "$2/$(dirname "$source")"
    cp -R "$project/${source%/}" "$2/$(dirname "$source")/"
  done
  find "$2" -name __pycache__ -prune -exec rm -rf {} +
}

tool() {
  if [ -n "${CONTAINER_TOOL:-}" ]; then
    echo "$CONTAINER_TOOL"
  elif docker info >/dev/null 2>&1; then
    echo docker
  elif podman info >/dev/null 2>&1; then
    echo podman
  elif buildah --version >/dev/null 2>&1; then
    echo buildah
  else
    fail 'none of docker, podman and buildah works here'
  fi
}

[ $# -ge 2 ] || usage
if [ "$1" = --context ]; then
  [ $# -eq 3 ] || usage
  check "$3"
  lay_out "$3" "$2"
  exit
fi

image=$1 tag=$2
shift 2
check "$image"
program=$(tool)
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
lay_out "$image" "$context"

has_base=no
for argument; do
  shift
  case $argument in BASE_IMAGE=*) has_base=yes ;; esac
  set -- "$@" --build-arg "$argument"
done
[ $has_base = yes ] || set -- --build-arg "BASE_IMAGE=$PYTHON_IMAGE" "$@"
"$program" build "$@" -t "$tag" "$context"
