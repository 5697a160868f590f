// ldmatrix, stmatrix, movmatrix and mma.sync: addresses and checks here, the arithmetic in emulator/tensor.
#include <fmt/format.h>

#include <array>
#include <bit>
#include <vector>

#include "emulator/machine/decoder.hpp"
#include "emulator/machine/memory.hpp"
#include "emulator/tensor/ldmatrix.hpp"
#include "emulator/tensor/mma.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

// A register of operands.
constexpr size_t kMaxRegisters = 16;
using Rows = std::array<LaneRegisters*, kMaxRegisters>;

void run_matrix_access(Warp& warp, const Instruction& instruction, LaneMask) {
  const auto& how = detail<MatrixAccess>(instruction);
  const auto* const bases = warp.lanes<uint64_t>(instruction.source(0));
  const int count = how.address_lanes();
  std::array<std::byte*, kLanes> rows{};
  std::array<uint64_t, kLanes> addresses{};
  const auto bytes = uint32_t{MatrixAccess::row_bytes};
  for (int lane = 0; lane < count; ++lane) {
    const uint64_t address = bases[lane] + static_cast<uint64_t>(instruction.immediate);
    addresses[static_cast<size_t>(lane)] = address;
    std::byte* const memory = access_memory(warp, instruction, lane, ptx::Space::shared, address & ~kWindowMask, bytes,
                                            how.is_store ? Access::write : Access::read, 16);
    if (memory == nullptr) return;
    rows[static_cast<size_t>(lane)] = memory;
  }
  Rows registers{};
  const auto n = static_cast<size_t>(how.registers);
  for (size_t i = 0; i < n; ++i) {
    registers[i] =
        &warp.row(how.is_store ? instruction.source(static_cast<int>(i) + 1) : instruction.destination(static_cast<int>(i)));
  }
  Counters& counters = warp.cta->counters;
  const auto used = static_cast<size_t>(count);
  if (how.is_store) {
    stmatrix(how, std::span<std::byte* const>(rows.data(), used),
             std::span<const LaneRegisters* const>(registers.data(), n));
    counters.shared_store_bytes += int64_t{bytes} * count;
    warp.cta->cluster.note_progress();
  } else {
    const std::vector<const std::byte*> sources(rows.begin(), rows.begin() + count);
    ldmatrix(how, sources, std::span<LaneRegisters* const>(registers.data(), n));
    counters.shared_load_bytes += int64_t{bytes} * count;
  }
  const LaneMask lanes = count == kLanes ? kAllLanes : (LaneMask{1} << count) - 1;
  count_shared(*warp.cta, addresses.data(), lanes, bytes);
}

Result<void> decode_matrix_access(Decoder& d) {
  const auto parsed = parse_matrix_access(d.opcode());
  if (!parsed.ok()) {
    return Error(parsed.error().status(), fmt::format("PTX line {}: {}", d.instruction().line, parsed.error().message()));
  }
  const MatrixAccess how = *parsed;
  d.take_all();
  ATTUNE_CHECK(d.need_operands(2, 2));
  const auto registers = Decoder::elements(d.operand(how.is_store ? 1 : 0));
  if (static_cast<int>(registers.size()) != how.registers) return d.malformed("has another number of registers");
  ATTUNE_CHECK(d.add_address(d.operand(how.is_store ? 0 : 1)));
  for (const auto& element : registers) {
    if (how.is_store) {
      ATTUNE_CHECK(d.add_source(element, Type::b32));
    } else {
      ATTUNE_CHECK(d.add_destination(element, Type::b32));
    }
  }
  d.out.aligned = true;
  d.set_detail(how);
  d.finish(run_matrix_access, InstructionClass::matrix_load);
  return {};
}

void run_move_matrix(Warp& warp, const Instruction& instruction, LaneMask) {
  movmatrix(warp.row(instruction.source(0)), warp.row(instruction.destination()));
}

Result<void> decode_move_matrix(Decoder& d) {
  if (!d.take("sync") || !d.take("aligned") || !d.take("m8n8") || !d.take("trans") || !d.take("b16")) return d.unknown();
  ATTUNE_CHECK(d.need_operands(2, 2));
  ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b32));
  ATTUNE_CHECK(d.add_source(d.operand(1), Type::b32));
  d.out.aligned = true;
  d.finish(run_move_matrix, InstructionClass::matrix_load);
  return {};
}

// --- mma -----------------------------------------------------------------------------------------------------------------

struct MmaDetail {
  MmaInstruction mma;
  MmaScales scales;  // selectors; the registers are operands
};

void count_mma(Counters& counters, const MmaInstruction& mma) {
  switch (mma.a) {
    case MmaType::f16:
    case MmaType::bf16: counters.mma_flops_f16 += mma.operations(); break;
    case MmaType::tf32: counters.mma_flops_tf32 += mma.operations(); break;
    case MmaType::f64: counters.mma_flops_f64 += mma.operations(); break;
    case MmaType::e4m3:
    case MmaType::e5m2: counters.mma_flops_fp8 += mma.operations(); break;
    case MmaType::e2m1:
    case MmaType::e2m3:
    case MmaType::e3m2: counters.mma_flops_fp4 += mma.operations(); break;
    default: counters.mma_ops_int += mma.operations(); break;
  }
}

