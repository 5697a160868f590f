#!/usr/bin/env bash
# Sourced by the other scripts from the root of the repository.

# ccache: a checkout at another path and the presets share what is the same but for the path.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=true
# The cache stays where it is, also when a script moves the caches of the program.
export CCACHE_DIR=${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache}

# The NVRTC that setup.sh fetched.
if [ -z "${ATTUNE_NVRTC:-}" ] && [ -e .deps/nvrtc/libnvrtc.so.13 ]; then
  export ATTUNE_NVRTC=$PWD/.deps/nvrtc
fi
