// Bulk and tensor copies, mbarriers and clusters as PTX text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "emulator/tensor/tensor_map.hpp"
#include "tests/emulator/ptx_launch.hpp"

namespace attune::emulator {
namespace {

using testing::HasSubstr;

constexpr const char* kRegisters = R"(
    .reg .b32 %r<32>; .reg .b64 %rd<16>; .reg .pred %p<8>; .reg .f32 %f<8>; .reg .b16 %h<4>;
    .shared .align 1024 .b8 tile[8192];
    .shared .align 8 .b64 full;
    .shared .align 8 .b64 empty;
    mov.u32 %r0, %tid.x; mov.u32 %r1, tile; mov.u32 %r2, full; mov.u32 %r3, empty;
    setp.eq.u32 %p0, %r0, 0;
)";

// Thread 0 makes `full` for one arrival; all see it.
constexpr const char* kInitFull = R"(
    @%p0 mbarrier.init.shared::cta.b64 [%r2], 1;
    @%p0 fence.mbarrier_init.release.cluster;
    bar.sync 0;
)";

// All threads wait for phase 0 of `full`.
constexpr const char* kWaitFull = R"(
    WAIT: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r2], 0;
    @!%p1 bra WAIT;
)";

// Each of 128 threads copies 4 words of the tile to out.
constexpr const char* kTileToOut = R"(
    shl.b32 %r10, %r0, 4; add.u32 %r11, %r1, %r10; cvt.u64.u32 %rd10, %r10; add.s64 %rd11, %rd1, %rd10;
    ld.shared.v4.b32 {%r12, %r13, %r14, %r15}, [%r11];
    st.global.v4.b32 [%rd11], {%r12, %r13, %r14, %r15};
    ret;
)";

std::vector<uint32_t> counting(size_t count, uint32_t first = 1) {
  std::vector<uint32_t> words(count);
  std::iota(words.begin(), words.end(), first);
  return words;
}

PtxLaunch bulk_load(const std::string& expected_bytes, const std::string& wait = kWaitFull) {
  PtxLaunch launch("sm_90a", ".param .b64 in, .param .b64 out",
                   std::string("ld.param.b64 %rd0, [in]; ld.param.b64 %rd1, [out];").insert(0, kRegisters) + kInitFull + R"(
    @%p0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], )" +
                       expected_bytes + R"(;
    @%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd0], 1024, [%r2];
    @%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1+1024], [%rd0+1024], 1024, [%r2];
)" + wait + kTileToOut);
  launch.shape.block = {128, 1, 1};
  return launch;
}

TEST(BulkCopy, LoadsByABarrier) {
  std::vector<uint32_t> in = counting(512), out(512, 0);
  PtxLaunch launch = bulk_load("2048");
  launch.buffer(in, "in", false).buffer(out, "out");
  const Counters counters = expect_runs(launch);
  EXPECT_EQ(out, in);
  EXPECT_EQ(counters.async_copy_bytes, 2048);
  EXPECT_THAT(counters.global_load_sectors, testing::AllOf(testing::Ge(64), testing::Le(66)))
      << "memory of the test may begin in a sector";
}

TEST(BulkCopy, FewerBytesThanExpectedIsADeadlock) {
  std::vector<uint32_t> in = counting(512), out(512, 0);
  PtxLaunch launch = bulk_load("4096");
  launch.buffer(in, "in", false).buffer(out, "out");
  const Result<Counters> result = launch.run();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().status(), Status::timed_out);
}

TEST(BulkCopy, ReadingWithoutWaitingIsARace) {
  std::vector<uint32_t> in = counting(512), out(512, 0);
  PtxLaunch launch = bulk_load("2048", "bar.sync 0;");
  launch.buffer(in, "in", false).buffer(out, "out");
  EXPECT_THAT(launch.failure(), HasSubstr("asynchronous copy"));
}

