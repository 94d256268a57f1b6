#!/usr/bin/env bash
# Installs pre-commit and prek, which the tests of hooks commit with, into DIR (a virtual environment of Python):
# hook-tools.sh DIR. Does nothing where they are there already.
set -euo pipefail

if [ $# -ne 1 ] || [[ $1 == -* ]]; then
    echo "usage: hook-tools.sh DIR" >&2
    exit 2
fi
wanted=(pre-commit==4.7.0 prek==0.5.11)

"$(dirname -- "${BASH_SOURCE[0]}")/packages.sh" python3 python3-venv
if [ "$(cat "$1/wanted" 2>/dev/null)" = "${wanted[*]}" ]; then
    exit 0
fi
/usr/bin/python3 -m venv --clear "$1"
"$1/bin/pip" install --quiet --disable-pip-version-check "${wanted[@]}"
echo "${wanted[*]}" >"$1/wanted"
