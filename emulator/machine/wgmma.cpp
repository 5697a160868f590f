// wgmma.fence, mma_async, commit_group, wait_group.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "emulator/machine/cta.hpp"
#include "emulator/machine/decoder.hpp"
#include "emulator/machine/memory.hpp"
#include "emulator/machine/wgmma_queue.hpp"

namespace attune::emulator {

WgmmaQueue::WgmmaQueue(Cta& cta) : cta_(cta) { start(); }

void WgmmaQueue::start() {
  const uint32_t warps = cta_.launch.warps();
  warps_.assign(warps, {});
  executed_.assign((warps + kWarpsPerWarpgroup - 1) / kWarpsPerWarpgroup, 0);
}

bool WgmmaQueue::check_operand(Warp& warp, const Instruction& instruction, const WgmmaDescriptor& descriptor, int rows,
                               bool transposed) {
  std::vector<uint32_t> addresses;
  wgmma_chunks(detail<WgmmaDetail>(instruction).wgmma, descriptor, rows, transposed, addresses);
  SharedShadow& shadow = *cta_.shadow;
  const uint64_t rank = uint64_t{cta_.rank} << kClusterRankShift;
  for (const uint32_t address : addresses) {
    uint32_t offset = 0;
    if (access_shared(warp, instruction, 0, address | rank, 16, 16, Access::read, nullptr, &offset) == nullptr) return false;
    if (!shadow.enabled()) continue;
    const SharedShadow::Finding finding = shadow.read(SharedShadow::kAsyncAgent, offset, 16);
    if (finding.problem == SharedShadow::Problem::none) continue;
    warp.fail(Status::validation_failed, instruction, 0,
              fmt::format("reads 16 bytes at shared address {:#x}: {}", address, SharedShadow::explain(finding)),
              "The warp itself may read them: execute fence.proxy.async between the writes and the barrier before wgmma.");
    return false;
  }
  return true;
}

void WgmmaQueue::issue(Warp& warp, const Instruction& instruction) {
  const auto& how = detail<WgmmaDetail>(instruction);
  WarpQueue& queue = warps_[warp.index];
  Operation operation;
  operation.instruction = &instruction;
  const int first = how.a_in_registers ? WgmmaInstruction::a_registers : 1;
  if (how.a_in_registers) {
    for (int i = 0; i < WgmmaInstruction::a_registers; ++i)
      operation.a[static_cast<size_t>(i)] = warp.row(instruction.source(i));
  } else {
    operation.a_descriptor = warp.lanes<uint64_t>(instruction.source(0))[0];
  }
  operation.b_descriptor = warp.lanes<uint64_t>(instruction.source(first))[0];
  operation.scale_d = (warp.predicate(instruction.source_predicate) & 1) != 0;
  // The four warps read the same operands: one of them is checked.
  if (warp.index % kWarpsPerWarpgroup == 0) {
    if (cta_.shadow->enabled()) cta_.shadow->issue_async(warp.index);
    const auto check = [&](uint64_t bits, int rows, bool transposed) {
      const auto descriptor = decode_wgmma_descriptor(bits);
      if (!descriptor.ok()) {
        warp.fail(descriptor.error().status(), instruction, 0,
                  fmt::format("has a descriptor: {}", descriptor.error().message()), "Correct the matrix descriptor.");
        return false;
      }
      return check_operand(warp, instruction, *descriptor, rows, transposed);
    };
    if (!how.a_in_registers && !check(operation.a_descriptor, WgmmaInstruction::m, how.modifiers.transpose_a)) return;
    if (!check(operation.b_descriptor, how.wgmma.n, how.modifiers.transpose_b)) return;
  }
  for (int i = 0; i < how.wgmma.d_registers; ++i) {
    const Slot slot = instruction.destination(i);
    const bool in_flight = queue.last_use.contains(slot);
    if (warp.check_registers && operation.scale_d && !in_flight && warp.valid[slot] != kAllLanes) {
      return warp.fail(Status::validation_failed, instruction, std::countr_zero(~warp.valid[slot]),
                       "adds to an accumulator that was never written", "Clear it, or make scale-d false the first time.");
    }
    queue.last_use[slot] = queue.issued.size();
    warp.valid[slot] = 0;
  }
  queue.issued.push_back(operation);
  Counters& counters = cta_.counters;
  if (warp.index % kWarpsPerWarpgroup == 0) {
    switch (how.wgmma.a) {
      case MmaType::f16:
      case MmaType::bf16: counters.mma_flops_f16 += how.wgmma.operations(); break;
      case MmaType::tf32: counters.mma_flops_tf32 += how.wgmma.operations(); break;
      case MmaType::e4m3:
      case MmaType::e5m2: counters.mma_flops_fp8 += how.wgmma.operations(); break;
      default: counters.mma_ops_int += how.wgmma.operations(); break;
    }
  }
  cta_.cluster.note_progress();
}

void WgmmaQueue::commit(Warp& warp) {
  WarpQueue& queue = warps_[warp.index];
  queue.groups.push_back(queue.issued.size());
}

void WgmmaQueue::read_chunks(const std::vector<uint32_t>& addresses, std::vector<std::byte>& bytes) const {
  bytes.resize(addresses.size() * 16);
  for (size_t i = 0; i < addresses.size(); ++i) std::memcpy(bytes.data() + i * 16, cta_.shared.data() + addresses[i], 16);
}

void WgmmaQueue::execute(uint32_t group, size_t index) {
  const Operation& first = warps_[group * kWarpsPerWarpgroup].issued[index];
  const auto& how = detail<WgmmaDetail>(*first.instruction);
  std::vector<uint32_t> addresses;
  std::vector<std::byte> a;
  std::vector<std::byte> b;
  std::array<std::array<const LaneRegisters*, WgmmaInstruction::a_registers>, kWarpsPerWarpgroup> a_registers{};
  WgmmaOperands operands;
  // Descriptors were decoded once already, when the operation was issued.
  if (!how.a_in_registers) {
    const auto descriptor = decode_wgmma_descriptor(first.a_descriptor);
    wgmma_chunks(how.wgmma, *descriptor, WgmmaInstruction::m, how.modifiers.transpose_a, addresses);
    read_chunks(addresses, a);
    operands.a = a;
  }
  const auto descriptor = decode_wgmma_descriptor(first.b_descriptor);
  wgmma_chunks(how.wgmma, *descriptor, how.wgmma.n, how.modifiers.transpose_b, addresses);
  read_chunks(addresses, b);
  operands.b = b;
  std::array<std::vector<LaneRegisters*>, kWarpsPerWarpgroup> targets;
  std::array<WarpTargets, kWarpsPerWarpgroup> d;
  for (size_t w = 0; w < kWarpsPerWarpgroup; ++w) {
    Warp& warp = cta_.warps[group * kWarpsPerWarpgroup + w];
    WarpQueue& queue = warps_[warp.index];
    const Operation& own = queue.issued[index];
    for (int i = 0; i < how.wgmma.d_registers; ++i) {
      const Slot slot = own.instruction->destination(i);
      const auto [found, is_new] = queue.results.try_emplace(slot);
      if (is_new) found->second = warp.row(slot);
      targets[w].push_back(&found->second);
    }
    d[w] = targets[w];
    if (how.a_in_registers) {
      for (size_t i = 0; i < a_registers[w].size(); ++i) a_registers[w][i] = &own.a[i];
      operands.a_registers[w] = a_registers[w];
    }
  }
  WgmmaModifiers modifiers = how.modifiers;
  modifiers.scale_d = first.scale_d;
  wgmma(how.wgmma, modifiers, operands, d, {cta_.launch.options.fp8_short_accumulator});
}

bool WgmmaQueue::wait(Warp& warp, uint32_t newest) {
  WarpQueue& queue = warps_[warp.index];
  if (queue.groups.size() <= newest) return true;
  const size_t target = queue.groups[queue.groups.size() - newest - 1];
  const uint32_t group = warp.index / kWarpsPerWarpgroup;
  for (uint32_t w = 0; w < kWarpsPerWarpgroup; ++w) {
    const uint32_t index = group * kWarpsPerWarpgroup + w;
    if (index >= warps_.size() || warps_[index].issued.size() < target) return false;
  }
  while (executed_[group] < target) execute(group, executed_[group]++);
  std::erase_if(queue.last_use, [&](const auto& entry) {
    if (entry.second >= target) return false;
    const auto result = queue.results.find(entry.first);
    warp.row(entry.first) = result->second;
    warp.valid[entry.first] = kAllLanes;
    queue.results.erase(result);
    return true;
  });
  SharedShadow::Clock clock{};
  cta_.shadow->release(SharedShadow::kAsyncAgent, clock);
  cta_.shadow->acquire(warp.index, clock);
  cta_.cluster.note_progress();
  return true;
}

namespace {

using ptx::Type;

void run_issue(Warp& warp, const Instruction& instruction, LaneMask) { warp.cta->wgmma->issue(warp, instruction); }
void run_commit(Warp& warp, const Instruction&, LaneMask) { warp.cta->wgmma->commit(warp); }
void run_fence(Warp&, const Instruction&, LaneMask) {}

void run_wait(Warp& warp, const Instruction& instruction, LaneMask) {
  if (warp.cta->wgmma->wait(warp, static_cast<uint32_t>(instruction.immediate))) return;
  --warp.current.pc;
  warp.poll_failed();
}

Result<void> decode_issue(Decoder& d) {
  const auto parsed = parse_wgmma(d.opcode());
  if (!parsed.ok()) {
    return Error(parsed.error().status(), fmt::format("PTX line {}: {}", d.instruction().line, parsed.error().message()));
  }
  WgmmaDetail how;
  how.wgmma = *parsed;
  d.take_all();
  ATTUNE_CHECK(d.need_operands(4, 8));
  const auto accumulators = Decoder::elements(d.operand(0));
  if (static_cast<int>(accumulators.size()) != how.wgmma.d_registers)
    return d.malformed("has another number of accumulators");
  for (const auto& element : accumulators) ATTUNE_CHECK(d.add_destination(element, Type::b32));
  const auto a = Decoder::elements(d.operand(1));
  how.a_in_registers = d.operand(1).kind == ptx::OperandKind::vector;
  if (how.a_in_registers && a.size() != WgmmaInstruction::a_registers)
    return d.malformed("A has another number of registers");
  for (const auto& element : a) ATTUNE_CHECK(d.add_source(element, how.a_in_registers ? Type::b32 : Type::b64));
  ATTUNE_CHECK(d.add_source(d.operand(2), Type::b64));
  ATTUNE_TRY(d.out.source_predicate, d.predicate_source(d.operand(3)));
  std::array<int64_t, 4> immediates{1, 1, 0, 0};
  // A in registers cannot be transposed: its operand is left out.
  size_t slot = 0;
  for (size_t i = 4; i < d.operand_count(); ++i) {
    if (how.a_in_registers && slot == 2) slot = 3;
    if (slot >= immediates.size()) return d.malformed("has too many operands");
    ATTUNE_TRY(immediates[slot], d.constant(d.operand(i), "a scale or transposition"));
    ++slot;
  }
  how.modifiers.scale_a = static_cast<int>(immediates[0]);
  how.modifiers.scale_b = static_cast<int>(immediates[1]);
  how.modifiers.transpose_a = immediates[2] != 0;
  how.modifiers.transpose_b = immediates[3] != 0;
  d.out.aligned = true;
  d.out.defines_later = true;
  d.set_detail(how);
  d.finish(run_issue, InstructionClass::mma);
  return {};
}

Result<void> decode_wgmma(Decoder& d) {
  if (d.opcode().starts_with("wgmma.mma_async.sp")) return d.unknown();
  if (d.take("mma_async")) return decode_issue(d);
  const int kind = d.take_one({"fence", "commit_group", "wait_group"});
  if (kind < 0 || !d.take("sync") || !d.take("aligned")) return d.unknown();
  d.out.aligned = true;
  if (kind == 2) {
    ATTUNE_CHECK(d.need_operands(1, 1));
    ATTUNE_TRY(d.out.immediate, d.constant(d.operand(0), "the number of groups"));
  }
  d.finish(kind == 0 ? run_fence : kind == 1 ? run_commit : run_wait, InstructionClass::mma);
  return {};
}

}  // namespace

std::vector<OpcodeEntry> wgmma_opcodes() { return {{"wgmma", decode_wgmma}}; }

}  // namespace attune::emulator
