// How the rows of a CTA are shared among its warps, and how many columns of V it sums.
#pragma once

#include "sample_constants.cuh"
#include "types.cuh"

constexpr int threads = config::warps * warp_lanes;
constexpr int warp_rows = config::block_m / config::warps;
constexpr int m_tiles = warp_rows / 16;
constexpr int key_tiles = config::block_n / 8;
constexpr int v_columns = ceil_div(ceil_div(spec::head_dim_v, config::v_splits), 8) * 8;