TEST(BulkCopy, AddressesAreChecked) {
  std::vector<uint32_t> in = counting(511), out(512, 0);
  PtxLaunch launch = bulk_load("2048");
  launch.buffer(in, "in", false).buffer(out, "out");
  EXPECT_THAT(launch.failure(), testing::AllOf(HasSubstr("out of bounds"), HasSubstr("'in'")));
}

TEST(BulkCopy, AnUninitialisedBarrierIsTold) {
  std::vector<uint32_t> in = counting(512);
  PtxLaunch launch("sm_90a", ".param .b64 in", std::string(kRegisters) + R"(
    ld.param.b64 %rd0, [in];
    @%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd0], 1024, [%r2];
    ret;)");
  launch.buffer(in, "in", false);
  EXPECT_THAT(launch.failure(), testing::AnyOf(HasSubstr("mbarrier"), HasSubstr("uninitialised")));
}

// A producer warp fills two stages in turn, three consumer warps read them: full and empty barriers as kernels use them.
TEST(BulkCopy, APipelineOfTwoStages) {
  constexpr const char* kBody = R"(
    .reg .b32 %r<40>; .reg .b64 %rd<16>; .reg .pred %p<8>;
    .shared .align 128 .b8 stage[768];
    .shared .align 8 .b64 full[2];
    .shared .align 8 .b64 empty[2];
    ld.param.b64 %rd0, [in]; ld.param.b64 %rd1, [out];
    mov.u32 %r0, %tid.x; mov.u32 %r1, stage; mov.u32 %r2, full; mov.u32 %r3, empty;
    setp.eq.u32 %p0, %r0, 0;
    @%p0 mbarrier.init.shared::cta.b64 [%r2], 1;
    @%p0 mbarrier.init.shared::cta.b64 [%r2+8], 1;
    @%p0 mbarrier.init.shared::cta.b64 [%r3], 3;
    @%p0 mbarrier.init.shared::cta.b64 [%r3+8], 3;
    bar.sync 0;
    mov.u32 %r4, 0;                       // step
    shr.u32 %r5, %r0, 5;                  // warp
    setp.ne.u32 %p1, %r5, 0;
    @%p1 bra CONSUME;
    PRODUCE:
    and.b32 %r6, %r4, 1;                  // stage
    shr.u32 %r7, %r4, 1; and.b32 %r7, %r7, 1; xor.b32 %r8, %r7, 1;
    shl.b32 %r9, %r6, 3; add.u32 %r10, %r3, %r9; add.u32 %r11, %r2, %r9;
    WAIT_EMPTY: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r10], %r8;
    @!%p2 bra WAIT_EMPTY;
    mul.lo.u32 %r12, %r6, 384; add.u32 %r12, %r12, %r1;
    mul.wide.u32 %rd2, %r4, 384; add.s64 %rd3, %rd0, %rd2;
    @%p0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r11], 384;
    @%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%r12], [%rd3], 384, [%r11], %rd0;
    add.u32 %r4, %r4, 1; setp.lt.u32 %p3, %r4, 10;
    @%p3 bra PRODUCE;
    ret;
    CONSUME:
    and.b32 %r6, %r4, 1;
    shr.u32 %r7, %r4, 1; and.b32 %r7, %r7, 1;
    shl.b32 %r9, %r6, 3; add.u32 %r10, %r3, %r9; add.u32 %r11, %r2, %r9;
    WAIT_FULL: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r11], %r7;
    @!%p2 bra WAIT_FULL;
    mul.lo.u32 %r12, %r6, 384; add.u32 %r12, %r12, %r1;
    sub.u32 %r13, %r0, 32; shl.b32 %r14, %r13, 2; add.u32 %r12, %r12, %r14;
    ld.shared.b32 %r15, [%r12];
    mul.wide.u32 %rd2, %r4, 384; add.s64 %rd3, %rd1, %rd2; cvt.u64.u32 %rd4, %r14; add.s64 %rd3, %rd3, %rd4;
    st.global.b32 [%rd3], %r15;
    bar.warp.sync 0xffffffff;
    and.b32 %r16, %r0, 31; setp.eq.u32 %p4, %r16, 0;
    @%p4 mbarrier.arrive.shared::cta.b64 _, [%r10];
    add.u32 %r4, %r4, 1; setp.lt.u32 %p3, %r4, 10;
    @%p3 bra CONSUME;
    ret;)";
  std::vector<uint32_t> in = counting(960), out(960, 0);
  PtxLaunch launch("sm_90a", ".param .b64 in, .param .b64 out", kBody);
  launch.shape.block = {128, 1, 1};
  launch.buffer(in, "in", false).buffer(out, "out");
  expect_runs(launch);
  EXPECT_EQ(out, in);

  // A producer that does not wait for the readers overwrites what they read: found whatever the schedule.
  std::string hasty = kBody;
  const std::string wait = "@!%p2 bra WAIT_EMPTY;";
  hasty.erase(hasty.find(wait), wait.size());
  PtxLaunch racing("sm_90a", ".param .b64 in, .param .b64 out", hasty);
  racing.shape.block = {128, 1, 1};
  racing.buffer(in, "in", false).buffer(out, "out");
  EXPECT_THAT(racing.failure(), HasSubstr("race"));
}

