// Codes to bytes and back.
#include "tuner/quantized/given.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "generator/dtype_codec.hpp"
#include "generator/given_operands.hpp"
#include "tuner/quantized/model.hpp"
#include "tuner/quantized/rounding.hpp"
#include "tuner/reference_row.hpp"

namespace attune::tuner::quantized {
namespace {

// e4m3: sign, 4 bits of exponent with bias 7, 3 of fraction; no infinities, 0x7f and 0xff are NaN (OCP 8-bit floats).
float e4m3_number(uint8_t bits) {
  const int exponent = bits >> 3 & 15, fraction = bits & 7;
  float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -9)
                                  : std::ldexp(static_cast<float>(8 + fraction), exponent - 10);
  if (exponent == 15 && fraction == 7) magnitude = std::numeric_limits<float>::quiet_NaN();
  return (bits & 0x80) != 0 ? -magnitude : magnitude;
}

// Of a number that e4m3 has.
uint8_t e4m3_bits(float number) {
  for (int bits = 0; bits < 127; ++bits) {
    if (e4m3_number(static_cast<uint8_t>(bits)) == std::fabs(number)) {
      return static_cast<uint8_t>(bits | (std::signbit(number) ? 0x80 : 0));
    }
  }
  return 0x7f;
}

void store_code(CodeFormat format, std::vector<uint8_t>& codes, int64_t at, float number) {
  switch (format) {
    case CodeFormat::int8: codes[static_cast<size_t>(at)] = static_cast<uint8_t>(static_cast<int8_t>(number)); return;
    case CodeFormat::e4m3: codes[static_cast<size_t>(at)] = e4m3_bits(number); return;
    case CodeFormat::int4: {
      uint8_t& byte = codes[static_cast<size_t>(at / 2)];
      const auto nibble = static_cast<uint8_t>(static_cast<int>(number) & 15);
      byte = static_cast<uint8_t>(at % 2 == 0 ? (byte & 0xf0) | nibble : (byte & 0x0f) | nibble << 4);
      return;
    }
  }
}

float load_code(CodeFormat format, const uint8_t* codes, int64_t at) {
  switch (format) {
    case CodeFormat::int8: return static_cast<float>(static_cast<int8_t>(codes[at]));
    case CodeFormat::e4m3: return e4m3_number(codes[at]);
    case CodeFormat::int4: {
      const int nibble = codes[at / 2] >> (at % 2 * 4) & 15;
      return static_cast<float>(nibble < 8 ? nibble : nibble - 16);
    }
  }
  return 0;
}

// The page that has the key; 0 without pages.
int64_t page_of(const Problem& p, const Tensors& tensors, int64_t b, int64_t key) {
  return p.paged() ? tensors.page_table[b * tensors.page_table_stride + key / p.page_size] : 0;
}

// One side of a problem: Q, or K and V.
struct Side {
  const Problem& problem;
  const Tensors& tensors;  // with the lengths, and the pages of `problem`
  bool keys = false;

  int64_t heads() const { return keys ? problem.heads_kv : problem.heads_q; }
  // Element of column 0 of a row.
  int64_t element(const TensorView& view, int64_t b, int64_t h, int64_t first, int64_t row) const {
    if (keys && problem.paged()) {
      return page_of(problem, tensors, b, row) * view.stride_batch + h * view.stride_head +
             row % problem.page_size * view.stride_seq;
    }
    return (problem.varlen ? 0 : b * view.stride_batch) + h * view.stride_head + (first + row) * view.stride_seq;
  }
};

// Calls body(b, h, first row, rows) for every head of a side.
template <class Body>
void for_each_head(const Side& side, const Body& body) {
  for (int64_t b = 0; b < side.problem.batch; ++b) {
    const Lengths lengths = lengths_of(side.problem, side.tensors, b);
    for (int64_t h = 0; h < side.heads(); ++h) {
      body(b, h, side.keys ? lengths.first_kv : lengths.first_q, side.keys ? lengths.kv : lengths.q);
    }
  }
}

Matrix rows_of(const Side& side, const TensorView& view, int64_t b, int64_t h, int64_t first, int64_t rows,
               int64_t columns) {
  Matrix matrix(rows, columns);
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t from = side.element(view, b, h, first, i);
    for (int64_t c = 0; c < columns; ++c) matrix.row(i)[c] = load_float(side.problem.dtype, view.data, from + c);
  }
  return matrix;
}

}  // namespace

