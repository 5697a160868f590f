// The executable form of a kernel: instructions with resolved operands, in an order that lets lanes reconverge.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emulator/emulator.hpp"
#include "emulator/ptx/module.hpp"

namespace attune::emulator {

using LaneMask = uint32_t;
inline constexpr LaneMask kAllLanes = ~LaneMask{0};
inline constexpr int kLanes = 32;

// A register of a warp: all lanes of it beside each other. Registers of up to 32 bits take one unit of 32 x 32 bits (narrow
// ones zero-extended), 64-bit registers two units. The highest bit chooses the bank: constants are registers too, filled
// once a launch, so that instructions have one kind of operand.
using Slot = uint32_t;
inline constexpr Slot kConstantBank = Slot{1} << 31;
inline constexpr int kUnitBytes = kLanes * 4;
// Where results go that nobody reads: the first units of the register bank.
inline constexpr Slot kSinkSlot = 0;
inline constexpr Slot kSinkUnits = 2;

// A predicate register is a mask of lanes.
using PredicateIndex = uint32_t;
inline constexpr PredicateIndex kTruePredicate = 0;
inline constexpr PredicateIndex kSinkPredicate = 1;
inline constexpr PredicateIndex kFirstPredicate = 2;
struct PredicateOperand {
  PredicateIndex index = kTruePredicate;
  bool negated = false;
};

class Warp;
struct Instruction;
using Handler = void (*)(Warp&, const Instruction&, LaneMask);

struct Instruction {
  Handler run = nullptr;
  const Slot* operands = nullptr;  // destinations, then sources
  const void* detail = nullptr;    // decoded modifiers, owned by the kernel
  int64_t immediate = 0;           // address offset and the like
  uint32_t line = 0;
  uint32_t target = 0;  // of a branch or call: index of an instruction
  PredicateOperand guard;
  PredicateOperand source_predicate;
  PredicateIndex predicate = kSinkPredicate;         // result
  PredicateIndex second_predicate = kSinkPredicate;  // the q of p|q
  uint16_t destinations = 0;
  uint16_t sources = 0;
  InstructionClass kind = InstructionClass::other;
  bool copies = false;             // moves undefined values along without looking at them
  bool tracks_definition = false;  // the handler itself says which lanes of the result are defined
  bool aligned = false;            // every lane of the warp that has not exited must execute it together
  bool defines_later = false;      // its results are defined by another instruction
  bool is_control = false;         // runs also when its guard is false for all lanes
  uint32_t opcode = 0;             // index of its text in Kernel::opcodes

  Slot destination(int i = 0) const { return operands[i]; }
  Slot source(int i) const { return operands[destinations + i]; }
};

enum class SpecialRegister : uint8_t {
  tid_x,
  tid_y,
  tid_z,
  ntid_x,
  ntid_y,
  ntid_z,
  ctaid_x,
  ctaid_y,
  ctaid_z,
  nctaid_x,
  nctaid_y,
  nctaid_z,
  laneid,
  warpid,
  nwarpid,
  smid,
  nsmid,
  lanemask_eq,
  lanemask_le,
  lanemask_lt,
  lanemask_ge,
  lanemask_gt,
  clusterid_x,
  clusterid_y,
  clusterid_z,
  nclusterid_x,
  nclusterid_y,
  nclusterid_z,
  cluster_ctaid_x,
  cluster_ctaid_y,
  cluster_ctaid_z,
  cluster_nctaid_x,
  cluster_nctaid_y,
  cluster_nctaid_z,
  cluster_ctarank,
  cluster_nctarank,
  is_explicit_cluster,
  dynamic_smem_size,
  total_smem_size,
  aggr_smem_size,
};

// A constant operand: its bits, or an address that only the launch knows.
struct Constant {
  enum class Base : uint8_t { none, shared, module } base = Base::none;
  uint64_t bits = 0;
  bool wide = false;
  bool operator==(const Constant&) const = default;
};

struct Parameter {
  int64_t offset_bytes = 0;
  int64_t size_bytes = 0;
};

struct Kernel {
  std::string name;
  std::vector<Instruction> code;
  std::vector<std::string> opcodes;
  std::vector<Slot> operands;
  std::vector<std::shared_ptr<const void>> details;
  uint32_t register_units = kSinkUnits;
  uint32_t predicates = kFirstPredicate;
  std::vector<std::pair<SpecialRegister, Slot>> special_registers;
  std::vector<Constant> constants;
  std::vector<Slot> constant_slots;
  uint32_t constant_units = 0;

  std::vector<Parameter> parameters;
  int64_t parameter_bytes = 0;
  int64_t shared_base_bytes = 0;    // where a CTA's own shared memory begins
  int64_t static_shared_bytes = 0;  // from the base to the start of dynamic shared memory
  int64_t dynamic_align_bytes = 16;
  int64_t dynamic_start_bytes = 0;  // address of dynamic shared memory
  int64_t local_bytes = 0;          // a lane
  std::array<uint32_t, 3> maxntid{};
  std::array<uint32_t, 3> reqntid{};
};

// Module variables in .global and .const space: one image, copied for each launch.
struct ModuleData {
  struct Item {
    std::string name;
    int64_t offset_bytes = 0;
    int64_t size_bytes = 0;
    bool writable = false;
  };
  struct Relocation {
    int64_t offset_bytes = 0;
    int64_t target_bytes = 0;
  };
  std::vector<std::byte> image;
  std::vector<Item> items;
  std::vector<Relocation> relocations;
};

class Program {
 public:
  std::string target;
  int architecture = 0;  // 80 for sm_80
  std::vector<Kernel> kernels;
  ModuleData data;
};

// Parameters and locals of device functions live in a lane's local memory; an address in .param space from here on means it.
inline constexpr uint64_t kLocalParameterBase = 0x40000000;

// Generic addresses of other spaces than global carry the space in their highest byte; no host address has one.
inline constexpr uint64_t kSharedWindow = uint64_t{1} << 56;
inline constexpr uint64_t kLocalWindow = uint64_t{2} << 56;
inline constexpr uint64_t kParameterWindow = uint64_t{3} << 56;
inline constexpr uint64_t kWindowMask = uint64_t{0xff} << 56;
// Shared memory of the cluster: the rank of the CTA above its own 24 bits of address.
inline constexpr int kClusterRankShift = 24;
inline constexpr uint32_t kSharedOffsetMask = (1u << kClusterRankShift) - 1;

}  // namespace attune::emulator