TEST(BulkCopy, StoresInGroups) {
  constexpr const char* kBody = R"(
    ld.param.b64 %rd1, [out];
    shl.b32 %r10, %r0, 2; add.u32 %r11, %r1, %r10; add.u32 %r12, %r0, 100;
    st.shared.b32 [%r11], %r12;
    fence.proxy.async.shared::cta;
    bar.sync 0;
    @!%p0 bra DONE;
    cp.async.bulk.global.shared::cta.bulk_group [%rd1], [%r1], 512;
    cp.async.bulk.commit_group;
    WAIT
    DONE: ret;)";
  for (const bool waits : {true, false}) {
    std::vector<uint32_t> out(128, 0);
    std::string body = std::string(kRegisters) + kBody;
    body.replace(body.find("WAIT"), 4,
                 waits ? "cp.async.bulk.wait_group.read 0; st.shared.b32 [%r1+64], 7;" : "st.shared.b32 [%r1+64], 7;");
    PtxLaunch launch("sm_90a", ".param .b64 out", body);
    launch.shape.block = {128, 1, 1};
    launch.buffer(out, "out");
    if (waits) {
      const Counters counters = expect_runs(launch);
      EXPECT_EQ(out, counting(128, 100));
      EXPECT_EQ(counters.global_store_bytes, 512);
    } else {
      EXPECT_THAT(launch.failure(), HasSubstr("race")) << "the source changes while it is copied";
    }
  }
}

// Generic stores reach the copy engine through a proxy fence: of the writer before the barrier, or of the issuer after it.
TEST(BulkCopy, StoresNeedAProxyFence) {
  const auto launch = [](const char* before, const char* after) {
    PtxLaunch result("sm_90a", ".param .b64 out",
                     std::string(kRegisters) + R"(
    ld.param.b64 %rd1, [out];
    shl.b32 %r10, %r0, 2; add.u32 %r11, %r1, %r10;
    st.shared.b32 [%r11], %r0;
    )" + before + "\nbar.sync 0;\n@!%p0 bra DONE;\n" +
                         after + R"(
    cp.async.bulk.global.shared::cta.bulk_group [%rd1], [%r1], 512;
    cp.async.bulk.commit_group;
    cp.async.bulk.wait_group 0;
    DONE: ret;)");
    result.shape.block = {128, 1, 1};
    return result;
  };
  std::vector<uint32_t> out(128, 7);
  expect_runs(launch("fence.proxy.async.shared::cta;", "").buffer(out, "out"));
  EXPECT_EQ(out, counting(128, 0));
  expect_runs(launch("", "fence.proxy.async;").buffer(out, "out"));
  EXPECT_THAT(launch("", "").buffer(out, "out").failure(), HasSubstr("fence.proxy.async"));
  EXPECT_THAT(launch("fence.proxy.async.global;", "").buffer(out, "out").failure(), HasSubstr("fence.proxy.async"));
  EXPECT_THAT(launch("fence.acq_rel.cta;", "").buffer(out, "out").failure(), HasSubstr("fence.proxy.async"));
}

