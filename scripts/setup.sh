#!/usr/bin/env bash
# Installs what the build and the tests need from the distribution (Debian 12), and nothing else.
# Quick when nothing is missing: one dpkg query. Needs root or sudo only when something is.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache git pkg-config python3 python3-venv
  llvm-19-dev libzstd-dev zlib1g-dev
  libsqlite3-dev libfmt-dev libcli11-dev nlohmann-json3-dev libssl-dev libxxhash-dev
  libgtest-dev libgmock-dev libbenchmark-dev
  clang-19 libclang-rt-19-dev clang-format-19 clang-tidy-19
)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "setup: installing ${missing[*]}"
if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null; then
  as_root=(sudo)
else
  echo "setup: these packages are missing and this user is neither root nor has sudo: ${missing[*]}" >&2
  exit 2
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
