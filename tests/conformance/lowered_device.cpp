#include "tests/conformance/lowered_device.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "generator/llvm/target.hpp"
#include "runtime/cpu_device.hpp"
#include "runtime/host_cpu.hpp"

namespace attune::test {
namespace {

// Vectors are written as <W> for <16 x i32> (or as many as there are lanes), <F> for <16 x float>; a number behind = is
// splat over a <W>.
struct Plain {
  std::string_view intrinsic, name, definition;
  int lanes = 16;
};

// Four products of an unsigned by a signed byte are added to each word; nothing saturates.
constexpr std::string_view byte_products = R"(
define internal <W> @NAME(<W> %sum, <W> %a, <W> %b) alwaysinline {
  %a0 = and <W> %a, =255
  %a1s = lshr <W> %a, =8
  %a1 = and <W> %a1s, =255
  %a2s = lshr <W> %a, =16
  %a2 = and <W> %a2s, =255
  %a3 = lshr <W> %a, =24
  %b0s = shl <W> %b, =24
  %b0 = ashr <W> %b0s, =24
  %b1s = shl <W> %b, =16
  %b1 = ashr <W> %b1s, =24
  %b2s = shl <W> %b, =8
  %b2 = ashr <W> %b2s, =24
  %b3 = ashr <W> %b, =24
  %p0 = mul <W> %a0, %b0
  %p1 = mul <W> %a1, %b1
  %p2 = mul <W> %a2, %b2
  %p3 = mul <W> %a3, %b3
  %s0 = add <W> %sum, %p0
  %s1 = add <W> %s0, %p1
  %s2 = add <W> %s1, %p2
  %s3 = add <W> %s2, %p3
  ret <W> %s3
}
)";

constexpr Plain plain_forms[] = {
    {"@llvm.x86.avx512.vpdpbusd.512", "@plain.vpdpbusd", byte_products},
    {"@llvm.x86.avx512.vpdpbusd.256", "@plain.vpdpbusd.short", byte_products, 8},
    // Products of signed pairs, added.
    {"@llvm.x86.avx512.pmaddw.d.512", "@plain.pmaddwd", R"(
define internal <W> @plain.pmaddwd(<32 x i16> %x, <32 x i16> %y) alwaysinline {
  %a = bitcast <32 x i16> %x to <W>
  %b = bitcast <32 x i16> %y to <W>
  %a0s = shl <W> %a, =16
  %a0 = ashr <W> %a0s, =16
  %a1 = ashr <W> %a, =16
  %b0s = shl <W> %b, =16
  %b0 = ashr <W> %b0s, =16
  %b1 = ashr <W> %b, =16
  %p0 = mul <W> %a0, %b0
  %p1 = mul <W> %a1, %b1
  %s = add <W> %p0, %p1
  ret <W> %s
}
)"},
    // The odd elements first, then the even ones, each by a fused multiply-add. The instruction takes subnormals for zero.
    {"@llvm.x86.avx512bf16.dpbf16ps.512", "@plain.dpbf16ps", R"(
define internal <F> @plain.dpbf16ps(<F> %sum, <32 x bfloat> %x, <32 x bfloat> %y) alwaysinline {
  %a = bitcast <32 x bfloat> %x to <W>
  %b = bitcast <32 x bfloat> %y to <W>
  %a0w = shl <W> %a, =16
  %a1w = and <W> %a, =-65536
  %b0w = shl <W> %b, =16
  %b1w = and <W> %b, =-65536
  %a0 = bitcast <W> %a0w to <F>
  %a1 = bitcast <W> %a1w to <F>
  %b0 = bitcast <W> %b0w to <F>
  %b1 = bitcast <W> %b1w to <F>
  %odd = call <F> @llvm.fma.v16f32(<F> %a1, <F> %b1, <F> %sum)
  %both = call <F> @llvm.fma.v16f32(<F> %a0, <F> %b0, <F> %odd)
  ret <F> %both
}
)"},
    // To nearest, ties to even; a NaN stays one.
    {"@llvm.x86.avx512bf16.cvtneps2bf16.512", "@plain.cvtneps2bf16", R"(
define internal <16 x bfloat> @plain.cvtneps2bf16(<F> %x) alwaysinline {
  %bits = bitcast <F> %x to <W>
  %high = lshr <W> %bits, =16
  %lowest = and <W> %high, =1
  %half = add <W> %lowest, =32767
  %carried = add <W> %bits, %half
  %rounded = lshr <W> %carried, =16
  %quiet = or <W> %high, =64
  %nan = fcmp uno <F> %x, %x
  %word = select <16 x i1> %nan, <W> %quiet, <W> %rounded
  %short = trunc <W> %word to <16 x i16>
  %result = bitcast <16 x i16> %short to <16 x bfloat>
  ret <16 x bfloat> %result
}
)"},
    // Immediate 9: x less the whole number below it; 0 for an infinity.
    {"@llvm.x86.avx512.mask.reduce.ps.512", "@plain.reduce", R"(
define internal <F> @plain.reduce(<F> %x, i32 %how, <F> %other, i16 %lanes, i32 %rounding) alwaysinline {
  %below = call <F> @llvm.floor.v16f32(<F> %x)
  %fraction = fsub <F> %x, %below
  %magnitude = call <F> @llvm.fabs.v16f32(<F> %x)
  %bits = bitcast <F> %magnitude to <W>
  %infinite = icmp eq <W> %bits, =2139095040
  %result = select <16 x i1> %infinite, <F> zeroinitializer, <F> %fraction
  ret <F> %result
}
)"},
    // x times two to the whole number at or below y, in two steps, since the power itself may be no fp32 number.
    {"@llvm.x86.avx512.mask.scalef.ps.512", "@plain.scalef", R"(
define internal <F> @plain.scalef(<F> %x, <F> %y, <F> %other, i16 %lanes, i32 %rounding) alwaysinline {
  %below = call <F> @llvm.floor.v16f32(<F> %y)
  %low = fcmp olt <F> %below, splat (float -252.0)
  %raised = select <16 x i1> %low, <F> splat (float -252.0), <F> %below
  %high = fcmp ogt <F> %raised, splat (float 254.0)
  %bounded = select <16 x i1> %high, <F> splat (float 254.0), <F> %raised
  %nan = fcmp uno <F> %y, %y
  %safe = select <16 x i1> %nan, <F> zeroinitializer, <F> %bounded
  %n = fptosi <F> %safe to <W>
  %n1 = ashr <W> %n, =1
  %n2 = sub <W> %n, %n1
  %e1 = add <W> %n1, =127
  %e2 = add <W> %n2, =127
  %w1 = shl <W> %e1, =23
  %w2 = shl <W> %e2, =23
  %p1 = bitcast <W> %w1 to <F>
  %p2 = bitcast <W> %w2 to <F>
  %once = fmul <F> %x, %p1
  %twice = fmul <F> %once, %p2
  %result = select <16 x i1> %nan, <F> %y, <F> %twice
  ret <F> %result
}
)"},
};

// What the definitions call in turn; the kernel may have declared it already.
constexpr std::string_view declarations[] = {
    "declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>)",
    "declare <16 x float> @llvm.floor.v16f32(<16 x float>)", "declare <16 x float> @llvm.fabs.v16f32(<16 x float>)"};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string expanded(const Plain& plain) {
  std::string text(plain.definition);
  std::string result;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool constant = text[at] == '=' && at + 1 < text.size() && text[at + 1] != ' ';
    if (!constant) {
      result += text[at];
      continue;
    }
    size_t end = at + 1;
    while (end < text.size() && (text[end] == '-' || (text[end] >= '0' && text[end] <= '9'))) ++end;
    result += fmt::format("splat (i32 {})", text.substr(at + 1, end - at - 1));
    at = end - 1;
  }
  replace_all(result, "@NAME", plain.name);
  replace_all(result, "<W>", fmt::format("<{} x i32>", plain.lanes));
  replace_all(result, "<F>", "<16 x float>");
  return result;
}