TEST(BulkCopy, AddsToGlobalMemory) {
  std::vector<float> out(128, 0.5f);
  PtxLaunch launch("sm_90a", ".param .b64 out", std::string(kRegisters) + R"(
    ld.param.b64 %rd1, [out];
    shl.b32 %r10, %r0, 2; add.u32 %r11, %r1, %r10; cvt.rn.f32.u32 %f0, %r0;
    st.shared.f32 [%r11], %f0;
    fence.proxy.async.shared::cta;
    bar.sync 0;
    @!%p0 bra DONE;
    cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [%rd1], [%r1], 512;
    cp.async.bulk.commit_group;
    cp.async.bulk.wait_group 0;
    DONE: ret;)");
  launch.shape.block = {128, 1, 1};
  launch.shape.grid = {8, 1, 1};
  launch.buffer(out, "out");
  expect_runs(launch);
  for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], 0.5f + 8.0f * static_cast<float>(i));
}

// --- tensors -------------------------------------------------------------------------------------------------------------

struct alignas(64) MapParameter {
  TensorMapImage image;
};

// A tensor of 100 rows and 96 columns of 16 bits, rows 208 bytes apart.
struct Tensor {
  static constexpr uint32_t kRows = 100, kColumns = 96, kPitch = 104;
  Tensor() : storage(kRows * kPitch + 8) {
    for (size_t i = 0; i < storage.size(); ++i) storage[i] = static_cast<uint16_t>(i + 1);
    while (reinterpret_cast<uint64_t>(storage.data() + first) % 16 != 0) ++first;
  }
  uint16_t at(uint32_t row, uint32_t column) const { return storage[first + row * kPitch + column]; }
  MapParameter map(int swizzle, uint32_t box_columns, uint32_t box_rows, int data_type = 1) const {
    TensorMapRequest request;
    request.data_type = data_type;
    request.rank = 2;
    request.address = reinterpret_cast<uint64_t>(storage.data() + first);
    request.dims = {kColumns, kRows};
    request.strides_bytes = {kPitch * 2};
    request.box = {box_columns, box_rows};
    request.swizzle = swizzle;
    const Result<TensorMapImage> image = encode(request);
    EXPECT_TRUE(image.ok()) << (image.ok() ? "" : image.error().message());
    return {image.ok() ? *image : TensorMapImage{}};
  }
  std::vector<uint16_t> storage;
  size_t first = 0;
};

constexpr const char* kTensorLoad = R"(
    ld.param.b64 %rd1, [out]; ld.param.b32 %r20, [x]; ld.param.b32 %r21, [y];
    mov.b64 %rd2, map; cvta.param.u64 %rd3, %rd2;
    @%p0 prefetch.tensormap [%rd3];
    @%p0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], 2048;
    @%p0 cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r1], [%rd3, {%r20, %r21}], [%r2];
)";
constexpr const char* kTensorParameters = ".param .align 64 .b8 map[128], .param .b64 out, .param .b32 x, .param .b32 y";

PtxLaunch tensor_load(const std::string& target = "sm_90a") {
  PtxLaunch launch(target, kTensorParameters, std::string(kRegisters) + kInitFull + kTensorLoad + kWaitFull + kTileToOut);
  launch.shape.block = {128, 1, 1};
  return launch;
}

