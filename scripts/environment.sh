#!/usr/bin/env bash
# Sourced by the other scripts from the root of the repository: tells the program of the NVRTC that setup.sh fetched.
if [ -z "${ATTUNE_NVRTC:-}" ] && [ -e .deps/nvrtc/libnvrtc.so.13 ]; then
  export ATTUNE_NVRTC=$PWD/.deps/nvrtc
fi
