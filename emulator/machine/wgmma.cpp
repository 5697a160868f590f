// wgmma: fence, commit_group, wait_group and mma_async. Operand addresses and checks here, the arithmetic in
// emulator/tensor.
//
// Each warp multiplies its own 16 rows when it executes the instruction: of the orders that the asynchronous instruction may
// have, the earliest; a kernel that PTX gives a meaning cannot tell.
// and once more at the wait_group that ends it, so that a buffer refilled in between is found.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "emulator/machine/decoder.hpp"
#include "emulator/machine/memory.hpp"
#include "emulator/tensor/wgmma.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

struct WgmmaDetail {
  WgmmaInstruction form;
  WgmmaModifiers modifiers;
  bool a_from_registers = false;
  PredicateOperand scale_d;
};

// The operands after the accumulators: A's registers or descriptor, then B's descriptor.
int a_operands(const WgmmaDetail& how) { return how.a_from_registers ? WgmmaInstruction::a_registers : 1; }

// The mask of lanes that have not all the same value.
LaneMask odd_lanes(const uint64_t* values, LaneMask lanes) {
  const uint64_t first = values[std::countr_zero(lanes)];
  LaneMask odd = 0;
  for_each_lane(lanes, [&](int lane) { odd |= values[lane] != first ? LaneMask{1} << lane : 0; });
  return odd;
}

// Registers that were never written: the machine leaves the check to this handler, since D is read only when scale-d holds.
bool check_defined(Warp& warp, const Instruction& instruction, const WgmmaDetail& how, LaneMask lanes, bool reads_d) {
  if (!warp.check_registers) return true;
  LaneMask undefined = lanes & ~warp.predicate_valid[how.scale_d.index];
  for (int i = 0; i < instruction.sources; ++i) {
    const Slot slot = instruction.source(i);
    if (!(slot & kConstantBank)) undefined |= lanes & ~warp.valid[slot];
  }
  for (int i = 0; reads_d && i < instruction.destinations; ++i) undefined |= lanes & ~warp.valid[instruction.destination(i)];
  if (undefined == 0) return true;
  warp.fail(Status::validation_failed, instruction, std::countr_zero(undefined),
            fmt::format("reads a register that lanes {:#010x} have never written", undefined),
            "Initialise the operands, or pass scale-d = 0 in the first step.");
  return false;
}

// Reads the chunks at `addresses` in the given order. Neighbours are checked together.
bool read_chunks(Warp& warp, const Instruction& instruction, const std::vector<uint32_t>& addresses,
                 std::vector<std::byte>& bytes) {
  constexpr uint32_t kChunk = 16;
  std::vector<uint32_t> sorted = addresses;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size();) {
    const uint32_t begin = sorted[i];
    uint32_t end = begin;
    while (i < sorted.size() && sorted[i] <= end) end = std::max(end, sorted[i++] + kChunk);
    if (access_shared(warp, instruction, -1, begin, end - begin, kChunk, Access::read) == nullptr) return false;
  }
  bytes.resize(addresses.size() * kChunk);
  const std::byte* const shared = warp.cta->shared.data();
  for (size_t i = 0; i < addresses.size(); ++i) std::memcpy(bytes.data() + i * kChunk, shared + addresses[i], kChunk);
  return true;
}

bool read_operand(Warp& warp, const Instruction& instruction, uint64_t word, const WgmmaInstruction& form, int first_row,
                  int rows, bool transposed, std::vector<std::byte>& bytes) {
  const Result<WgmmaDescriptor> descriptor = decode_wgmma_descriptor(word);
  if (!descriptor.ok()) {
    warp.fail(descriptor.error().status(), instruction, -1, fmt::format("has descriptor {:#018x}", word),
              descriptor.error().message());
    return false;
  }
  std::vector<uint32_t> addresses;
  wgmma_chunks(form, *descriptor, first_row, rows, transposed, addresses);
  return read_chunks(warp, instruction, addresses, bytes);
}

void count_wgmma(Counters& counters, const WgmmaInstruction& form) {
  const int64_t operations = form.operations() / kWarpsPerWarpgroup;  // this warp's part
  switch (form.a) {
    case MmaType::f16:
    case MmaType::bf16: counters.mma_flops_f16 += operations; break;
    case MmaType::tf32: counters.mma_flops_tf32 += operations; break;
    case MmaType::e4m3:
    case MmaType::e5m2: counters.mma_flops_fp8 += operations; break;
    default: counters.mma_ops_int += operations; break;
  }
}

