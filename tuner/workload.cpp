// Buffers of a problem on a device, laid out as the problem says.
#include "tuner/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <tuple>
#include <utility>

#include "common/thread_pool.hpp"
#include "generator/dtype_codec.hpp"
#include "generator/given_operands.hpp"
#include "tuner/quantized/given.hpp"
#include "tuner/sample_data.hpp"

namespace attune::tuner {
namespace {

// One page each side: vector code that overruns writes a few cache lines at most before it is seen.
constexpr int64_t guard_bytes = 4096;
constexpr int guard_value = 0xA5, poison_value = 0xFF;  // 0xFF...: a NaN in fp32, fp16 and bf16

// [elements, heads, rows, head_dim] as the tensor lies in memory: packed tensors have one element, page pools one a page.
struct Extents {
  int64_t elements = 0, heads = 0, rows = 0, head_dim = 0;
  int64_t count() const { return elements * heads * rows * head_dim; }
};

Extents query_side(const Problem& p, int64_t head_dim) { return {p.q_elements(), p.heads_q, p.q_rows(), head_dim}; }
Extents key_side(const Problem& p, int64_t head_dim) { return {p.kv_elements(), p.heads_kv, p.kv_rows(), head_dim}; }

TensorView at(TensorView view, void* data) {
  view.data = data;
  return view;
}

// Pages in an order that no prefetcher follows, as a cache that has served for a while hands them out. A pool smaller than
// the table is shared.
std::vector<int32_t> scattered_pages(const Problem& p, uint64_t seed) {
  std::vector<int32_t> order(static_cast<size_t>(p.page_count));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(seed + 31));
  std::vector<int32_t> table(static_cast<size_t>(p.batch * p.pages_per_sequence()));
  for (size_t n = 0; n < table.size(); ++n) table[n] = order[n % order.size()];
  return table;
}

}  // namespace

struct Workload::Buffer {
  std::string name;
  int64_t bytes = 0, guard = 0;
  runtime::DeviceMemory memory;
  std::vector<std::byte> host_copy;  // where the device's memory is not the host's
  std::byte* host = nullptr;         // the start of the guard, if any

  int64_t size() const { return bytes + 2 * guard; }
  void* device_data() const { return static_cast<std::byte*>(memory.data) + guard; }
  void* host_data() const { return host + guard; }
};

Workload::Workload(runtime::Device& device, Problem problem)
    : device_(device), problem_(std::move(problem)), host_readable_(device.device_class().kind == "cpu") {
  set_contiguous_strides(problem_, strides_);
  for (Tensors* tensors : {&host_tensors_, &device_tensors_}) {
    tensors->lse_stride_head = strides_.lse_stride_head;
    tensors->lse_stride_batch = strides_.lse_stride_batch;
    tensors->page_table_stride = strides_.page_table_stride;
  }
}

Workload::~Workload() {
  for (const auto& buffer : buffers_) device_.release(buffer->memory);
}

Result<std::unique_ptr<Workload>> Workload::create(runtime::Device& device, const Problem& problem, uint64_t seed) {
  std::unique_ptr<Workload> workload(new Workload(device, problem));
  ATTUNE_CHECK(workload->make_inputs(seed));
  ATTUNE_CHECK(workload->make_mask(seed));
  ATTUNE_CHECK(workload->make_extras(seed));
  ATTUNE_CHECK(workload->make_outputs());
  return workload;
}

Result<Workload::Buffer*> Workload::add(std::string name, int64_t bytes, bool guarded) {
  auto buffer = std::make_unique<Buffer>();
  buffer->name = std::move(name);
  buffer->bytes = bytes;
  buffer->guard = guarded ? guard_bytes : 0;
  ATTUNE_TRY(buffer->memory, device_.allocate(std::max<int64_t>(buffer->size(), 1)));
  buffers_.push_back(std::move(buffer));
  Buffer& added = *buffers_.back();
  if (host_readable_) {
    added.host = static_cast<std::byte*>(added.memory.data);
  } else {
    added.host_copy.resize(static_cast<size_t>(std::max<int64_t>(added.size(), 1)));
    added.host = added.host_copy.data();
  }
  return &added;
}

Result<void> Workload::upload(const Buffer& buffer) {
  if (host_readable_) return {};
  return device_.copy_in(buffer.memory, buffer.host, buffer.size());
}