void run_mma(Warp& warp, const Instruction& instruction, LaneMask) {
  const auto& how = detail<MmaDetail>(instruction);
  const MmaInstruction& mma_form = how.mma;
  Rows results{};
  // f64 elements are two registers of 32 bits to the arithmetic, low half first, and one of 64 bits here.
  const bool wide = mma_form.a == MmaType::f64;
  const size_t total = static_cast<size_t>(mma_form.a_registers) + static_cast<size_t>(mma_form.b_registers) +
                       static_cast<size_t>(mma_form.c_registers);
  const auto result_count = static_cast<size_t>(mma_form.d_registers);
  std::array<LaneRegisters, 2 * kMaxRegisters> halves;
  if (wide) {
    for (size_t i = 0; i < total; i += 2) {
      const auto* const values = warp.lanes<uint64_t>(instruction.source(static_cast<int>(i / 2)));
      for (size_t lane = 0; lane < kLanes; ++lane) {
        halves[i][lane] = static_cast<uint32_t>(values[lane]);
        halves[i + 1][lane] = static_cast<uint32_t>(values[lane] >> 32);
      }
    }
  }
  std::array<const LaneRegisters*, 2 * kMaxRegisters> inputs{};
  for (size_t i = 0; i < total; ++i) inputs[i] = wide ? &halves[i] : &warp.row(instruction.source(static_cast<int>(i)));
  std::array<LaneRegisters, kMaxRegisters> wide_results;
  for (size_t i = 0; i < result_count; ++i) {
    results[i] = wide ? &wide_results[i] : &warp.row(instruction.destination(static_cast<int>(i)));
  }
  MmaScales scales = how.scales;
  if (mma_form.block_scaled) {
    scales.a = &warp.row(instruction.source(static_cast<int>(total)));
    scales.b = &warp.row(instruction.source(static_cast<int>(total) + 1));
  }
  const auto a = static_cast<size_t>(mma_form.a_registers);
  const auto b = static_cast<size_t>(mma_form.b_registers);
  const auto c = static_cast<size_t>(mma_form.c_registers);
  const MmaOptions options{warp.cta->launch.options.fp8_short_accumulator};
  mma(mma_form, {inputs.data(), a}, {inputs.data() + a, b}, {inputs.data() + a + b, c}, {results.data(), result_count},
      options, mma_form.block_scaled ? &scales : nullptr);
  if (wide) {
    for (size_t i = 0; i < result_count; i += 2) {
      auto* const values = warp.lanes<uint64_t>(instruction.destination(static_cast<int>(i / 2)));
      for (size_t lane = 0; lane < kLanes; ++lane) {
        values[lane] = uint64_t{wide_results[i + 1][lane]} << 32 | wide_results[i][lane];
      }
    }
  }
  count_mma(warp.cta->counters, mma_form);
}

Result<void> decode_mma(Decoder& d) {
  const auto parsed = parse_mma(d.opcode());
  if (!parsed.ok()) {
    return Error(parsed.error().status(), fmt::format("PTX line {}: {}", d.instruction().line, parsed.error().message()));
  }
  MmaDetail how;
  how.mma = *parsed;
  d.take_all();
  const bool wide = how.mma.a == MmaType::f64;
  const Type type = wide ? Type::b64 : Type::b32;
  const int expected[] = {how.mma.d_registers, how.mma.a_registers, how.mma.b_registers, how.mma.c_registers};
  ATTUNE_CHECK(d.need_operands(4, how.mma.block_scaled ? 8 : 4));
  for (size_t i = 0; i < 4; ++i) {
    const auto elements = Decoder::elements(d.operand(i));
    if (static_cast<int>(elements.size()) != expected[i] / (wide ? 2 : 1)) {
      return d.malformed(fmt::format("operand {} has {} registers", i, elements.size()));
    }
    for (const auto& element : elements) {
      if (i == 0) {
        ATTUNE_CHECK(d.add_destination(element, type));
      } else {
        ATTUNE_CHECK(d.add_source(element, type));
      }
    }
  }
  if (how.mma.block_scaled) {
    // scale-a, {byte-id-a, thread-id-a}, scale-b, {byte-id-b, thread-id-b}
    if (d.operand_count() != 8) return d.malformed("the scale operands are missing");
    for (const size_t side : {size_t{0}, size_t{1}}) {
      const auto data = Decoder::elements(d.operand(4 + 2 * side));
      const auto selectors = Decoder::elements(d.operand(5 + 2 * side));
      if (data.size() != 1 || selectors.size() != 2) return d.malformed("the scale operands are malformed");
      ATTUNE_CHECK(d.add_source(data[0], Type::b32));
      ATTUNE_TRY(const int64_t byte, d.constant(selectors[0], "a byte selector"));
      ATTUNE_TRY(const int64_t thread, d.constant(selectors[1], "a thread selector"));
      (side == 0 ? how.scales.byte_a : how.scales.byte_b) = static_cast<int>(byte);
      (side == 0 ? how.scales.thread_a : how.scales.thread_b) = static_cast<int>(thread);
    }
    ATTUNE_CHECK(check_scales(how.mma, how.scales));
  }
  d.out.aligned = true;
  d.set_detail(how);
  d.finish(run_mma, InstructionClass::mma);
  return {};
}

}  // namespace

std::vector<OpcodeEntry> matrix_opcodes() {
  return {{"ldmatrix", decode_matrix_access},
          {"stmatrix", decode_matrix_access},
          {"movmatrix", decode_move_matrix},
          {"mma", decode_mma}};
}

}  // namespace attune::emulator
