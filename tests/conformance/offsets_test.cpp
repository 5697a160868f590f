// Tensors whose elements lie more than 2^32 bytes apart: every offset must be formed in 64 bits.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

#include "generator/dtype_codec.hpp"
#include "tests/conformance/harness.hpp"
#include "tests/conformance/quantized.hpp"
#include "tuner/model_reference.hpp"
#include "tuner/validate.hpp"

namespace attune::test {
namespace {

// Address space without memory behind it, but for the pages that are touched.
class Reserved {
 public:
  explicit Reserved(size_t bytes) : bytes_(bytes) {
    data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
  ~Reserved() {
    if (data_ != MAP_FAILED) munmap(data_, bytes_);
  }
  Reserved(const Reserved&) = delete;
  Reserved& operator=(const Reserved&) = delete;
  bool ok() const { return data_ != MAP_FAILED; }
  uint16_t* elements() const { return static_cast<uint16_t*>(data_); }

 private:
  size_t bytes_;
  void* data_;
};

class Offsets : public testing::TestWithParam<std::string> {
 protected:
  void run(const std::string& quantization);
};

std::string target_of(const testing::TestParamInfo<std::string>& test) { return test_name(test.param); }
INSTANTIATE_TEST_SUITE_P(Conformance, Offsets, testing::ValuesIn(test_targets()), target_of);

void Offsets::run(const std::string& quantization) {
  Problem p;
  p.quantization = quantization;
  p.batch = p.heads_q = p.heads_kv = 2;
  p.seqlen_q = p.seqlen_kv = 33;
  p.dtype = DType::bf16;
  p.causal = p.want_lse = true;
  // A row is 128 MiB from the next, a head 2^32 + 16 bytes and more, a batch element three times that: 33 rows span 4 GiB.
  const int64_t seq = int64_t{1} << 26, head = 40 * seq + 8, batch = 3 * head + 8;
  const int64_t span = batch + head + 33 * seq;
  std::vector<std::unique_ptr<Reserved>> memory;
  Tensors t;
  set_contiguous_strides(p, t);
  uint32_t state = 1;
  for (TensorView* view : {&t.q, &t.k, &t.v, &t.o}) {
    memory.push_back(std::make_unique<Reserved>(static_cast<size_t>(span) * 2));
    ASSERT_TRUE(memory.back()->ok());
    *view = {memory.back()->elements(), batch, head, seq};
    for (int64_t b = 0; b < 2 && view != &t.o; ++b) {
      for (int64_t h = 0; h < 2; ++h) {
        for (int64_t row = 0; row < 33; ++row) {
          for (int64_t d = 0; d < 64; ++d) {
            state = state * 1664525U + 1013904223U;
            memory.back()->elements()[b * batch + h * head + row * seq + d] =
                float_to_bf16(static_cast<float>(state >> 16) / 32768.0F - 1.0F);
          }
        }
      }
    }
  }
  std::vector<float> lse(2 * 2 * 33);
  t.lse = lse.data();

  runtime::Context& context = conformer(GetParam()).context();
  const auto plan = context.find(p, runtime::Policy::compile);
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  std::vector<std::byte> workspace(static_cast<size_t>((*plan)->workspace_bytes) + 64);
  void* start = workspace.data();
  size_t space = workspace.size();
  void* aligned = std::align(64, static_cast<size_t>((*plan)->workspace_bytes), start, space);
  const auto done = context.execute(**plan, t, (*plan)->workspace_bytes > 0 ? aligned : nullptr);
  ASSERT_TRUE(done.ok()) << done.error().message();
  if (quantization == "none") {
    const tuner::Accuracy accuracy = tuner::check_against_double(p, t, 0, 1);
    EXPECT_TRUE(accuracy.passed()) << accuracy.to_text();
    return;
  }
  const DeviceClass& device = context.device().device_class();
  const QuantizedSchedule schedule = (*plan)->family->quantized_schedule(p, (*plan)->config, device);
  const auto accuracy = tuner::check_against_model(p, t, schedule, 0, 1);
  ASSERT_TRUE(accuracy.ok()) << accuracy.error().message();
  EXPECT_TRUE(accuracy->passed()) << accuracy->to_text();
}

TEST_P(Offsets, StridesBeyond32BitsInEveryDimension) { run("none"); }

class QuantizedOffsets : public Offsets {};

INSTANTIATE_TEST_SUITE_P(Conformance, QuantizedOffsets, testing::ValuesIn(quantized_targets()), target_of);

TEST_P(QuantizedOffsets, StridesBeyond32BitsInEveryDimension) {
  const bool fp8 = must_support(GetParam(), *parse_quantization("sage2-8b"));
  run(fp8 ? "sage2-8b" : "sage1");
}

}  // namespace
}  // namespace attune::test