template <class T>
Result<std::pair<const T*, const T*>> Workload::place(std::string name, const std::vector<T>& values) {
  const auto bytes = static_cast<int64_t>(values.size() * sizeof(T));
  ATTUNE_TRY(Buffer * buffer, add(std::move(name), bytes, false));
  if (bytes > 0) std::memcpy(buffer->host_data(), values.data(), static_cast<size_t>(bytes));
  ATTUNE_CHECK(upload(*buffer));
  return std::pair(static_cast<const T*>(buffer->host_data()), static_cast<const T*>(buffer->device_data()));
}

Result<void> Workload::make_inputs(uint64_t seed) {
  const Problem& p = problem_;
  ThreadPool pool;
  const int64_t width = size_bytes(p.dtype);
  const auto seed_of = [seed](int64_t b) { return seed + static_cast<uint64_t>(b) * 1000003; };
  const auto fill_elements = [&](Role role, const Extents& extents, const TensorView& view) {
    for (int64_t b = 0; b < extents.elements; ++b) {
      auto* data = static_cast<std::byte*>(view.data) + b * view.stride_batch * width;
      fill_sample(pool, role, p.dtype, data, extents.rows, extents.heads, extents.head_dim, view.stride_seq,
                  view.stride_head, seed_of(b));
    }
  };
  // A whole sequence is sampled, then cut into its pages: a page alone would have a first key and channel means of its own.
  const auto fill_pages = [&](Role role, const Extents& extents, const TensorView& view) {
    std::memset(view.data, poison_value, static_cast<size_t>(extents.count() * width));
    const int64_t row_elements = extents.heads * extents.head_dim;
    std::vector<std::byte> sequence(static_cast<size_t>(p.seqlen_kv * row_elements * width));
    for (int64_t b = 0; b < p.batch; ++b) {
      fill_sample(pool, role, p.dtype, sequence.data(), p.seqlen_kv, extents.heads, extents.head_dim, row_elements,
                  extents.head_dim, seed_of(b));
      for (int64_t key = 0; key < p.seqlen_kv; ++key) {
        const int64_t page = host_tensors_.page_table[b * p.pages_per_sequence() + key / p.page_size];
        const int64_t start = page * view.stride_batch + key % p.page_size * view.stride_seq;
        for (int64_t h = 0; h < extents.heads; ++h) {
          std::memcpy(static_cast<std::byte*>(view.data) + (start + h * view.stride_head) * width,
                      sequence.data() + (key * row_elements + h * extents.head_dim) * width,
                      static_cast<size_t>(extents.head_dim * width));
        }
      }
    }
  };
  if (p.paged()) {
    ATTUNE_TRY(const auto placed, place("page_table", scattered_pages(p, seed)));
    std::tie(host_tensors_.page_table, device_tensors_.page_table) = placed;
  }
  const Quantization request = given_request(p);
  if (request.given != Given::none) ATTUNE_CHECK(give_codes(request, seed));
  const auto fill = [&](const char* name, Role role, const Extents& extents, TensorView Tensors::* field) -> Result<void> {
    ATTUNE_TRY(Buffer * buffer, add(name, extents.count() * width, false));
    TensorView& host = host_tensors_.*field;
    host = at(strides_.*field, buffer->host_data());
    device_tensors_.*field = at(strides_.*field, buffer->device_data());
    if (p.paged() && role != Role::query) {
      fill_pages(role, extents, host);
    } else {
      fill_elements(role, extents, host);
    }
    return upload(*buffer);
  };
  if (!request.given_qk()) {
    ATTUNE_CHECK(fill("q", Role::query, query_side(p, p.head_dim_qk), &Tensors::q));
    ATTUNE_CHECK(fill("k", Role::key, key_side(p, p.head_dim_qk), &Tensors::k));
  }
  if (request.given_v()) return {};
  return fill("v", Role::value, key_side(p, p.head_dim_v), &Tensors::v);
}