TEST(TensorCopy, LoadsTilesWithSwizzleAndZeros) {
  Tensor tensor;
  for (const auto& [x, y] : {std::pair(0, 0), std::pair(64, 90), std::pair(-32, -3), std::pair(200, 0)}) {
    std::vector<uint16_t> out(1024, 0xffff);
    PtxLaunch launch = tensor_load();
    launch.value(tensor.map(3, 64, 16)).region(tensor.storage, "tensor", false).buffer(out, "out").value(x).value(y);
    expect_runs(launch);
    for (int row = 0; row < 16; ++row) {
      for (int column = 0; column < 64; ++column) {
        const int r = y + row, c = x + column;
        const bool inside =
            r >= 0 && r < static_cast<int>(Tensor::kRows) && c >= 0 && c < static_cast<int>(Tensor::kColumns);
        const int chunk = column / 8 ^ row % 8;
        const uint16_t got = out[static_cast<size_t>(row * 64 + chunk * 8 + column % 8)];
        ASSERT_EQ(got, inside ? tensor.at(static_cast<uint32_t>(r), static_cast<uint32_t>(c)) : 0) << r << " " << c;
      }
    }
  }
}

TEST(TensorCopy, MisuseIsTold) {
  Tensor tensor;
  std::vector<uint16_t> out(1024, 0);
  MapParameter broken = tensor.map(3, 64, 16);
  broken.image[17] ^= std::byte{1};
  PtxLaunch damaged = tensor_load();
  damaged.value(broken).buffer(out, "out").value(0).value(0);
  EXPECT_THAT(damaged.failure(), HasSubstr("no tensor map"));

  PtxLaunch beyond = tensor_load();  // the tensor is not among the regions
  beyond.value(tensor.map(3, 64, 16)).buffer(out, "out").value(0).value(0);
  EXPECT_THAT(beyond.failure(), HasSubstr("out of bounds"));

  PtxLaunch short_tile = tensor_load();  // completes 4096 bytes where 2048 are expected: the phase never ends
  short_tile.value(tensor.map(3, 64, 32)).region(tensor.storage, "tensor", false).buffer(out, "out").value(0).value(0);
  const Result<Counters> result = short_tile.run();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().status(), Status::timed_out);
}

TEST(TensorCopy, StoresAndAddsTiles) {
  for (const bool adds : {false, true}) {
    Tensor tensor;
    const Tensor before = tensor;
    std::string body = std::string(kRegisters) + R"(
    ld.param.b32 %r20, [x]; ld.param.b32 %r21, [y];
    mov.b64 %rd2, map; cvta.param.u64 %rd3, %rd2;
    shl.b32 %r10, %r0, 4; add.u32 %r11, %r1, %r10;
    mov.b32 %r12, 0x3c003c00;
    st.shared.v4.b32 [%r11], {%r12, %r12, %r12, %r12};
    fence.proxy.async.shared::cta;
    bar.sync 0;
    @!%p0 bra DONE;
    STORE [%rd3, {%r20, %r21}], [%r1];
    cp.async.bulk.commit_group;
    cp.async.bulk.wait_group.read 0;
    DONE: ret;)";
    body.replace(body.find("STORE"), 5,
                 adds ? "cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.tile.bulk_group"
                      : "cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group");
    if (adds) {
      for (uint16_t& code : tensor.storage) code = 0x4000;  // 2
    }
    PtxLaunch launch("sm_90a", ".param .align 64 .b8 map[128], .param .b32 x, .param .b32 y", body);
    launch.shape.block = {128, 1, 1};
    launch.value(tensor.map(3, 64, 16, adds ? 6 : 1)).region(tensor.storage, "tensor").value(64).value(90);
    expect_runs(launch);
    for (uint32_t row = 0; row < Tensor::kRows; ++row) {
      for (uint32_t column = 0; column < Tensor::kPitch; ++column) {
        const bool inside = row >= 90 && column >= 64 && column < Tensor::kColumns;
        const uint16_t untouched = adds ? 0x4000 : before.at(row, column);
        ASSERT_EQ(tensor.at(row, column), inside ? (adds ? 0x4200 : 0x3c00) : untouched) << row << " " << column;
      }
    }
  }
}

