#!/usr/bin/env bash
# Installs what the build and the tests need: packages of the distribution (Debian 12), and NVRTC, the CUDA compiler, when
# this machine has none. Quick when nothing is missing. Needs root or sudo only when a package is.
#   scripts/setup.sh              whatever is missing
#   scripts/setup.sh --own-nvrtc  an NVRTC of the project's own in .deps/, also where the machine has one
set -euo pipefail
cd "$(dirname "$0")/.."

own_nvrtc=false
for argument in "$@"; do
  case $argument in
    --own-nvrtc) own_nvrtc=true ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
  esac
done

packages=(
  g++ cmake ninja-build ccache git pkg-config python3 python3-venv xz-utils
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
install_packages() {
  echo "setup: installing ${missing[*]}"
  local as_root
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
}
if [ ${#missing[@]} -gt 0 ]; then install_packages; fi

# Where a toolkit, a wheel or conda leaves it; the program itself looks in a few more places (attune doctor).
machine_has_nvrtc() {
  local folder
  [ -z "${ATTUNE_NVRTC:-}" ] || return 0
  for folder in "${CUDA_HOME:-}" "${CUDA_PATH:-}" /usr/local/cuda /usr/local/cuda-*; do
    [ -n "$folder" ] && compgen -G "$folder/lib64/libnvrtc.so.1[23]" >/dev/null && return 0
  done
  [ -n "${CONDA_PREFIX:-}" ] && compgen -G "$CONDA_PREFIX/lib/libnvrtc.so.1[23]" >/dev/null && return 0
  [ -n "${VIRTUAL_ENV:-}" ] &&
    compgen -G "$VIRTUAL_ENV/lib/python3*/site-packages/nvidia/*/lib/libnvrtc.so.1[23]" >/dev/null && return 0
  local library
  while read -r library; do
    [ -e "$library" ] && return 0
  done < <(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | sed -n 's/.*libnvrtc\.so\.1[23] .*=> //p')
  return 1
}

# The wheel is an archive with the library in it: no environment is made for it and nothing is installed. Unpacked beside its
# place and moved there whole, so that an interrupted run leaves nothing that looks complete.
fetch_nvrtc() {
  local pip=(python3 -m pip)
  mkdir -p .deps
  work=$(mktemp -d .deps/nvrtc-XXXXXX)
  trap 'rm -rf "$work"' EXIT
  if ! "${pip[@]}" --version >/dev/null 2>&1; then
    python3 -m venv "$work/python"
    pip=("$work/python/bin/python" -m pip)
  fi
  echo "setup: fetching NVRTC into .deps/nvrtc"
  "${pip[@]}" download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" \
    'nvidia-cuda-nvrtc>=13,<14'
  python3 -m zipfile -e "$work"/*.whl "$work/unpacked"
  rm -rf .deps/nvrtc
  mv "$(dirname "$(find "$work/unpacked" -name 'libnvrtc.so.1[23]' | head -1)")" .deps/nvrtc
}

[ -e .deps/nvrtc/libnvrtc.so.13 ] && exit 0
if $own_nvrtc || ! machine_has_nvrtc; then fetch_nvrtc; fi
