// Scale groups of each granularity.
#include "generator/quantization_layout.hpp"

#include <fmt/format.h>

namespace attune {
namespace {

Result<void> check(std::string_view block_name, int64_t block, std::string_view warp_name, int64_t warp) {
  if (warp > 0 && warp % 8 == 0 && block > 0 && block % warp == 0) return {};
  return Error(Status::invalid_argument,
               fmt::format("{} = {} and {} = {}: give a multiple of 8 for {} and a multiple of that for {}.", block_name,
                           block, warp_name, warp, warp_name, block_name));
}

ScaleGroups groups(Granularity granularity, int64_t block, int64_t warp, int64_t lane_groups, int64_t rows_per_lane) {
  switch (granularity) {
    case Granularity::tensor: return {};
    case Granularity::block: return {block, 1, rows_per_lane, block};
    case Granularity::warp: return {warp, 1, rows_per_lane, block};
    case Granularity::thread: return {warp, lane_groups, rows_per_lane, block};
    case Granularity::token: return {1, 1, rows_per_lane, 1};
  }
  return {};
}

}  // namespace

Result<void> validate(const QuantizationTiles& tiles) {
  ATTUNE_CHECK(check("block_q", tiles.block_q, "warp_q", tiles.warp_q));
  return check("block_kv", tiles.block_kv, "warp_kv", tiles.warp_kv);
}

ScaleGroups q_scale_groups(Granularity granularity, const QuantizationTiles& tiles) {
  return groups(granularity, tiles.block_q, tiles.warp_q, 8, 1);
}

ScaleGroups k_scale_groups(Granularity granularity, const QuantizationTiles& tiles) {
  // A warp multiplies whole key tiles, so by warps and by blocks K has the same scales.
  const bool by_warp = granularity == Granularity::warp;
  return groups(by_warp ? Granularity::block : granularity, tiles.block_kv, tiles.warp_kv, 4, 2);
}

}  // namespace attune
