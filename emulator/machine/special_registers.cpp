#include "emulator/machine/special_registers.hpp"

#include <utility>

#include "emulator/machine/cta.hpp"

namespace attune::emulator {
namespace {

using S = SpecialRegister;

constexpr std::pair<std::string_view, S> kNames[] = {
    {"%tid.x", S::tid_x},
    {"%tid.y", S::tid_y},
    {"%tid.z", S::tid_z},
    {"%ntid.x", S::ntid_x},
    {"%ntid.y", S::ntid_y},
    {"%ntid.z", S::ntid_z},
    {"%ctaid.x", S::ctaid_x},
    {"%ctaid.y", S::ctaid_y},
    {"%ctaid.z", S::ctaid_z},
    {"%nctaid.x", S::nctaid_x},
    {"%nctaid.y", S::nctaid_y},
    {"%nctaid.z", S::nctaid_z},
    {"%laneid", S::laneid},
    {"%warpid", S::warpid},
    {"%nwarpid", S::nwarpid},
    {"%smid", S::smid},
    {"%nsmid", S::nsmid},
    {"%lanemask_eq", S::lanemask_eq},
    {"%lanemask_le", S::lanemask_le},
    {"%lanemask_lt", S::lanemask_lt},
    {"%lanemask_ge", S::lanemask_ge},
    {"%lanemask_gt", S::lanemask_gt},
    {"%clusterid.x", S::clusterid_x},
    {"%clusterid.y", S::clusterid_y},
    {"%clusterid.z", S::clusterid_z},
    {"%nclusterid.x", S::nclusterid_x},
    {"%nclusterid.y", S::nclusterid_y},
    {"%nclusterid.z", S::nclusterid_z},
    {"%cluster_ctaid.x", S::cluster_ctaid_x},
    {"%cluster_ctaid.y", S::cluster_ctaid_y},
    {"%cluster_ctaid.z", S::cluster_ctaid_z},
    {"%cluster_nctaid.x", S::cluster_nctaid_x},
    {"%cluster_nctaid.y", S::cluster_nctaid_y},
    {"%cluster_nctaid.z", S::cluster_nctaid_z},
    {"%cluster_ctarank", S::cluster_ctarank},
    {"%cluster_nctarank", S::cluster_nctarank},
    {"%dynamic_smem_size", S::dynamic_smem_size},
    {"%total_smem_size", S::total_smem_size},
    {"%aggr_smem_size", S::aggr_smem_size},
};

uint32_t lane_mask_of(S name, int lane) {
  const uint32_t own = uint32_t{1} << lane;
  switch (name) {
    case S::lanemask_eq: return own;
    case S::lanemask_lt: return own - 1;
    case S::lanemask_le: return own | (own - 1);
    case S::lanemask_ge: return ~(own - 1);
    default: return ~(own | (own - 1));
  }
}

uint32_t uniform_value(S name, const Warp& warp) {
  const Cta& cta = *warp.cta;
  const LaunchShape& shape = cta.launch.shape;
  const auto axis = [&](S first) { return static_cast<size_t>(name) - static_cast<size_t>(first); };
  if (name >= S::ntid_x && name <= S::ntid_z) return shape.block[axis(S::ntid_x)];
  if (name >= S::ctaid_x && name <= S::ctaid_z) return cta.ctaid[axis(S::ctaid_x)];
  if (name >= S::nctaid_x && name <= S::nctaid_z) return shape.grid[axis(S::nctaid_x)];
  if (name >= S::clusterid_x && name <= S::clusterid_z) {
    return cta.ctaid[axis(S::clusterid_x)] / shape.cluster[axis(S::clusterid_x)];
  }
  if (name >= S::nclusterid_x && name <= S::nclusterid_z) {
    return shape.grid[axis(S::nclusterid_x)] / shape.cluster[axis(S::nclusterid_x)];
  }
  if (name >= S::cluster_ctaid_x && name <= S::cluster_ctaid_z) {
    return cta.ctaid[axis(S::cluster_ctaid_x)] % shape.cluster[axis(S::cluster_ctaid_x)];
  }
  if (name >= S::cluster_nctaid_x && name <= S::cluster_nctaid_z) return shape.cluster[axis(S::cluster_nctaid_x)];
  switch (name) {
    case S::warpid: return warp.index;
    case S::nwarpid: return static_cast<uint32_t>(cta.warps.size());
    case S::nsmid: return 1;
    case S::cluster_ctarank: return cta.rank;
    case S::cluster_nctarank: return cta.launch.cluster_size();
    case S::is_explicit_cluster: return cta.launch.cluster_size() > 1 ? 1 : 0;
    case S::dynamic_smem_size: return static_cast<uint32_t>(shape.dynamic_shared_bytes);
    case S::total_smem_size:
      return static_cast<uint32_t>(cta.launch.kernel->static_shared_bytes + shape.dynamic_shared_bytes);
    case S::aggr_smem_size: return static_cast<uint32_t>(cta.launch.shared_end_bytes);
    default: return 0;  // smid: everything runs on one
  }
}

}  // namespace

std::optional<SpecialRegister> special_register(std::string_view name) {
  for (const auto& [text, value] : kNames) {
    if (text == name) return value;
  }
  return std::nullopt;
}

void fill_special_register(SpecialRegister name, const Warp& warp, uint32_t* lanes) {
  const auto& block = warp.cta->launch.shape.block;
  for (int lane = 0; lane < kLanes; ++lane) {
    const uint32_t thread = warp.index * kLanes + static_cast<uint32_t>(lane);
    if (name == S::tid_x) {
      lanes[lane] = thread % block[0];
    } else if (name == S::tid_y) {
      lanes[lane] = thread / block[0] % block[1];
    } else if (name == S::tid_z) {
      lanes[lane] = thread / block[0] / block[1];
    } else if (name == S::laneid) {
      lanes[lane] = static_cast<uint32_t>(lane);
    } else if (name >= S::lanemask_eq && name <= S::lanemask_gt) {
      lanes[lane] = lane_mask_of(name, lane);
    } else {
      lanes[lane] = uniform_value(name, warp);
    }
  }
}

}  // namespace attune::emulator
