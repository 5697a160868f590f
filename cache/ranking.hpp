// The order of the records of one tuning key: best first. Pure; the view `winner` of the database says the same in SQL.
#pragma once

#include <vector>

#include "cache/rows.hpp"

namespace attune::cache {

// A config stands with the latest of its measurements that is ok, validated and has a time above zero, unless a later
// measurement of the same config failed its validation: fast and wrong loses. First come these, by median; those that are
// within the noise (the smaller MAD of the two, at most 2 % of the time) of the fastest on the same problem are ordered by
// complexity, so the simpler config wins a tie.
// Then older measurements of the same configs, then ok but not validated, then failures, each by median and time.
// Equal measurements keep a fixed order (config, then id), whatever order the rows came in.
void rank(std::vector<FoundRecord>& records);

}  // namespace attune::cache
