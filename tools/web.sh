#!/usr/bin/env bash
# What runs in a browser, from its sources in web/.
#
#   tools/web.sh install    what it is built with, from npm
#   tools/web.sh console    the console, which `timeloom up` serves
#   tools/web.sh packages   the console and the npm packages
#   tools/web.sh check      style and types
#
# Each does nothing if nothing has changed. Without Node.js all but `packages` say so, and that is no failure:
# everything else of Timeloom runs without it.
set -euo pipefail
cd "$(dirname "$0")/../web"

what=$1
node_min=20.19

missing() {
  echo "$1: what runs in a browser needs Node.js $node_min or newer with npm. The console is left out." >&2
  [ "$what" = packages ] && exit 1
  exit 0
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
[ "$what" = install ] && exit 0

done_before() {
  [ -f ".build/$1" ] && [ -z "$(find . \( -name node_modules -o -name dist -o -name .build \) -prune -o -type f -newer ".build/$1" -print -quit)" ]
}
done_before "$what" && exit 0
touch .build/begun
case $what in
  console)
    echo "Building the console"
    npm run --silent console
    ;;
  packages)
    npm run --silent build
    cp -p .build/begun .build/console
    ;;
  check) npm run --silent check ;;
esac
mv .build/begun ".build/$what"