GivenOperands encode_given(const Problem& problem, const Tensors& tensors) {
  const Quantization request = given_request(problem);
  const PaddedRows rows = PaddedRows::of_given(problem, request.granularity);
  const Side queries{problem, tensors, false}, keys{problem, tensors, true};
  Tensors laid_out;
  set_contiguous_strides(problem, laid_out);
  GivenOperands out;
  constexpr float padding = std::numeric_limits<float>::quiet_NaN();
  constexpr uint8_t unread = 0xff;
  const int64_t dim = problem.head_dim_qk;
  if (request.given_qk()) {
    const CodeFormat format = code_format(request.qk);
    const auto bytes = [&](int64_t elements, int64_t heads, int64_t all) {
      return static_cast<size_t>(elements * heads * all * dim * code_bits(request.qk) / 8);
    };
    out.q.assign(bytes(problem.q_elements(), problem.heads_q, problem.q_rows()), unread);
    out.k.assign(bytes(problem.kv_elements(), problem.heads_kv, problem.kv_rows()), unread);
    out.q_scales.assign(static_cast<size_t>(rows.q_scales), padding);
    out.k_scales.assign(static_cast<size_t>(rows.k_scales), padding);
    const auto store = [&](const Side& side, const QuantizedRows& head, const TensorView& view, std::vector<uint8_t>& codes,
                           int64_t b, int64_t h, int64_t first) {
      for (int64_t i = 0; i < head.codes.rows; ++i) {
        const int64_t at = side.element(view, b, h, first, i);
        for (int64_t c = 0; c < dim; ++c) store_code(format, codes, at + c, head.codes.row(i)[c]);
      }
    };
    for_each_head(queries, [&](int64_t b, int64_t h, int64_t first, int64_t count) {
      const auto head = quantize_queries(rows_of(queries, tensors.q, b, h, first, count, dim), request, {});
      store(queries, head.q, laid_out.q, out.q, b, h, first);
      for (int64_t i = 0; i < count; ++i) {
        out.q_scales[static_cast<size_t>(rows.q_scale(b, h, first, i))] = head.q.scale_of(i);
      }
    });
    for_each_head(keys, [&](int64_t b, int64_t h, int64_t first, int64_t count) {
      const auto head = quantize_keys(rows_of(keys, tensors.k, b, h, first, count, dim), problem.dtype, request, {});
      store(keys, head.k, laid_out.k, out.k, b, h, first);
      for (int64_t i = 0; i < count; ++i) {
        const int64_t page = page_of(problem, tensors, b, i);
        out.k_scales[static_cast<size_t>(rows.k_scale(b, h, first, i, page))] = head.k.scale_of(i);
      }
    });
  }
  if (request.given_v()) {
    const int64_t channels = problem.head_dim_v, block = QuantizationTiles{}.block_kv;
    out.v.assign(static_cast<size_t>(rows.v_codes), unread);
    out.v_scales.assign(static_cast<size_t>(problem.batch * problem.heads_kv * channels), padding);
    // Blocks that hold a key first: codes of two sequences may be in one.
    for_each_head(keys, [&](int64_t b, int64_t h, int64_t first, int64_t count) {
      for (int64_t n = 0; n < count; n += block) {
        const int64_t at = rows.v_code(b, h, first, n, 0, page_of(problem, tensors, b, n)) / (block * channels);
        std::fill_n(out.v.begin() + at * block * channels, block * channels, uint8_t{0});
      }
    });
    for_each_head(keys, [&](int64_t b, int64_t h, int64_t first, int64_t count) {
      const auto head = quantize_values(rows_of(keys, tensors.v, b, h, first, count, channels), request);
      for (int64_t c = 0; c < channels; ++c) {
        out.v_scales[static_cast<size_t>((b * problem.heads_kv + h) * channels + c)] = head.scale[static_cast<size_t>(c)];
        for (int64_t n = 0; n < count; ++n) {
          const int64_t at = rows.v_code(b, h, first, n, c, page_of(problem, tensors, b, n));
          store_code(code_format(request.pv), out.v, at, head.codes.row(n)[c]);
        }
      }
    });
  }
  return out;
}

