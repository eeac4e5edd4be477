#!/usr/bin/env bash
# Build what runs in a browser, if its sources are newer than what was built last.
#
#   tools/build_web.sh console   the console alone, which `timeloom up` serves; says so if Node.js is missing
#   tools/build_web.sh           the console and the npm packages; fails if Node.js is missing
set -euo pipefail
cd "$(dirname "$0")/../web"

what=${1:-all}
node_min=20.19

missing() {
  echo "$1: the console needs Node.js $node_min or newer with npm, and is not built. Everything else runs without it." >&2
  [ "$what" = console ] && exit 0 || exit 1
}

command -v node > /dev/null || missing "Node.js was not found"
command -v npm > /dev/null || missing "npm was not found"
version=$(node --version)
printf 'v%s\n%s\n' "$node_min" "$version" | sort --version-sort --check=quiet || missing "Node.js $version is too old"

# Two who build at once would write the same files.
mkdir -p .build
exec 9> .build/lock
flock 9

if [ ! -d node_modules ] || [ ! -f .build/installed ] || [ package-lock.json -nt .build/installed ]; then
  echo "Installing what the console is built with into web/node_modules"
  npm ci --no-audit --no-fund --loglevel=error
  touch .build/installed
fi

changed() {
  find . \( -name node_modules -o -name dist -o -name .build \) -prune -o -type f -newer "$1" -print -quit
}
if [ -f ".build/$what" ] && [ -z "$(changed ".build/$what")" ]; then
  exit 0
fi
touch .build/begun
if [ "$what" = console ]; then
  echo "Building the console"
  npm run --silent console
else
  npm run --silent build
  cp -p .build/begun .build/console
fi
mv .build/begun ".build/$what"
