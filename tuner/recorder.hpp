// Between the search and the record store: measurements become records, records become known configs and seeds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "generator/family.hpp"
#include "runtime/context.hpp"
#include "tuner/search.hpp"

namespace attune::tuner {

struct RecorderOptions {
  std::string cache_regime, budget;
  uint64_t seed = 1;
};

// For one problem. The constructor registers device, toolchain and session; each commit() is one transaction of the store.
class Recorder {
 public:
  Recorder(runtime::Context& context, const Family& family, const Problem& problem, const RecorderOptions& options);

  // Returns the record's id. A store that cannot write keeps it in memory and says so once; the search goes on.
  std::string commit(const Candidate& candidate);
  void retract(const std::string& record_id, const std::string& reason);

  // Latest measurement of each config for this very problem, toolchain and cache regime.
  std::vector<Candidate> known() const;
  // The config of the best record of this problem: what is used today.
  std::optional<cache::Record> winner() const;
  // Good configs of other shapes of the bucket, of neighbour buckets and of sibling devices, best first, each in the space.
  std::vector<Config> seeds(const Space& space, size_t limit) const;

 private:
  void register_session(const RecorderOptions& options);

  runtime::Context& context_;
  cache::Record blank_;  // the fields all records of this search share
};

}  // namespace attune::tuner
