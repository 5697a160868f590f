// cp.async.bulk.tensor and cp.reduce.async.bulk.tensor: tiles of tensors through maps, both ways, in tile mode.
#include <fmt/format.h>

#include <array>
#include <span>

#include "emulator/machine/bulk_operations.hpp"
#include "emulator/machine/mbarrier_ops.hpp"
#include "emulator/machine/memory.hpp"
#include "emulator/tensor/tensor_map.hpp"

namespace attune::emulator {
namespace {

using ptx::Space;
using ptx::Type;

struct TensorDetail {
  int rank = 0;
  int64_t shared_offset = 0;
  int64_t map_offset = 0;
  int64_t barrier_offset = 0;
  bool has_mask = false;
  std::optional<AtomicOperation> reduction;
};

// Operands: map, shared address, coordinates..., then for loads the barrier and the mask.
constexpr int kMap = 0, kShared = 1, kCoordinates = 2;

uint64_t address_in(const Warp& warp, const Instruction& instruction, int source, int lane, int64_t offset) {
  return warp.lanes<uint64_t>(instruction.source(source))[lane] + static_cast<uint64_t>(offset);
}

// The map that a lane names, checked; nothing after a report.
std::optional<TensorMap> read_map(Warp& warp, const Instruction& instruction, int lane, const TensorDetail& how) {
  const uint64_t address = address_in(warp, instruction, kMap, lane, how.map_offset);
  const std::byte* const image =
      access_memory(warp, instruction, lane, Space::generic, address, kTensorMapBytes, Access::read, kTensorMapAlignment);
  if (image == nullptr) return std::nullopt;
  const Result<TensorMap> map = decode_tensor_map(std::span(image, kTensorMapBytes));
  if (!map.ok()) {
    warp.fail(map.error().status(), instruction, lane, fmt::format("finds no tensor map at {:#x}", address),
              map.error().message());
    return std::nullopt;
  }
  if (map->rank != how.rank) {
    warp.fail(Status::validation_failed, instruction, lane,
              fmt::format("has {} dimensions, its tensor map {}", how.rank, map->rank),
              "Let the instruction and the map have the same rank.");
    return std::nullopt;
  }
  return *map;
}

// The pieces of the tile, each found in memory; false after a report.
bool find_pieces(Warp& warp, const Instruction& instruction, int lane, const TensorDetail& how, const TensorMap& map,
                 uint32_t shared_offset, bool is_store, std::vector<BulkPiece>& pieces) {
  std::array<int32_t, 5> coordinates{};
  for (int i = 0; i < how.rank; ++i) {
    coordinates[static_cast<size_t>(i)] = warp.lanes<int32_t>(instruction.source(kCoordinates + i))[lane];
  }
  std::vector<TileRun> runs;
  tile_runs(map, std::span(coordinates).first(static_cast<size_t>(how.rank)), shared_offset, runs);
  pieces.reserve(runs.size());
  for (const TileRun& run : runs) {
    BulkPiece piece{run.shared_address, run.bytes, nullptr};
    if (!run.out_of_bounds) {
      piece.memory = bulk_memory(warp, instruction, lane, run.global_address, run.bytes, 1, is_store);
      if (piece.memory == nullptr) return false;
    }
    pieces.push_back(piece);
  }
  return true;
}

// Where the tile begins; false after a report.
bool find_tile(Warp& warp, const Instruction& instruction, int lane, const TensorDetail& how, const TensorMap& map,
               Cta** owner, uint32_t* offset) {
  const uint64_t address = address_in(warp, instruction, kShared, lane, how.shared_offset) & ~kWindowMask;
  return access_shared(warp, instruction, lane, address, map.tile_bytes(), TensorMap::kTileAlignment, Access::address_only,
                       owner, offset) != nullptr;
}

void run_tensor_load(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<TensorDetail>(instruction);
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    ok = false;
    const auto map = read_map(warp, instruction, lane, how);
    if (!map) return;
    Cta* owner = nullptr;
    uint32_t offset = 0;
    if (!find_tile(warp, instruction, lane, how, *map, &owner, &offset)) return;
    const int barrier_source = kCoordinates + how.rank;
    const auto barrier =
        barrier_place(warp, instruction, lane, address_in(warp, instruction, barrier_source, lane, how.barrier_offset));
    if (!barrier) return;
    std::vector<BulkPiece> pieces;
    if (!find_pieces(warp, instruction, lane, how, *map, offset, false, pieces)) return;
    std::vector<uint32_t> ranks = {owner->rank};
    if (how.has_mask) {
      const uint32_t mask = warp.lanes<uint32_t>(instruction.source(barrier_source + 1))[lane] & 0xffffu;
      ranks = multicast_ranks(warp, instruction, lane, mask);
      if (ranks.empty()) return;
    }
    ok = issue_load(warp, instruction, lane, pieces, ranks, *barrier);
  });
}