Result<void> Workload::give_codes(const Quantization& request, uint64_t seed) {
  Problem plain = problem_;
  plain.quantization = "none";
  ATTUNE_TRY(const auto source, create(device_, plain, seed));
  const auto codes = quantized::encode_given(problem_, source->host_tensors_);
  const auto view = [&](const char* name, const std::vector<uint8_t>& bytes, TensorView Tensors::* field) -> Result<void> {
    ATTUNE_TRY(const auto placed, place(name, bytes));
    host_tensors_.*field = at(strides_.*field, const_cast<uint8_t*>(placed.first));
    device_tensors_.*field = at(strides_.*field, const_cast<uint8_t*>(placed.second));
    return {};
  };
  const auto scales = [&](const char* name, const std::vector<float>& values,
                          const float* Tensors::* field) -> Result<void> {
    ATTUNE_TRY(const auto placed, place(name, values));
    std::tie(host_tensors_.*field, device_tensors_.*field) = placed;
    return {};
  };
  if (request.given_qk()) {
    ATTUNE_CHECK(view("q", codes.q, &Tensors::q));
    ATTUNE_CHECK(view("k", codes.k, &Tensors::k));
    ATTUNE_CHECK(scales("q_scales", codes.q_scales, &Tensors::q_scales));
    ATTUNE_CHECK(scales("k_scales", codes.k_scales, &Tensors::k_scales));
  }
  if (!request.given_v()) return {};
  ATTUNE_CHECK(view("v", codes.v, &Tensors::v));
  return scales("v_scales", codes.v_scales, &Tensors::v_scales);
}

Result<void> Workload::make_mask(uint64_t seed) {
  const MaskRequest& m = problem_.mask;
  if (m.kind == MaskKind::none) return {};
  const int64_t elements = m.batch * m.heads * m.seqlen_q * m.seqlen_kv;
  ATTUNE_TRY(Buffer * buffer, add("mask", elements * size_bytes(m.dtype), false));
  std::mt19937_64 generator(seed + 17);
  for (int64_t i = 0; i < elements; ++i) {
    const uint64_t draw = generator();
    if (m.kind == MaskKind::boolean) {
      static_cast<uint8_t*>(buffer->host_data())[i] = draw % 8 != 0;
    } else {
      store_float(m.dtype, buffer->host_data(), i, static_cast<float>(static_cast<double>(draw >> 11) * 0x1p-52 - 1));
    }
  }
  MaskView view = strides_.mask;
  view.stride_kv = m.seqlen_kv == 1 ? 0 : 1;
  host_tensors_.mask = device_tensors_.mask = view;
  host_tensors_.mask.data = buffer->host_data();
  device_tensors_.mask.data = buffer->device_data();
  return upload(*buffer);
}

Result<void> Workload::make_extras(uint64_t seed) {
  const Problem& p = problem_;
  const auto heads = static_cast<size_t>(p.heads_q);
  // Puts values in a buffer and their two addresses in one field of the two tensor sets.
  const auto give = [this](const char* name, const auto& values, auto Tensors::* field) -> Result<void> {
    ATTUNE_TRY(auto placed, place(name, values));
    host_tensors_.*field = placed.first;
    device_tensors_.*field = placed.second;
    return {};
  };
  if (p.sinks) {
    std::mt19937_64 generator(seed + 29);
    std::vector<float> sinks(heads);
    for (float& sink : sinks) sink = static_cast<float>(static_cast<double>(generator() >> 11) * 0x1p-52 - 1);
    ATTUNE_CHECK(give("sinks", sinks, &Tensors::sinks));
  }
  if (p.alibi) {
    std::vector<float> slopes(heads);  // the usual geometric series from 2^(-8/H) to 2^-8
    for (size_t h = 0; h < heads; ++h) slopes[h] = std::exp2(-8.0F * static_cast<float>(h + 1) / static_cast<float>(heads));
    ATTUNE_CHECK(give("alibi_slopes", slopes, &Tensors::alibi_slopes));
  }
  if (p.varlen) {
    ATTUNE_CHECK(give("cu_seqlens_q", even_lengths(p.batch, p.total_q), &Tensors::cu_seqlens_q));
    if (!p.paged()) ATTUNE_CHECK(give("cu_seqlens_kv", even_lengths(p.batch, p.total_kv), &Tensors::cu_seqlens_kv));
  }
  if (p.kv_lengths) {
    const std::vector<int32_t> lengths(static_cast<size_t>(p.batch), static_cast<int32_t>(p.seqlen_kv));
    ATTUNE_CHECK(give("kv_lengths", lengths, &Tensors::kv_lengths));
  }
  if (p.sparsity.kind == SparsityKind::none) return {};

  HostLists full, partial;
  fill_lists(p, full, partial);
  const auto give_list = [this](const char* name, const auto& values, auto BlockLists::* field) -> Result<void> {
    ATTUNE_TRY(auto placed, place(name, values));
    host_tensors_.lists.*field = placed.first;
    device_tensors_.lists.*field = placed.second;
    return {};
  };
  const bool padded = p.sparsity.kind == SparsityKind::padded_lists;
  if (p.sparsity.full) {
    ATTUNE_CHECK(give_list("full_indices", full.indices, &BlockLists::full_indices));
    ATTUNE_CHECK(padded ? give_list("full_counts", full.counts, &BlockLists::full_counts)
                        : give_list("full_row_ptr", full.row_ptr, &BlockLists::full_row_ptr));
  }
  if (p.sparsity.partial) {
    ATTUNE_CHECK(give_list("partial_indices", partial.indices, &BlockLists::partial_indices));
    ATTUNE_CHECK(padded ? give_list("partial_counts", partial.counts, &BlockLists::partial_counts)
                        : give_list("partial_row_ptr", partial.row_ptr, &BlockLists::partial_row_ptr));
  }
  return {};
}

