#include "emulator/machine/shadow.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace attune::emulator {

SharedShadow::SharedShadow(int64_t bytes, uint32_t warps, const Options& options)
    : races_(options.check_races), uninitialised_(options.check_uninitialised), clocks_(kAgents), memos_(kAgents) {
  static_cast<void>(warps);
  if (enabled()) cells_.resize(static_cast<size_t>(bytes));
}

void SharedShadow::start() {
  std::fill(cells_.begin(), cells_.end(), Cell{});
  for (uint32_t agent = 0; agent < kAgents; ++agent) {
    clocks_[agent].fill(0);
    clocks_[agent][agent] = 1;
  }
  memos_.assign(kAgents, {});
  sets_.assign(1, {});
  extended_.clear();
  locations_.clear();
}

SharedShadow::Finding SharedShadow::conflict(uint32_t agent, uint32_t offset, const Cell& cell) const {
  Finding finding;
  finding.offset = offset;
  finding.other_line = cell.line;
  const uint32_t other = cell.write >> kClockBits;
  if (other == (kInFlight >> kClockBits)) {
    finding.problem = Problem::in_flight;
    finding.other_agent = cell.write & 0xff;
    finding.other_wrote = true;
  } else if (cell.write != 0 && !ordered(agent, cell.write)) {
    finding.problem = Problem::race;
    finding.other_agent = other;
    finding.other_wrote = true;
  }
  return finding;
}

SharedShadow::Finding SharedShadow::read(uint32_t agent, uint32_t offset, uint32_t bytes) {
  Cell* const cells = cells_.data() + offset;
  Memo& memo = memos_[agent];
  for (uint32_t i = 0; i < bytes; ++i) {
    Cell& cell = cells[i];
    if (cell.write != memo.ordered_write || cell.write == 0) {
      if (cell.write == 0) {
        if (uninitialised_) return {Problem::uninitialised, offset + i, 0, false, 0};
      } else if (races_) {
        const Finding finding = conflict(agent, offset + i, cell);
        if (finding.problem != Problem::none) return finding;
        memo.ordered_write = cell.write;
      }
    }
    if (!races_) continue;
    if (cell.readers != memo.readers_in) {
      memo.readers_in = cell.readers;
      memo.readers_out = with_reader(cell.readers, agent);
    }
    cell.readers = memo.readers_out;
  }
  return {};
}

SharedShadow::Finding SharedShadow::write(uint32_t agent, uint32_t offset, uint32_t bytes, uint32_t line) {
  Cell* const cells = cells_.data() + offset;
  Memo& memo = memos_[agent];
  const uint32_t now = epoch(agent);
  for (uint32_t i = 0; i < bytes; ++i) {
    Cell& cell = cells[i];
    if (races_) {
      if (cell.write != memo.ordered_write && cell.write != 0) {
        const Finding finding = conflict(agent, offset + i, cell);
        if (finding.problem != Problem::none) return finding;
        memo.ordered_write = cell.write;
      }
      if (cell.readers != 0 && cell.readers != memo.ordered_readers) {
        for (const uint32_t past : sets_[cell.readers]) {
          if (!ordered(agent, past)) return {Problem::race, offset + i, past >> kClockBits, false, 0};
        }
        memo.ordered_readers = cell.readers;
      }
      cell.readers = 0;
    }
    cell.write = now;
    cell.line = line;
  }
  return {};
}

SharedShadow::Finding SharedShadow::strong_read(uint32_t offset, uint32_t bytes) const {
  if (!uninitialised_) return {};
  for (uint32_t i = 0; i < bytes; ++i) {
    if (cells_[offset + i].write == 0) return {Problem::uninitialised, offset + i, 0, false, 0};
  }
  return {};
}

void SharedShadow::strong_write(uint32_t offset, uint32_t bytes, uint32_t line) {
  for (uint32_t i = 0; i < bytes; ++i) cells_[offset + i] = {kStrong | 1, 0, line};
}

SharedShadow::Finding SharedShadow::begin_copy(uint32_t agent, uint32_t offset, uint32_t bytes, uint32_t line) {
  if (!races_) return {};  // the bytes keep their state until the copy lands
  const Finding finding = write(agent, offset, bytes, line);
  if (finding.problem != Problem::none) return finding;
  for (uint32_t i = 0; i < bytes; ++i) cells_[offset + i].write = kInFlight | agent;
  return {};
}

void SharedShadow::land(uint32_t agent, uint32_t offset, uint32_t bytes, uint32_t line) {
  const uint32_t now = epoch(agent);
  for (uint32_t i = 0; i < bytes; ++i) cells_[offset + i] = {now, 0, line};
}

void SharedShadow::release(uint32_t agent, Clock& into) {
  Clock& own = clocks_[agent];
  for (uint32_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], own[i]);
  ++own[agent];
  memos_[agent] = {};
}

void SharedShadow::acquire(uint32_t agent, const Clock& from) {
  Clock& own = clocks_[agent];
  for (uint32_t i = 0; i < from.size(); ++i) own[i] = std::max(own[i], from[i]);
  memos_[agent] = {};
}

void SharedShadow::fence_proxy(uint32_t agent) {
  Clock& own = clocks_[agent];
  for (uint32_t i = 0; i < kAgents; ++i) own[kAgents + i] = std::max(own[kAgents + i], own[i]);
  ++own[agent];  // what comes now is not fenced
  memos_[agent] = {};
}

void SharedShadow::issue_async(uint32_t agent) {
  Clock& engine = clocks_[kAsyncAgent];
  for (uint32_t i = 0; i < kAgents; ++i) engine[i] = std::max(engine[i], clocks_[agent][kAgents + i]);
  memos_[kAsyncAgent] = {};
}

// The set with this agent's present epoch in it. Readers that are ordered before this access need not be kept: a write that
// is ordered after this access is ordered after them too.
uint32_t SharedShadow::with_reader(uint32_t set, uint32_t agent) {
  const uint32_t now = epoch(agent);
  const auto [found, is_new] = extended_.try_emplace(uint64_t{set} << 32 | now, 0);
  if (!is_new) return found->second;
  std::vector<uint32_t> readers;
  bool present = false;
  for (const uint32_t past : sets_[set]) {
    if (past == now) present = true;
    if (past == now || !ordered(agent, past)) readers.push_back(past);
  }
  if (!present) readers.push_back(now);
  std::sort(readers.begin(), readers.end());
  if (readers == sets_[set]) {
    found->second = set;
  } else {
    found->second = static_cast<uint32_t>(sets_.size());
    sets_.push_back(std::move(readers));
  }
  return found->second;
}

std::string SharedShadow::explain(const Finding& finding) {
  const std::string who =
      finding.other_agent == kAsyncAgent ? std::string("a bulk copy") : fmt::format("warp {}", finding.other_agent);
  switch (finding.problem) {
    case Problem::uninitialised:
      return fmt::format("uninitialised shared memory: byte {} was never written", finding.offset);
    case Problem::race:
      if (finding.other_wrote) {
        return fmt::format("a shared-memory race: byte {} was written by {} at PTX line {} with no barrier in between",
                           finding.offset, who, finding.other_line);
      }
      return fmt::format("a shared-memory race: byte {} was read by {} with no barrier in between", finding.offset, who);
    case Problem::in_flight:
      return fmt::format(
          "a shared-memory race: byte {} is being written by an asynchronous copy of {}, issued at PTX line {}, "
          "that nobody has waited for",
          finding.offset, who, finding.other_line);
    default: return "nothing";
  }
}

}  // namespace attune::emulator
