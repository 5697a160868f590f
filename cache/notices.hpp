// What a store has to tell, said after its mutex is released: a log sink may call the store again. Private to cache/.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/log.hpp"

namespace attune::cache {

// Declare it before the lock. Each key is logged once a process.
class Notices {
 public:
  Notices() = default;
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;
  ~Notices() {
    for (const Notice& notice : notices_) log_once(notice.level, notice.key, notice.message);
  }
  void add(LogLevel level, std::string key, std::string message) {
    notices_.push_back({level, std::move(key), std::move(message)});
  }

 private:
  struct Notice {
    LogLevel level;
    std::string key, message;
  };
  std::vector<Notice> notices_;
};

}  // namespace attune::cache
