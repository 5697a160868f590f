// The C ABI's structs as the library's own types, and back. Refuses what cannot be translated; judges nothing else.
#pragma once

#include <span>
#include <vector>

#include "attune/attune.h"
#include "common/result.hpp"
#include "generator/problem.hpp"
#include "generator/tensors.hpp"
#include "runtime/context.hpp"
#include "tuner/tuner.hpp"

namespace attune::api {

attune_problem default_problem();
attune_tensors default_tensors();
attune_context_options default_context_options();
attune_tune_options default_tune_options();

Result<Problem> to_problem(const attune_problem* given);
Result<std::vector<Problem>> to_problems(const attune_problem* const* given, size_t count);
Result<Tensors> to_tensors(const attune_tensors* given);
Result<runtime::Policy> to_policy(int32_t given);

// Puts what the caller gave over what the environment and the defaults gave.
Result<void> apply(const attune_context_options& given, runtime::ContextOptions& options);
// Puts what the caller gave over the context's own tuning options. `given` may be null.
Result<void> apply(const attune_tune_options& given, tuner::TuneOptions& options);

// The checked copies of the two option structs; null gives defaults.
Result<attune_context_options> read_context_options(const attune_context_options* given);
Result<attune_tune_options> read_tune_options(const attune_tune_options* given);

}  // namespace attune::api
