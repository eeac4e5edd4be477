#!/usr/bin/env bash
# Sees to it that there is a Chromium for the tests of what runs in browsers: finds one, or installs Debian's.
set -euo pipefail

for name in "${TIMELOOM_CHROMIUM:-}" chromium chromium-browser google-chrome; do
  [ -n "$name" ] && command -v "$name" > /dev/null && exit 0
done

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo --non-interactive)
fi
if ! command -v apt-get > /dev/null || ! "${as_root[@]}" true 2> /dev/null; then
  echo "There is no Chromium, and apt-get may not install it here." >&2
  echo "Install it, or name where it is with TIMELOOM_CHROMIUM." >&2
  exit 1
fi
echo "Installing Chromium"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -qq --no-install-recommends chromium > /dev/null
