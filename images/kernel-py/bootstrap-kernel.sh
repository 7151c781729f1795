#!/bin/sh
# What a kernel's pod runs: becomes the launcher of KERNEL_LANGUAGE, which reads
# the rest of the environment itself. It stays process 1, so signals reach it.

launchers=${KERNEL_LAUNCHERS_DIR:-/usr/local/bin/kernel-launchers}

refuse() {
  echo "bootstrap-kernel: $1" >&2
  exit 1
}

[ -n "${KERNEL_ID:-}" ] || refuse 'KERNEL_ID is missing; the gateway sets it for each pod.'

case ${KERNEL_LANGUAGE:-} in
  [Pp][Yy][Tt][Hh][Oo][Nn]) launcher=$launchers/python/scripts/launch_ipykernel.py ;;
  '') refuse 'KERNEL_LANGUAGE is missing; set it to python in the image or in the kernelspec.' ;;
  *) refuse "KERNEL_LANGUAGE: this image launches python, but not \"$KERNEL_LANGUAGE\"; choose another." ;;
esac

[ -f "$launcher" ] || refuse "$launcher is missing; this image has no launcher for python."

# An image may call it by either name.
python=$(command -v python || command -v python3) ||
  refuse 'neither python nor python3 is on the PATH of this image.'
exec "$python" "$launcher"