class LoweringCompiler final : public runtime::Compiler {
 public:
  LoweringCompiler(const runtime::Compiler& host, ir::Target target) : host_(host), target_(std::move(target)) {}

  std::string identity(SourceKind kind) const override { return "lowered; " + host_.identity(kind); }
  Result<void> can_compile(SourceKind kind) const override { return host_.can_compile(kind); }
  Result<runtime::Binary> compile(const Source& source) const override {
    ATTUNE_TRY(const Source plain, for_host(source));
    return host_.compile(plain);
  }
  Result<std::string> optimised(const Source& source) const override {
    ATTUNE_TRY(const Source plain, for_host(source));
    return host_.optimised(plain);
  }
  Result<std::string> assembly(const Source& source) const override {
    ATTUNE_TRY(const Source plain, for_host(source));
    return host_.assembly(plain);
  }

 private:
  Result<Source> for_host(const Source& source) const {
    Source plain = source;
    ATTUNE_TRY(plain.text, lowered(source.text));
    plain.target_cpu = target_.cpu;
    plain.target_features = target_.features;
    return plain;
  }

  const runtime::Compiler& host_;
  ir::Target target_;
};

class LoweredDevice final : public runtime::Device {
 public:
  LoweredDevice(std::unique_ptr<runtime::Device> host, const std::string& arch, int threads)
      : host_(std::move(host)),
        class_(runtime::host_device_class(arch, threads)),
        compiler_(host_->compiler(), ir::target_of(host_->device_class().arch)) {}

