// The order of basic blocks in which diverged lanes reconverge.
#pragma once

#include <cstdint>
#include <vector>

namespace attune::emulator {

// `successors[b]` are the blocks that b leads to; block 0 is the entry. Returns the reachable blocks in a weak topological
// order (Bourdoncle, "Efficient chaotic iteration strategies with widenings", 1993): every edge that is not a back edge of a
// loop leads to a later block, and the blocks of a loop stand together, its head first. A machine that always runs the lanes
// that are furthest behind in this order has them reconverge at the immediate post-dominator of the branch at the latest:
// all blocks between the two come before it. Irreducible graphs are ordered too.
std::vector<int> reconvergence_order(const std::vector<std::vector<int>>& successors);

}  // namespace attune::emulator
