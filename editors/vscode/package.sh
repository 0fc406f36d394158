#!/usr/bin/env bash
# package.sh DIR: builds the extension and leaves an installable .vsix in DIR. Needs Node 20 or newer, npm and Python.
set -euo pipefail
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")"
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  node node_modules/esbuild/install.js # its binary comes with the package; the script only puts it in place
fi
npm run --silent check
npm run --silent build
python3 vsix.py "$out"
