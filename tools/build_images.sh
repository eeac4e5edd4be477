#!/usr/bin/env bash
# Build the container image of each service, tagged with the version of the platform.
set -euo pipefail
cd "$(dirname "$0")/.."
docker info > /dev/null 2>&1 || { echo "No Docker engine answers: 'docker info' fails" >&2; exit 1; }
version=$(sed -n 's/^version = "\(.*\)"/\1/p' platform/pyproject.toml)
for dockerfile in gateway/Dockerfile services/*/Dockerfile; do
  image="timeloom/$(basename "$(dirname "$dockerfile")"):$version"
  echo "Building $image"
  docker build --file "$dockerfile" --tag "$image" .
done