Result<void> Workload::make_outputs() {
  const Problem& p = problem_;
  ATTUNE_TRY(output_, add("output", query_side(p, p.head_dim_v).count() * size_bytes(p.dtype), true));
  host_tensors_.o = at(strides_.o, output_->host_data());
  device_tensors_.o = at(strides_.o, output_->device_data());
  if (p.want_lse) {
    ATTUNE_TRY(lse_, add("lse", query_side(p, 1).count() * int64_t{sizeof(float)}, true));
    host_tensors_.lse = static_cast<float*>(lse_->host_data());
    device_tensors_.lse = static_cast<float*>(lse_->device_data());
  }
  return poison();
}

Result<void*> Workload::workspace(int64_t bytes) {
  if (bytes == 0) return static_cast<void*>(nullptr);
  if (workspace_ == nullptr || workspace_->bytes != bytes) {
    if (workspace_ != nullptr) {
      device_.release(workspace_->memory);
      buffers_.erase(
          std::find_if(buffers_.begin(), buffers_.end(), [this](const auto& b) { return b.get() == workspace_; }));
      workspace_ = nullptr;
    }
    ATTUNE_TRY(workspace_, add("workspace", bytes, true));
    std::memset(workspace_->host, guard_value, static_cast<size_t>(workspace_->size()));
    ATTUNE_CHECK(upload(*workspace_));
  }
  return workspace_->device_data();
}

Result<void> Workload::poison() {
  for (Buffer* buffer : {output_, lse_, workspace_}) {
    if (buffer == nullptr) continue;
    std::memset(buffer->host, guard_value, static_cast<size_t>(buffer->size()));
    std::memset(buffer->host_data(), poison_value, static_cast<size_t>(buffer->bytes));
    ATTUNE_CHECK(upload(*buffer));
  }
  return {};
}

Result<const Tensors*> Workload::fetch() {
  for (Buffer* buffer : {output_, lse_}) {
    if (buffer != nullptr && !host_readable_) {
      ATTUNE_CHECK(device_.copy_out(buffer->host, buffer->memory, buffer->size()));
    }
  }
  return &host_tensors_;
}

Result<std::optional<std::string>> Workload::broken_guard() {
  for (Buffer* buffer : {output_, lse_, workspace_}) {
    if (buffer == nullptr) continue;
    if (!host_readable_) ATTUNE_CHECK(device_.copy_out(buffer->host, buffer->memory, buffer->size()));
    const auto intact = [](std::byte value) { return value == std::byte{guard_value}; };
    const std::byte* after = buffer->host + buffer->guard + buffer->bytes;
    if (!std::all_of(buffer->host, buffer->host + buffer->guard, intact) ||
        !std::all_of(after, after + buffer->guard, intact)) {
      return std::optional<std::string>(buffer->name);
    }
  }
  return std::optional<std::string>();
}

Result<void> Workload::corrupt_output() {
  ATTUNE_CHECK(fetch());
  // The last row of the last head: validation always looks there.
  const int64_t element = size_bytes(problem_.dtype);
  const int64_t last = output_->bytes / element - 1;
  store_float(problem_.dtype, output_->host_data(), last, 1000.0F);
  return upload(*output_);
}

Result<void> Workload::write_past_output() {
  ATTUNE_CHECK(fetch());
  static_cast<std::byte*>(output_->host_data())[output_->bytes + 3] = std::byte{0};
  return upload(*output_);
}

}  // namespace attune::tuner
