#!/bin/sh
# Tries what is in this folder without containers: each file is read by rules, the commands and health checks
# of compose.yaml are run on this machine's loopback with PostgreSQL and a Chroma server, and one server is
# killed. With --install, install.sh too, which takes minutes.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python -m pytest -q tests/test_deploy.py
if [ "${1:-}" = --install ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    deploy/install.sh "$folder"
    "$folder/bin/python" -c 'import psycopg'
fi