// The elements of a map by CUtensorMapDataType, for reductions.
Type element_type(const TensorMap& map) {
  constexpr Type kTypes[] = {Type::u8,  Type::u16, Type::u32, Type::s32, Type::u64,
                             Type::s64, Type::f16, Type::f32, Type::f64, Type::bf16};
  return kTypes[map.data_type];
}

void run_tensor_store(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<TensorDetail>(instruction);
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    ok = false;
    const auto map = read_map(warp, instruction, lane, how);
    if (!map) return;
    MaybeReduction reduction;
    if (how.reduction) {
      reduction = BulkReduction{*how.reduction, element_type(*map)};
      if (map->data_type < 2) {
        return warp.fail(Status::validation_failed, instruction, lane,
                         "reduces elements of 8 or 16 bits that are no numbers",
                         "Encode the tensor map with a type that has the reduction.");
      }
    }
    uint32_t offset = 0;
    if (!find_tile(warp, instruction, lane, how, *map, nullptr, &offset)) return;
    std::vector<BulkPiece> pieces;
    ok = find_pieces(warp, instruction, lane, how, *map, offset, true, pieces) &&
         issue_store(warp, instruction, lane, std::move(pieces), reduction);
  });
}

Result<void> add_offset_address(Decoder& d, const ptx::Operand& operand, int64_t& offset) {
  const int64_t kept = d.out.immediate;
  d.out.immediate = 0;
  ATTUNE_CHECK(d.add_address(operand));
  offset = d.out.immediate;
  d.out.immediate = kept;
  return {};
}

}  // namespace

Result<void> decode_tensor_copy(Decoder& d, bool reduces) {
  TensorDetail how;
  const int dimensions = d.take_one({"1d", "2d", "3d", "4d", "5d"});
  if (dimensions < 0) return d.malformed("the number of dimensions is missing");
  how.rank = dimensions + 1;
  d.take("tile");
  const bool hint = d.take("L2::cache_hint");
  const bool by_barrier = d.take("mbarrier::complete_tx::bytes");
  if (!by_barrier && !d.take("bulk_group")) return d.malformed("the completion mechanism is missing");
  how.has_mask = d.take("multicast::cluster");
  if (reduces) {
    ATTUNE_TRY(how.reduction, take_reduction(d));
  }
  const std::string_view destination = d.take_next(), source = d.take_next();
  const bool is_load =
      (destination == "shared::cluster" || destination == "shared::cta") && source == "global" && by_barrier;
  const bool is_store = destination == "global" && source == "shared::cta" && !by_barrier;
  if (!(is_load && !reduces) && !is_store) return d.unsupported("the direction of");

  // Loads: [shared], [map, {coordinates}], [barrier], mask, policy. Stores: [map, {coordinates}], [shared], policy.
  const size_t expected = (is_load ? 3 : 2) + (how.has_mask ? 1 : 0) + (hint ? 1 : 0);
  ATTUNE_CHECK(d.need_operands(expected, expected));
  const ptx::Operand& tensor = d.operand(is_load ? 1 : 0);
  if (tensor.kind != ptx::OperandKind::address || tensor.elements.size() != 2)
    return d.malformed("the coordinates are missing");
  ptx::Operand map = tensor;
  map.elements.resize(1);
  ATTUNE_CHECK(add_offset_address(d, map, how.map_offset));
  ATTUNE_CHECK(add_offset_address(d, d.operand(is_load ? 0 : 1), how.shared_offset));
  const auto coordinates = Decoder::elements(tensor.elements[1]);
  if (static_cast<int>(coordinates.size()) != how.rank)
    return d.malformed("the coordinates are not as many as the dimensions");
  for (const ptx::Operand& coordinate : coordinates) ATTUNE_CHECK(d.add_source(coordinate, Type::b32));
  if (is_load) {
    ATTUNE_CHECK(add_offset_address(d, d.operand(2), how.barrier_offset));
    if (how.has_mask) ATTUNE_CHECK(d.add_source(d.operand(3), Type::b16));
  }
  d.set_detail(how);
  d.finish(is_load ? run_tensor_load : run_tensor_store, InstructionClass::async_copy);
  return {};
}

}  // namespace attune::emulator
