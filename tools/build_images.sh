#!/usr/bin/env bash
# Build the container image of each part, tagged with the version of the platform.
set -euo pipefail
cd "$(dirname "$0")/.."
docker info > /dev/null 2>&1 || { echo "No Docker engine answers: 'docker info' fails" >&2; exit 1; }
version=$(sed -n 's/^version = "\(.*\)"/\1/p' platform/pyproject.toml)
for part in gateway services/*; do
  image="timeloom/$(basename "$part"):$version"
  echo "Building $image"
  target=service
  [ "$part" = gateway ] && target=gateway
  docker build --target "$target" --build-arg PART="$part" --tag "$image" .
done
