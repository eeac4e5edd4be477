#!/usr/bin/env bash
# Build the console and the TypeScript packages.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -f web/package.json ]; then
  echo "This version has no console; the gateway serves the API reference at /docs instead."
  exit 0
fi
command -v npm > /dev/null || { echo "npm was not found: the console needs Node.js 20 or newer" >&2; exit 1; }
npm --prefix web ci
npm --prefix web run build