void run_wgmma(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<WgmmaDetail>(instruction);
  const WgmmaInstruction& form = how.form;
  const LaneMask scale = warp.predicate(how.scale_d) & lanes;
  if (!check_defined(warp, instruction, how, lanes, scale != 0)) return;
  if (warp.cta->warps.size() < (warp.index / kWarpsPerWarpgroup + 1) * kWarpsPerWarpgroup) {
    return warp.fail(Status::validation_failed, instruction, -1, "is executed by a warp outside of a whole warpgroup",
                     "Launch a multiple of 128 threads.");
  }
  const int a_count = a_operands(how);
  const uint64_t* const a_words = warp.lanes<uint64_t>(instruction.source(0));
  const uint64_t* const b_words = warp.lanes<uint64_t>(instruction.source(a_count));
  const LaneMask odd =
      (scale == lanes ? 0 : scale) | odd_lanes(b_words, lanes) | (how.a_from_registers ? 0 : odd_lanes(a_words, lanes));
  if (odd != 0) {
    return warp.fail(Status::validation_failed, instruction, std::countr_zero(odd), "has a descriptor or scale-d of its own",
                     "All threads of the warpgroup must pass the same descriptors and the same scale-d.");
  }
  const int lane = std::countr_zero(lanes);
  const auto warp_in_group = static_cast<int>(warp.index % kWarpsPerWarpgroup);
  std::vector<std::byte> a_bytes, b_bytes;
  std::array<const LaneRegisters*, WgmmaInstruction::a_registers> a_rows{};
  if (how.a_from_registers) {
    for (int r = 0; r < WgmmaInstruction::a_registers; ++r)
      a_rows[static_cast<size_t>(r)] = &warp.row(instruction.source(r));
  } else if (!read_operand(warp, instruction, a_words[lane], form, 16 * warp_in_group, 16, how.modifiers.transpose_a,
                           a_bytes)) {
    return;
  }
  if (!read_operand(warp, instruction, b_words[lane], form, 0, form.n, how.modifiers.transpose_b, b_bytes)) return;

  std::array<LaneRegisters*, 128> d{};
  for (int r = 0; r < form.d_registers; ++r) {
    d[static_cast<size_t>(r)] = &warp.row(instruction.destination(r));
    warp.valid[instruction.destination(r)] |= lanes;
  }
  WgmmaModifiers modifiers = how.modifiers;
  modifiers.scale_d = scale != 0;
  wgmma(form, modifiers, {a_rows, a_bytes, b_bytes}, std::span(d.data(), static_cast<size_t>(form.d_registers)),
        {warp.cta->launch.options.fp8_short_accumulator});
  count_wgmma(warp.cta->counters, form);
}

Result<void> decode_mma_async(Decoder& d) {
  const Result<WgmmaInstruction> parsed = parse_wgmma(d.opcode());
  if (!parsed.ok()) {
    return Error(parsed.error().status(), fmt::format("PTX line {}: {}", d.instruction().line, parsed.error().message()));
  }
  d.take_all();
  WgmmaDetail how;
  how.form = *parsed;
  ATTUNE_CHECK(d.need_operands(4, 8));
  const auto accumulators = Decoder::elements(d.operand(0));
  if (static_cast<int>(accumulators.size()) != how.form.d_registers) {
    return d.malformed(fmt::format("has {} accumulator registers instead of {}", accumulators.size(), how.form.d_registers));
  }
  for (const auto& element : accumulators) ATTUNE_CHECK(d.add_destination(element, Type::b32));
  how.a_from_registers = d.operand(1).kind == ptx::OperandKind::vector;
  if (how.a_from_registers) {
    const auto registers = Decoder::elements(d.operand(1));
    if (static_cast<int>(registers.size()) != WgmmaInstruction::a_registers) return d.malformed("A is not four registers");
    for (const auto& element : registers) ATTUNE_CHECK(d.add_source(element, Type::b32));
  } else {
    ATTUNE_CHECK(d.add_source(d.operand(1), Type::b64));
  }
  ATTUNE_CHECK(d.add_source(d.operand(2), Type::b64));
  ATTUNE_TRY(how.scale_d, d.predicate_source(d.operand(3)));

  // imm-scale-a and -b belong to floating types, imm-trans-a (descriptors alone) and -b to 16-bit types.
  const bool floating = how.form.d != MmaType::s32;
  const bool transposable = how.form.a == MmaType::f16 || how.form.a == MmaType::bf16;
  const size_t expected = 4 + (floating ? 2 : 0) + (transposable ? (how.a_from_registers ? 1 : 2) : 0);
  if (d.operand_count() != expected) return d.malformed(fmt::format("has {} operands, not {}", d.operand_count(), expected));
  std::array<int64_t, 4> immediates{};
  for (size_t i = 4; i < expected; ++i) {
    ATTUNE_TRY(immediates[i - 4], d.constant(d.operand(i), "an immediate modifier"));
    const bool fits =
        i < 6 ? immediates[i - 4] == 1 || immediates[i - 4] == -1 : immediates[i - 4] == 0 || immediates[i - 4] == 1;
    if (!fits) return d.malformed("a scale immediate is not 1 or -1, or a transpose immediate not 0 or 1");
  }
  if (floating) {
    how.modifiers.scale_a = static_cast<int>(immediates[0]);
    how.modifiers.scale_b = static_cast<int>(immediates[1]);
  }
  if (transposable) {
    how.modifiers.transpose_a = !how.a_from_registers && immediates[2] == 1;
    how.modifiers.transpose_b = immediates[how.a_from_registers ? 2 : 3] == 1;
  }
  d.out.aligned = true;
  d.out.tracks_definition = true;
  d.set_detail(how);
  d.finish(run_wgmma, InstructionClass::mma);
  return {};
}

// The fence orders register accesses, and groups complete at their instruction: nothing is left to do.
void run_nothing(Warp&, const Instruction&, LaneMask) {}

Result<void> decode_wgmma(Decoder& d) {
  if (d.take("mma_async")) return decode_mma_async(d);
  const bool fence = d.take("fence"), commit = !fence && d.take("commit_group"),
             wait = !fence && !commit && d.take("wait_group");
  if (!fence && !commit && !wait) return d.unknown();
  if (!d.take("sync") || !d.take("aligned")) return d.malformed(".sync.aligned is missing");
  ATTUNE_CHECK(d.need_operands(wait ? 1 : 0, wait ? 1 : 0));
  if (wait) {
    ATTUNE_TRY(const int64_t groups, d.constant(d.operand(0), "the number of groups"));
    if (groups < 0 || groups > 7) return d.malformed("the number of groups is not 0 to 7");
  }
  d.out.aligned = true;
  d.finish(run_nothing, InstructionClass::mma);
  return {};
}

}  // namespace

std::vector<OpcodeEntry> wgmma_opcodes() { return {{"wgmma", decode_wgmma}}; }

}  // namespace attune::emulator
