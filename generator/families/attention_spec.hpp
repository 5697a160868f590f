// What every attention family says of a problem in the same words: the spec's features and the bucket of its shape.
#pragma once

#include <string>

#include "generator/problem.hpp"
#include "generator/values.hpp"

namespace attune {

// Types, head dimensions and features of the problem as constants: all that can change emitted code, but for pages and the
// sign of the scale, which not every family needs to know.
void set_attention_features(const Problem& problem, Spec& spec);

// "q512-1023 kv4096-8191 bh8-15", with the layout, pages and list blocks where they matter. `heads`: those that the family
// forms its work items over.
std::string attention_bucket(const Problem& problem, int64_t heads);

}  // namespace attune
