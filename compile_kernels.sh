#!/bin/sh
# Compiles the CUDA kernels ahead of time; arguments are those of compile_kernels.py. $PYTHON names an interpreter of your own.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
if [ -z "${PYTHON:-}" ] && [ -x "$here/.venv/bin/python" ]; then
    PYTHON="$here/.venv/bin/python"
fi
exec "${PYTHON:-python3}" "$here/compile_kernels.py" "$@"