// --- clusters ------------------------------------------------------------------------------------------------------------

// CTA 0 of a cluster of two loads a tile into both; each waits on its own barrier and writes its own copy.
TEST(Cluster, MulticastReachesBothCtas) {
  Tensor tensor;
  std::vector<uint16_t> out(2048, 0xffff);
  PtxLaunch launch("sm_90a", kTensorParameters, std::string(kRegisters) + kInitFull + R"(
    ld.param.b64 %rd1, [out]; ld.param.b32 %r20, [x]; ld.param.b32 %r21, [y];
    mov.b64 %rd2, map; cvta.param.u64 %rd3, %rd2;
    mov.u32 %r22, %cluster_ctarank;
    mul.wide.u32 %rd4, %r22, 2048; add.s64 %rd1, %rd1, %rd4;
    @%p0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], 2048;
    barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;
    setp.ne.u32 %p2, %r22, 0; @%p2 bra WAIT;
    mov.b16 %h0, 3;
    @%p0 cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%r1], [%rd3, {%r20, %r21}], [%r2], %h0;
)" + kWaitFull + kTileToOut);
  launch.shape.block = {128, 1, 1};
  launch.shape.grid = {2, 1, 1};
  launch.shape.cluster = {2, 1, 1};
  launch.value(tensor.map(0, 64, 16)).region(tensor.storage, "tensor", false).buffer(out, "out").value(8).value(4);
  expect_runs(launch);
  for (uint32_t rank = 0; rank < 2; ++rank) {
    for (uint32_t i = 0; i < 1024; ++i) ASSERT_EQ(out[rank * 1024 + i], tensor.at(4 + i / 64, 8 + i % 64)) << rank;
  }
}

// Rank 1 writes into rank 0's shared memory and arrives at its barrier.
TEST(Cluster, RemoteStoresAndArrivals) {
  std::vector<uint32_t> out(64, 0);
  PtxLaunch launch("sm_90", ".param .b64 out", std::string(kRegisters) + R"(
    ld.param.b64 %rd1, [out];
    @%p0 mbarrier.init.shared::cta.b64 [%r2], 32;
    barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;
    mov.u32 %r22, %cluster_ctarank;
    setp.eq.u32 %p2, %r22, 0; @%p2 bra WAIT;
    shl.b32 %r10, %r0, 2; add.u32 %r11, %r1, %r10;
    mapa.shared::cluster.u32 %r12, %r11, 0;
    mapa.shared::cluster.u32 %r13, %r2, 0;
    getctarank.shared::cluster.u32 %r14, %r12;
    mad.lo.u32 %r15, %r14, 1000, %r0; add.u32 %r15, %r15, 5;
    st.shared::cluster.b32 [%r12], %r15;
    mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r13];
    bra END;
    WAIT: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p1, [%r2], 0;
    @!%p1 bra WAIT;
    shl.b32 %r10, %r0, 2; add.u32 %r11, %r1, %r10; cvt.u64.u32 %rd10, %r10; add.s64 %rd11, %rd1, %rd10;
    ld.shared.b32 %r16, [%r11]; st.global.b32 [%rd11], %r16;
    END: barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;
    ret;)");
  launch.shape.grid = {2, 1, 1};
  launch.shape.cluster = {2, 1, 1};
  launch.buffer(out, "out");
  expect_runs(launch);
  for (uint32_t i = 0; i < 32; ++i) EXPECT_EQ(out[i], i + 5);
}

// --- mbarrier ------------------------------------------------------------------------------------------------------------