  std::string name() const override { return "lowered:" + class_.arch; }
  const DeviceClass& device_class() const override { return class_; }
  const runtime::Compiler& compiler() const override { return compiler_; }
  Result<runtime::KernelPtr> load(const runtime::Binary& binary) override { return host_->load(binary); }
  Result<void> reserve(std::span<const Launch> launches) override { return host_->reserve(launches); }
  Result<void> launch(const runtime::LoadedKernel& kernel, std::span<const Launch> launches, const ArgumentBlock& arguments,
                      runtime::Stream stream, std::span<const runtime::MemoryRegion> regions) override {
    return host_->launch(kernel, launches, arguments, stream, regions);
  }
  Result<void> synchronize(runtime::Stream stream) override { return host_->synchronize(stream); }
  bool is_capturing(runtime::Stream stream) const override { return host_->is_capturing(stream); }
  Result<runtime::DeviceMemory> allocate(int64_t size_bytes) override { return host_->allocate(size_bytes); }
  void release(runtime::DeviceMemory memory) override { host_->release(memory); }
  Result<void> copy_in(runtime::DeviceMemory destination, const void* source, int64_t size_bytes) override {
    return host_->copy_in(destination, source, size_bytes);
  }
  Result<void> copy_out(void* destination, runtime::DeviceMemory source, int64_t size_bytes) override {
    return host_->copy_out(destination, source, size_bytes);
  }
  Result<double> time_ms(const std::function<Result<void>()>& work, runtime::Stream stream) override {
    return host_->time_ms(work, stream);
  }
  Result<void> flush_cache() override { return host_->flush_cache(); }
  double clock_mhz() const override { return host_->clock_mhz(); }

 private:
  std::unique_ptr<runtime::Device> host_;
  DeviceClass class_;
  LoweringCompiler compiler_;
};

}  // namespace

Result<std::string> lowered(const std::string& text) {
  std::string result, definitions;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const std::string_view line = std::string_view(text).substr(at, end == std::string::npos ? end : end - at + 1);
    at += line.size();
    if (!(line.starts_with("declare") && line.find("@llvm.x86.") != std::string_view::npos)) result += line;
  }
  for (const Plain& plain : plain_forms) {
    if (result.find(plain.intrinsic) == std::string::npos) continue;
    replace_all(result, plain.intrinsic, plain.name);
    definitions += expanded(plain);
  }
  if (const size_t left = result.find("@llvm.x86."); left != std::string::npos) {
    return Error(Status::internal,
                 fmt::format("{} has no plain form here: write one from the processor's manual, in plain_forms.",
                             result.substr(left, result.find('(', left) - left)));
  }
  for (const std::string_view declaration : declarations) {
    const size_t name = declaration.find('@');
    const std::string_view call = declaration.substr(name, declaration.find('(') - name + 1);
    const bool called = definitions.find(call) != std::string::npos;
    if (called && result.find(declaration) == std::string::npos) definitions += fmt::format("{}\n", declaration);
  }
  return result + definitions;
}

Result<std::unique_ptr<runtime::Device>> open_lowered_device(const std::string& arch, int threads) {
  ATTUNE_TRY(auto host, runtime::open_cpu_device({"cpu", threads, ""}));
  return std::unique_ptr<runtime::Device>(std::make_unique<LoweredDevice>(std::move(host), arch, threads));
}

}  // namespace attune::test
