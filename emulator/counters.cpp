#include <fmt/format.h>

#include "emulator/emulator.hpp"

namespace attune::emulator {
namespace {

constexpr size_t kClasses = static_cast<size_t>(InstructionClass::count);
constexpr std::array<std::string_view, kClasses> kNames = {
    "integer",          "logic",  "move",        "float32",     "float16",      "float64",     "conversion",
    "special_function", "mma",    "matrix_load", "shared_load", "shared_store", "global_load", "global_store",
    "other_memory",     "atomic", "async_copy",  "barrier",     "warp",         "control",     "other"};

struct Field {
  std::string_view name;
  int64_t Counters::* member;
};
constexpr std::array kFields = {
    Field{"lane_instructions", &Counters::lane_instructions},
    Field{"divergent_branches", &Counters::divergent_branches},
    Field{"shared_wavefronts", &Counters::shared_wavefronts},
    Field{"shared_conflicts", &Counters::shared_conflicts},
    Field{"shared_load_bytes", &Counters::shared_load_bytes},
    Field{"shared_store_bytes", &Counters::shared_store_bytes},
    Field{"global_load_sectors", &Counters::global_load_sectors},
    Field{"global_store_sectors", &Counters::global_store_sectors},
    Field{"global_load_bytes", &Counters::global_load_bytes},
    Field{"global_store_bytes", &Counters::global_store_bytes},
    Field{"async_copy_bytes", &Counters::async_copy_bytes},
    Field{"mma_flops_f16", &Counters::mma_flops_f16},
    Field{"mma_flops_tf32", &Counters::mma_flops_tf32},
    Field{"mma_flops_f64", &Counters::mma_flops_f64},
    Field{"mma_ops_int", &Counters::mma_ops_int},
    Field{"mma_flops_fp8", &Counters::mma_flops_fp8},
    Field{"mma_flops_fp4", &Counters::mma_flops_fp4},
    Field{"ctas", &Counters::ctas},
    Field{"warps", &Counters::warps},
};

}  // namespace

std::string_view name(InstructionClass kind) {
  const auto index = static_cast<size_t>(kind);
  return index < kClasses ? kNames[index] : "unknown";
}

int64_t Counters::total_instructions() const {
  int64_t total = 0;
  for (const int64_t count : instructions) total += count;
  return total;
}

void Counters::merge(const Counters& other) {
  for (size_t i = 0; i < kClasses; ++i) instructions[i] += other.instructions[i];
  for (const Field& field : kFields) this->*field.member += other.*field.member;
}

std::string Counters::to_json() const {
  std::string text = "{\"instructions\":{";
  for (size_t i = 0; i < kClasses; ++i) text += fmt::format("{}\"{}\":{}", i == 0 ? "" : ",", kNames[i], instructions[i]);
  text += fmt::format("}},\"total_instructions\":{}", total_instructions());
  for (const Field& field : kFields) text += fmt::format(",\"{}\":{}", field.name, this->*field.member);
  return text + "}";
}

}  // namespace attune::emulator
