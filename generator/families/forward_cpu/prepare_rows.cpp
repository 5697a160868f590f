// What the launches before attune_forward do with blocks of rows: stage them as fp32, means, scales, codes.
#include <llvm/IR/Intrinsics.h>

#include "generator/families/forward_cpu/emitter.hpp"
#include "generator/llvm/rounding.hpp"

namespace attune::forward_cpu {
namespace {

llvm::Type* doubles(ir::Builder& b, int64_t lanes) {
  return llvm::FixedVectorType::get(b.raw().getDoubleTy(), static_cast<unsigned>(lanes));
}

// The smallest magnitude that a group is taken for: generator/quantization.hpp.
double smallest_magnitude(ScaleConvention convention) { return convention == ScaleConvention::safe ? 0x1p-117 : 1e-7F; }
constexpr double divided_epsilon = 1e-7F;

}  // namespace

void Emitter::over_blocks(Value* length, int64_t rows, const std::function<void(Value* first, Value* count)>& body) {
  b_.loop("block", b_.count(0), length, rows,
          [&](Value* first) { body(first, b_.min(b_.sub(length, first), b_.count(rows), "count")); });
}

void Emitter::clear(Value* at, int64_t bytes) {
  const int64_t vector_bytes = s_.lanes * 4;
  b_.loop("clear", b_.count(0), b_.count(bytes), vector_bytes,
          [&](Value* offset) { b_.store(b_.splat(0.0), b_.at(at, offset), 4); });
}

// Zeroes the staged rows of a block that has fewer.
void Emitter::clear_rest(Value* stage, Value* count, int64_t rows) {
  b_.when(b_.raw().CreateICmpSLT(count, b_.count(rows)), "short_block", [&] { clear(stage, rows * s_.stage_row_bytes()); });
}

Value* Emitter::largest_of(Value* vector, Value* so_far) {
  auto& ir = b_.raw();
  Value* size = ir::magnitude(b_, vector);
  if (safe()) size = ir.CreateSelect(ir::is_finite(b_, vector), size, b_.splat(0.0));
  return b_.fmax(size, so_far, "largest");  // so_far where the size is NaN
}

Emitter::Scale Emitter::scale_of(Value* amax, double target, ScaleConvention convention) {
  auto& ir = b_.raw();
  auto number = [&](double value) { return llvm::ConstantFP::get(amax->getType(), value); };
  if (convention == ScaleConvention::divided) {
    return {ir.CreateFAdd(ir.CreateFDiv(amax, number(target)), number(divided_epsilon), "scale"), number(1)};
  }
  Value* least = number(smallest_magnitude(convention));
  Value* floored = ir.CreateSelect(ir.CreateFCmpOGT(amax, least), amax, least, "floored");
  return {ir.CreateFDiv(floored, number(target), "scale"), ir.CreateFDiv(number(target), floored, "inverse")};
}

llvm::Function* Emitter::stage_function(const std::string& name) {
  return b_.function(name,
                     {{"arguments", b_.ptr()},
                      {"batch", b_.i64()},
                      {"base", b_.ptr()},
                      {"page_stride", b_.i64()},
                      {"row_stride", b_.i64()},
                      {"first", b_.i64()},
                      {"count", b_.i64()},
                      {"out", b_.ptr()}},
                     false);
}

// Rows [first, first + count) of the caller's tensor as fp32, whole registers a row, zero beyond the columns.
void Emitter::emit_stage(const std::string& name, int64_t columns, bool paged) {
  auto& ir = b_.raw();
  auto* f = stage_function(name);
  Value *arguments = f->getArg(0), *batch = f->getArg(1), *base = f->getArg(2), *page_stride = f->getArg(3),
        *row_stride = f->getArg(4), *first = f->getArg(5), *count = f->getArg(6), *out = f->getArg(7);
  Value *page_size = nullptr, *table = nullptr;
  if (paged) {
    page_size = number64(arguments, ATTUNE_FIELD(page_size));
    table = b_.at(pointer(arguments, ATTUNE_FIELD(page_table)),
                  b_.mul(batch, number64(arguments, ATTUNE_FIELD(page_table_stride))), "table");
  }
  b_.loop("row", b_.count(0), count, 1, [&](Value* r) {
    Value* row = b_.add(first, r);
    Value* offset = nullptr;
    if (paged) {
      Value* entry = b_.mul(ir.CreateUDiv(row, page_size), b_.count(4));
      Value* page = ir.CreateSExt(b_.load(b_.i32(), b_.at(table, entry), 4), b_.i64(), "page");
      offset = b_.add(b_.mul(page, page_stride), b_.mul(ir.CreateURem(row, page_size), row_stride));
    } else {
      offset = b_.mul(row, row_stride);
    }
    Value* from = b_.at(base, offset, "from");
    Value* to = b_.at(out, b_.mul(r, b_.count(s_.stage_row_bytes())), "to");
    for (int64_t column = 0; column < columns; column += s_.lanes) {
      Value* vector = ir::load_as_f32(b_, s_.dtype, b_.at(from, column * s_.input_bytes), columns - column, "element");
      b_.store(vector, b_.at(to, column * 4), s_.lanes * 4);
    }
  });
  b_.finish();
}

// Adds staged rows to the sums of their columns, in double, and counts what was added.
void Emitter::emit_add_columns() {
  auto& ir = b_.raw();
  auto* f = b_.function("add_columns",
                        {{"rows", b_.ptr()},
                         {"count", b_.i64()},
                         {"vectors", b_.i64()},
                         {"sign", b_.f32()},
                         {"sums", b_.ptr()},
                         {"counts", b_.ptr()}},
                        false);
  Value *rows = f->getArg(0), *count = f->getArg(1), *vectors = f->getArg(2), *sums = f->getArg(4), *counts = f->getArg(5);
  Value* sign = b_.splat(f->getArg(3), "sign");
  auto* wide = doubles(b_, s_.lanes);
  b_.loop("vector", b_.count(0), vectors, 1, [&](Value* vector) {
    Value* sum_at = b_.at(sums, b_.mul(vector, b_.count(s_.lanes * 8)));
    Value* count_at = b_.at(counts, b_.mul(vector, b_.count(s_.lanes * 4)));
    Value* column = b_.at(rows, b_.mul(vector, b_.count(s_.lanes * 4)), "column");
    const Values before = {b_.load(wide, sum_at, 8, "sum"), b_.load(b_.vec(), count_at, 4, "counted")};
    const Values after = b_.loop("row", b_.count(0), count, 1, before, [&](Value* r, const Values& carried) {
      Value* x = b_.load(b_.vec(), b_.at(column, b_.mul(r, b_.count(s_.stage_row_bytes()))), s_.lanes * 4, "x");
      Value* one = sign;
      if (safe()) {
        Value* finite = ir::is_finite(b_, x);
        x = ir.CreateSelect(finite, x, b_.splat(0.0));
        one = ir.CreateSelect(finite, sign, b_.splat(0.0));
      }
      Value* signed_x = ir.CreateFMul(x, sign);
      return Values{ir.CreateFAdd(carried[0], ir.CreateFPExt(signed_x, wide), "sum"),
                    ir.CreateFAdd(carried[1], one, "counted")};
    });
    b_.store(after[0], sum_at, 8);
    b_.store(after[1], count_at, 4);
  });
  b_.finish();
}

// means[column] = sum / count, 0 where nothing was counted.
void Emitter::emit_column_means() {
  auto& ir = b_.raw();
  auto* f = b_.function("column_means",
                        {{"sums", b_.ptr()}, {"counts", b_.ptr()}, {"vectors", b_.i64()}, {"means", b_.ptr()}}, false);
  Value *sums = f->getArg(0), *counts = f->getArg(1), *vectors = f->getArg(2), *means = f->getArg(3);
  auto* wide = doubles(b_, s_.lanes);
  b_.loop("vector", b_.count(0), vectors, 1, [&](Value* vector) {
    Value* sum = b_.load(wide, b_.at(sums, b_.mul(vector, b_.count(s_.lanes * 8))), 8, "sum");
    Value* offset = b_.mul(vector, b_.count(s_.lanes * 4));
    Value* count = b_.load(b_.vec(), b_.at(counts, offset), 4, "counted");
    Value* mean = ir.CreateFPTrunc(ir.CreateFDiv(sum, ir.CreateFPExt(count, wide)), b_.vec());
    mean = ir.CreateSelect(ir.CreateFCmpOGT(count, b_.splat(0.0)), mean, b_.splat(0.0), "mean");
    b_.store(mean, b_.at(means, offset), 4);
  });
  b_.finish();
}

// Staged rows less their mean, in place; the largest magnitude of each, and 0 or, where it has an element that is not
// finite, NaN.
void Emitter::emit_smooth(const std::string& name, bool rounds) {
  auto& ir = b_.raw();
  auto* f = b_.function(
      name, {{"rows", b_.ptr()}, {"count", b_.i64()}, {"mean", b_.ptr()}, {"largest", b_.ptr()}, {"bad", b_.ptr()}}, false);
  Value *rows = f->getArg(0), *count = f->getArg(1), *means = f->getArg(2), *largest = f->getArg(3), *bad = f->getArg(4);
  b_.loop("row", b_.count(0), count, 1, [&](Value* r) {
    Value* row = b_.at(rows, b_.mul(r, b_.count(s_.stage_row_bytes())), "row");
    const Values zero = {b_.splat(0.0), b_.splat(0.0)};
    const Values found = b_.loop("vector", b_.count(0), b_.count(s_.d_vectors), 1, zero, [&](Value* v, const Values& seen) {
      Value* offset = b_.mul(v, b_.count(s_.lanes * 4));
      Value* at = b_.at(row, offset);
      Value* mean = b_.load(b_.vec(), b_.at(means, offset), 4, "mean");
      Value* x = ir.CreateFSub(b_.load(b_.vec(), at, s_.lanes * 4, "x"), mean, "difference");
      if (rounds) x = ir::round_to(b_, s_.dtype, x);
      b_.store(x, at, s_.lanes * 4);
      return Values{largest_of(x, seen[0]), ir.CreateFAdd(seen[1], ir.CreateFSub(x, x), "bad")};
    });
    Value* offset = b_.mul(r, b_.count(4));
    b_.store(b_.horizontal_max(found[0]), b_.at(largest, offset), 4);
    b_.store(b_.horizontal_sum(found[1]), b_.at(bad, offset), 4);
  });
  b_.finish();
}

// From the largest magnitudes of a block of `rows` rows to the scale of each row's group and its inverse. `all`: the largest
// magnitude of the whole head, for scales by tensor.
void Emitter::emit_group_scales(const std::string& name, const ScaleGroups& groups, int64_t rows) {
  auto& ir = b_.raw();
  auto* f = b_.function(name, {{"scratch", b_.ptr()}, {"all", b_.f32()}}, false);
  Value *scratch = f->getArg(0), *all = f->getArg(1);
  const bool by_tensor = groups.segment_rows == 0;
  auto in = [&](int64_t at, Value* index) { return b_.at(b_.at(scratch, at), b_.mul(index, b_.count(4))); };
  auto group_of = [&](Value* r) {
    if (by_tensor) return b_.count(0);
    Value* segment = ir.CreateUDiv(r, b_.count(groups.segment_rows));
    Value* lane = ir.CreateUDiv(ir.CreateURem(r, b_.count(8)), b_.count(groups.rows_per_lane));
    return b_.add(b_.mul(segment, b_.count(groups.groups_per_segment)),
                  ir.CreateURem(lane, b_.count(groups.groups_per_segment)), "group");
  };
  if (!by_tensor) {
    b_.loop("clear", b_.count(0), b_.count(rows), 1, [&](Value* r) { b_.store(b_.number(0), in(s_.group_at, r), 4); });
    b_.loop("collect", b_.count(0), b_.count(rows), 1, [&](Value* r) {
      Value* at = in(s_.group_at, group_of(r));
      Value* size = b_.load(b_.f32(), in(s_.row_max_at, r), 4, "size");
      b_.store(b_.fmax(size, b_.load(b_.f32(), at, 4)), at, 4);
    });
  }
  b_.loop("row", b_.count(0), b_.count(rows), 1, [&](Value* r) {
    Value* amax = by_tensor ? all : b_.load(b_.f32(), in(s_.group_at, group_of(r)), 4, "amax");
    const Scale scale = scale_of(amax, static_cast<double>(s_.request.qk_target()), s_.request.scales);
    b_.store(scale.scale, in(s_.row_scale_at, r), 4);
    b_.store(scale.inverse, in(s_.row_inverse_at, r), 4);
  });
  b_.finish();
}

// Staged rows as words of the form that is multiplied, `out_bytes` apart. Bytes of Q are 128 too large, which makes them
// unsigned; `offsets` takes that off the products: -128 times the sum of the codes of a key.
void Emitter::emit_encode(const std::string& name, bool query) {
  auto& ir = b_.raw();
  auto* f = b_.function(
      name, {{"scratch", b_.ptr()}, {"count", b_.i64()}, {"out", b_.ptr()}, {"out_bytes", b_.i64()}, {"offsets", b_.ptr()}},
      false);
  Value *scratch = f->getArg(0), *count = f->getArg(1), *out = f->getArg(2), *out_bytes = f->getArg(3),
        *offsets = f->getArg(4);
  const bool coded = s_.coded_qk, given = s_.request.given_qk();
  const bool divides = s_.request.scales == ScaleConvention::divided && !given;
  const bool integers = coded && s_.request.qk != QkOperand::e4m3;
  const int64_t element_bytes = 4 / elements_of(s_.qk_form);
  const bool summed = s_.qk_form == Form::i8_quads && !query;
  const double limit = static_cast<double>(s_.request.qk_target());
  b_.loop("row", b_.count(0), count, 1, [&](Value* r) {
    Value* row = b_.at(b_.at(scratch, s_.stage_at), b_.mul(r, b_.count(s_.stage_row_bytes())), "row");
    Value* to = b_.at(out, b_.mul(r, out_bytes), "to");
    Value* factor = nullptr;
    if (coded && !given) {
      const int64_t at = divides ? s_.row_scale_at : s_.row_inverse_at;
      factor = b_.splat(b_.load(b_.f32(), b_.at(b_.at(scratch, at), b_.mul(r, b_.count(4))), 4), "factor");
    }
    const Values none = summed ? Values{llvm::Constant::getNullValue(b_.words())} : Values{};
    const Values sums = b_.loop("vector", b_.count(0), b_.count(s_.d_vectors), 1, none, [&](Value* v, const Values& so_far) {
      Value* x = b_.load(b_.vec(), b_.at(row, b_.mul(v, b_.count(s_.lanes * 4))), s_.lanes * 4, "x");
      Value* at = b_.at(to, b_.mul(v, b_.count(s_.lanes * element_bytes)));
      Value* code = x;
      if (coded) {
        if (safe()) x = ir.CreateSelect(ir::is_finite(b_, x), x, b_.splat(0.0));
        code = given ? x : divides ? ir.CreateFDiv(x, factor) : ir.CreateFMul(x, factor, "scaled");
        if (!integers && !given) code = ir::round_e4m3(b_, code, false);
      }
      if (integers) {
        // Codes that were given may be -128, or -8.
        if (!given) {
          code = ir.CreateSelect(ir.CreateFCmpUNO(code, code), b_.splat(0.0), code);
          code = ir.CreateSelect(ir.CreateFCmpOGT(code, b_.splat(limit)), b_.splat(limit), code);
          code = ir.CreateSelect(ir.CreateFCmpOLT(code, b_.splat(-limit)), b_.splat(-limit), code);
        }
        // Published Triton quantizers round half away from zero, all others to even.
        Value* half = divides ? ir.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, b_.splat(0.5), code) : nullptr;
        Value* word = divides ? ir.CreateFPToSI(ir.CreateFAdd(code, half), b_.words()) : ir::to_integers(b_, code);
        if (s_.qk_form == Form::f32) {
          b_.store(ir.CreateSIToFP(word, b_.vec()), at, s_.lanes * 4);
          return Values{};
        }
        Values next;
        if (summed) next = {ir.CreateAdd(so_far[0], word, "sum")};
        if (s_.qk_form == Form::i8_quads && query) {
          word = ir.CreateAdd(word, llvm::ConstantInt::get(b_.words(), 128));
        }
        auto* element = s_.qk_form == Form::i8_quads ? ir.getInt8Ty() : ir.getInt16Ty();
        auto* narrow = llvm::FixedVectorType::get(element, static_cast<unsigned>(s_.lanes));
        b_.store(ir.CreateTrunc(word, narrow), at, element_bytes);
        return next;
      }
      b_.store(s_.qk_form == Form::bf16_pairs ? ir::to_bf16_bits(b_, code) : code, at, element_bytes);
      return Values{};
    });
    if (summed) {
      Value* sum = ir.CreateAddReduce(sums[0]);
      b_.store(ir.CreateMul(sum, ir.getInt32(static_cast<uint32_t>(-128))), b_.at(offsets, b_.mul(r, b_.count(4))), 4);
    }
  });
  b_.finish();
}

}  // namespace attune::forward_cpu