TEST(MbarrierText, StatesCountsAndMisuse) {
  const auto body = [](const std::string& rest) {
    return std::string(kRegisters) +
           "ld.param.b64 %rd1, [out];\n@%p0 mbarrier.init.shared.b64 [%r2], 4; bar.sync 0;\n@!%p0 bra DONE;\n" + rest +
           "\nDONE: ret;";
  };
  std::vector<uint32_t> out(8, 77);
  PtxLaunch good("sm_90", ".param .b64 out", body(R"(
    mbarrier.arrive.shared.b64 %rd2, [%r2];
    mbarrier.pending_count.b64 %r10, %rd2;
    mbarrier.arrive.noComplete.release.cta.shared.b64 %rd3, [%r2], 2;
    mbarrier.pending_count.b64 %r11, %rd3;
    mbarrier.test_wait.shared.b64 %p1, [%r2], %rd3; selp.b32 %r12, 1, 0, %p1;
    mbarrier.arrive_drop.shared.b64 %rd4, [%r2];
    mbarrier.test_wait.shared.b64 %p1, [%r2], %rd3; selp.b32 %r13, 1, 0, %p1;
    mbarrier.test_wait.parity.shared.b64 %p1, [%r2], 1; selp.b32 %r14, 1, 0, %p1;
    mbarrier.arrive.shared.b64 %rd5, [%r2], 3;
    mbarrier.test_wait.parity.shared.b64 %p1, [%r2], 1; selp.b32 %r15, 1, 0, %p1;
    st.global.v4.b32 [%rd1], {%r10, %r11, %r12, %r13}; st.global.v2.b32 [%rd1+16], {%r14, %r15};
    mbarrier.inval.shared.b64 [%r2];)"));
  good.buffer(out, "out");
  expect_runs(good);
  EXPECT_THAT(out, testing::ElementsAre(4, 3, 0, 1, 0, 1, 77, 77));

  for (const auto& [rest, words] :
       {std::pair("mbarrier.arrive.shared.b64 %rd2, [%r2], 5;", "only 4 of 4"),
        std::pair("mbarrier.arrive.shared.b64 %rd2, [%r3];", "barrier"),
        std::pair("mbarrier.init.shared.b64 [%r3], 0;", "count of 0"),
        std::pair("mbarrier.inval.shared.b64 [%r2]; mbarrier.arrive.shared.b64 %rd2, [%r2];", "no barrier"),
        std::pair("mbarrier.arrive.shared.b64 %rd2, [%r2+4];", "aligned")}) {
    PtxLaunch bad("sm_90", ".param .b64 out", body(rest));
    bad.buffer(out, "out");
    EXPECT_THAT(bad.failure(), testing::AnyOf(HasSubstr(words), HasSubstr("uninitialised"))) << rest;
  }
}

// cp.async that arrives at a barrier, with and without an arrival of its own in the count.
TEST(MbarrierText, ArrivalsOfCopies) {
  for (const bool counted : {true, false}) {
    std::vector<uint32_t> in = counting(128), out(512, 0);
    in.resize(512, 9);
    std::string body = std::string(kRegisters) + R"(
    ld.param.b64 %rd0, [in]; ld.param.b64 %rd1, [out];
    @%p0 mbarrier.init.shared::cta.b64 [%r2], 128;
    bar.sync 0;
    shl.b32 %r10, %r0, 4; add.u32 %r11, %r1, %r10; cvt.u64.u32 %rd2, %r10; add.s64 %rd3, %rd0, %rd2;
    cp.async.cg.shared.global [%r11], [%rd3], 16;
    ARRIVE
)" + kWaitFull + kTileToOut;
    body.replace(body.find("ARRIVE"), 6,
                 counted ? "cp.async.mbarrier.arrive.noinc.shared.b64 [%r2];"
                         : "cp.async.mbarrier.arrive.shared.b64 [%r2]; mbarrier.arrive.shared.b64 _, [%r2];");
    PtxLaunch launch("sm_80", ".param .b64 in, .param .b64 out", body);
    launch.shape.block = {128, 1, 1};
    launch.buffer(in, "in", false).buffer(out, "out");
    expect_runs(launch);
    EXPECT_EQ(out, in) << counted;
  }
}

}  // namespace
}  // namespace attune::emulator