std::unique_ptr<const DecodedProblem> decode_given(const Problem& problem, const Tensors& tensors) {
  const Quantization request = given_request(problem);
  const PaddedRows rows = PaddedRows::of_given(problem, request.granularity);
  const Side queries{problem, tensors, false}, keys{problem, tensors, true};
  auto decoded = std::make_unique<DecodedProblem>();
  decoded->problem = problem;
  decoded->problem.quantization = "none";
  decoded->problem.dtype = DType::f32;
  decoded->tensors = tensors;
  decoded->tensors.q_scales = decoded->tensors.k_scales = decoded->tensors.v_scales = nullptr;
  if (problem.paged()) {
    decoded->page_table.resize(static_cast<size_t>(problem.batch * problem.pages_per_sequence()));
    std::iota(decoded->page_table.begin(), decoded->page_table.end(), 0);
    decoded->problem.page_count = std::ssize(decoded->page_table);
    decoded->tensors.page_table = decoded->page_table.data();
    decoded->tensors.page_table_stride = problem.pages_per_sequence();
  }
  Tensors laid_out;
  set_contiguous_strides(decoded->problem, laid_out);
  // number(b, h, first, row, column) of every row within the lengths; the others stay NaN, which nothing may read.
  const auto decode = [&](const Side& side, int64_t columns, const TensorView& view, TensorView& to,
                          std::vector<float>& values, const auto& number) {
    const Problem& p = side.problem;
    const int64_t all = side.keys ? p.kv_elements() * p.kv_rows() : p.q_elements() * p.q_rows();
    values.assign(static_cast<size_t>(all * side.heads() * columns), std::numeric_limits<float>::quiet_NaN());
    to = view;
    to.data = values.data();
    for_each_head(side, [&](int64_t b, int64_t h, int64_t first, int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        float* row = values.data() + side.element(view, b, h, first, i);
        for (int64_t c = 0; c < columns; ++c) row[c] = number(b, h, first, i, c);
      }
    });
  };
  const auto plain = [&problem](const Side& side, const TensorView& view) {
    return [&](int64_t b, int64_t h, int64_t first, int64_t i, int64_t c) {
      return load_float(problem.dtype, view.data, side.element(view, b, h, first, i) + c);
    };
  };
  const auto coded = [&request](const Side& side, const TensorView& view, const auto& scale) {
    return [&](int64_t b, int64_t h, int64_t first, int64_t i, int64_t c) {
      const int64_t at = side.element(view, b, h, first, i) + c;
      return load_code(code_format(request.qk), static_cast<const uint8_t*>(view.data), at) * scale(b, h, first, i);
    };
  };
  const auto q_scale = [&](int64_t b, int64_t h, int64_t first, int64_t i) {
    return tensors.q_scales[rows.q_scale(b, h, first, i)];
  };
  const auto k_scale = [&](int64_t b, int64_t h, int64_t first, int64_t i) {
    return tensors.k_scales[rows.k_scale(b, h, first, i, page_of(problem, tensors, b, i))];
  };
  const auto value = [&](int64_t b, int64_t h, int64_t first, int64_t i, int64_t c) {
    const auto* codes = static_cast<const uint8_t*>(tensors.v.data);
    return load_code(code_format(request.pv), codes, rows.v_code(b, h, first, i, c, page_of(problem, tensors, b, i))) *
           tensors.v_scales[(b * problem.heads_kv + h) * problem.head_dim_v + c];
  };
  const Side to_queries{decoded->problem, decoded->tensors, false}, to_keys{decoded->problem, decoded->tensors, true};
  const auto fill_q = [&](const auto& number) {
    decode(to_queries, problem.head_dim_qk, laid_out.q, decoded->tensors.q, decoded->q, number);
  };
  const auto fill_k = [&](const auto& number) {
    decode(to_keys, problem.head_dim_qk, laid_out.k, decoded->tensors.k, decoded->k, number);
  };
  const auto fill_v = [&](const auto& number) {
    decode(to_keys, problem.head_dim_v, laid_out.v, decoded->tensors.v, decoded->v, number);
  };
  if (request.given_qk()) {
    fill_q(coded(queries, tensors.q, q_scale));
    fill_k(coded(keys, tensors.k, k_scale));
  } else {
    fill_q(plain(queries, tensors.q));
    fill_k(plain(keys, tensors.k));
  }
  if (request.given_v()) {
    fill_v(value);
  } else {
    fill_v(plain(keys, tensors.v));
  }
  return decoded;
}

GivenScales given_scales(const Problem& problem, const Tensors& tensors, int64_t b, int64_t h) {
  const Quantization request = given_request(problem);
  const PaddedRows rows = PaddedRows::of_given(problem, request.granularity);
  const Lengths lengths = lengths_of(problem, tensors, b);
  const int64_t kv_head = h / problem.group();
  GivenScales scales;
  // By group of the sequence, in the order of ScaleGroups::of().
  const auto put = [](std::vector<float>& groups, int64_t group, float scale) {
    if (std::ssize(groups) <= group) groups.resize(static_cast<size_t>(group + 1), 1.0F);
    groups[static_cast<size_t>(group)] = scale;
  };
  if (request.given_qk()) {
    const ScaleGroups q = q_scale_groups(request.granularity, {}), k = k_scale_groups(request.granularity, {});
    for (int64_t i = 0; i < lengths.q; ++i) put(scales.q, q.of(i), tensors.q_scales[rows.q_scale(b, h, lengths.first_q, i)]);
    for (int64_t n = 0; n < lengths.kv; ++n) {
      const int64_t page = page_of(problem, tensors, b, n);
      put(scales.k, k.of(n), tensors.k_scales[rows.k_scale(b, kv_head, lengths.first_kv, n, page)]);
    }
  }
  if (request.given_v()) {
    const float* of_head = tensors.v_scales + (b * problem.heads_kv + kv_head) * problem.head_dim_v;
    scales.v.assign(of_head, of_head + problem.head_dim_v);
  }
  return scales;
}

}  // namespace attune::tuner::quantized
