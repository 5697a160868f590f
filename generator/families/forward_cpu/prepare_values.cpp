// attune_prepare_kv, values: means, scales and codes of channels, in whole registers, words of neighbouring keys together.
#include "generator/families/forward_cpu/emitter.hpp"
#include "generator/llvm/rounding.hpp"

namespace attune::forward_cpu {
namespace {

constexpr double largest_f16 = 65504;

}  // namespace

// 64 staged rows from `first` on, the `count` first of which exist, as codes; the others as zeros. Notes the elements that
// poison: what is not finite, or has no finite code.
void Emitter::emit_encode_values() {
  auto& ir = b_.raw();
  auto* f = b_.function("encode_values",
                        {{"scratch", b_.ptr()},
                         {"count", b_.i64()},
                         {"means", b_.ptr()},
                         {"scales", b_.ptr()},
                         {"codes", b_.ptr()},
                         {"poison", b_.ptr()},
                         {"flag", b_.ptr()}},
                        false);
  Value *scratch = f->getArg(0), *count = f->getArg(1), *means = f->getArg(2), *scales = f->getArg(3), *codes = f->getArg(4),
        *poison = f->getArg(5), *flag = f->getArg(6);
  const int64_t per_word = elements_of(s_.pv_form), lanes = s_.lanes;
  const bool to_f16 = s_.half_sums && s_.request.pv == PvOperand::input;
  const bool integers = s_.request.pv == PvOperand::int8, given = s_.request.given_v();
  auto word = [&](uint32_t value) { return llvm::ConstantInt::get(b_.words(), value); };
  auto* mask_type = ir.getIntNTy(static_cast<unsigned>(lanes));

  // One element a lane of row r: its code as a number, and the lanes that poison.
  auto code_of = [&](Value* r, Value* offset) {
    Value* x =
        b_.load(b_.vec(), b_.at(b_.at(scratch, s_.stage_at), b_.add(b_.mul(r, b_.count(s_.stage_row_bytes())), offset)),
                lanes * 4, "x");
    Value* bad = safe() ? ir.CreateNot(ir::is_finite(b_, x)) : nullptr;
    if (s_.request.v_smoothing != VSmoothing::none) {
      x = ir.CreateFSub(x, b_.load(b_.vec(), b_.at(means, offset), 4, "mean"));
    }
    Value* code = x;
    if (to_f16) {
      code = ir::round_to(b_, DType::f16, ir.CreateFDiv(x, b_.load(b_.vec(), b_.at(scales, offset), 4, "scale")));
    } else if (s_.request.pv != PvOperand::input && !given) {
      code = ir.CreateFMul(x, b_.load(b_.vec(), b_.at(b_.at(scratch, s_.channel_inverse_at), offset), 4, "inverse"));
      if (!integers) code = ir::round_e4m3(b_, code, false);
    }
    if (integers && given) {
      // As it is: it may be -128.
    } else if (integers) {
      code = ir.CreateSelect(ir.CreateFCmpUNO(code, code), b_.splat(0.0), code);
      code = ir.CreateSelect(ir.CreateFCmpOGT(code, b_.splat(127.0)), b_.splat(127.0), code);
      code = ir.CreateSelect(ir.CreateFCmpOLT(code, b_.splat(-127.0)), b_.splat(-127.0), code);
    } else {
      Value* unusable = ir.CreateNot(ir::is_finite(b_, code));
      bad = bad ? ir.CreateOr(bad, unusable) : unusable;
    }
    // Of rows that do not exist the stage holds zeros, and a mean taken off is no element.
    Value* exists = ir.CreateICmpSLT(r, count);
    Value* keep = b_.splat_words(ir.CreateSExt(exists, b_.i32()));
    if (bad) {
      code = ir.CreateSelect(bad, b_.splat(0.0), code);
      Value* bits = ir.CreateZExt(ir.CreateBitCast(bad, mask_type), ir.getInt16Ty());
      bits = ir.CreateSelect(exists, bits, ir.getInt16(0), "bits");
      Value* at = b_.at(poison, b_.add(b_.mul(r, b_.count(s_.v_vectors * 2)), ir.CreateUDiv(offset, b_.count(lanes * 2))));
      b_.store(bits, at, 2);
      Value* flags = b_.load(b_.i64(), flag, 8);
      b_.store(ir.CreateOr(flags, ir.CreateZExt(bits, b_.i64())), flag, 8);
    }
    Value* raw = is_integer(s_.pv_form) ? ir::to_integers(b_, code)
                 : s_.pv_form == Form::bf16_pairs
                     ? ir.CreateZExt(ir::to_bf16_bits(b_, code), b_.words())
                     : ir.CreateBitCast(integers ? ir::round_to_integers(b_, code) : code, b_.words());
    return ir.CreateAnd(raw, keep, "raw");
  };
  b_.loop("row", b_.count(0), b_.count(s_.tiles.block_kv), per_word, [&](Value* r) {
    Value* to = b_.at(codes, b_.mul(ir.CreateUDiv(r, b_.count(per_word)), b_.count(s_.v_row_bytes())), "to");
    b_.loop("offset", b_.count(0), b_.count(s_.v_row_bytes()), lanes * 4, [&](Value* offset) {
      Value* words = code_of(r, offset);
      const int64_t bits = 32 / per_word;
      for (int64_t i = 1; i < per_word; ++i) {
        const auto mask = static_cast<uint32_t>((uint64_t{1} << bits) - 1);
        if (i == 1) words = ir.CreateAnd(words, word(mask));
        Value* next = ir.CreateAnd(code_of(b_.add(r, b_.count(i)), offset), word(mask));
        words = ir.CreateOr(words, ir.CreateShl(next, word(static_cast<uint32_t>(i * bits))), "words");
      }
      b_.store(words, b_.at(to, offset), lanes * 4);
    });
  });
  b_.finish();
}

void Emitter::emit_prepare_values() {
  auto& ir = b_.raw();
  auto* f = b_.function("prepare_values",
                        {{"arguments", b_.ptr()}, {"scratch", b_.ptr()}, {"batch", b_.i64()}, {"kv_head", b_.i64()}}, false);
  Value *arguments = f->getArg(0), *scratch = f->getArg(1), *batch = f->getArg(2), *kv_head = f->getArg(3);
  const Lengths lengths = lengths_of(arguments, batch);
  const bool given = s_.request.given_v();
  const Source source = given ? value_code_source(arguments, batch, kv_head, lengths.kv_start)
                              : key_source(arguments, batch, kv_head, lengths.kv_start, true);
  const int64_t block = s_.tiles.block_kv, v_bytes = s_.v_row_bytes();
  const bool smooths = s_.request.v_smoothing != VSmoothing::none;
  const bool to_f16 = s_.half_sums && s_.request.pv == PvOperand::input;
  Value* index = kv_head_index(arguments, batch, kv_head);
  Value* row0 = prepared_kv_row(arguments, batch, kv_head, lengths.kv_start);
  Value* stage = b_.at(scratch, s_.stage_at, "stage");
  Value* means = channels(arguments, ATTUNE_FIELD(v_means), index, s_.v_vectors);
  Value* scales = channels(arguments, ATTUNE_FIELD(v_scales), index, s_.v_vectors);
  Value* vectors = b_.count(s_.v_vectors);
  auto stage_rows = [&](Value* first, Value* count) {
    b_.call(callee("stage_values"),
            {arguments, batch, source.base, source.page_stride, source.row_stride, first, count, stage});
  };
  auto over_channels = [&](const std::function<void(Value*)>& body) {
    b_.loop("channels", b_.count(0), b_.count(v_bytes), s_.lanes * 4, body);
  };
  clear(means, v_bytes);
  if (smooths) {
    Value *sums = b_.at(scratch, s_.sums_at, "sums"), *counts = b_.at(scratch, s_.counts_at, "counts");
    clear(sums, 2 * v_bytes);
    clear(counts, v_bytes);
    over_blocks(lengths.kv_len, block, [&](Value* first, Value* count) {
      stage_rows(first, count);
      b_.call(callee("add_columns"), {stage, count, vectors, b_.number(1), sums, counts});
    });
    b_.call(callee("column_means"), {sums, counts, vectors, means});
  }
  over_channels([&](Value* offset) { b_.store(b_.splat(1.0), b_.at(scales, offset), 4); });
  if (given) {
    Value* from =
        b_.at(pointer(arguments, ATTUNE_FIELD(given_v_scales)), b_.mul(index, b_.count(s_.head_dim_v * 4)), "from");
    for (int64_t v = 0; v < s_.v_vectors; ++v) {
      const int64_t at = v * s_.lanes * 4;
      b_.store(b_.load_first(b_.f32(), s_.lanes, b_.at(from, at), s_.head_dim_v - v * s_.lanes, "given"), b_.at(scales, at),
               4);
    }
  }
  const bool scaled = !given && (s_.request.pv != PvOperand::input || (to_f16 && safe()));
  if (scaled) {
    Value* largest = b_.at(scratch, s_.channel_max_at, "largest");
    clear(largest, v_bytes);
    over_blocks(lengths.kv_len, block, [&](Value* first, Value* count) {
      stage_rows(first, count);
      over_channels([&](Value* offset) {
        Value *at = b_.at(largest, offset), *column = b_.at(stage, offset);
        Value* mean = b_.load(b_.vec(), b_.at(means, offset), 4, "mean");
        const Values before = {b_.load(b_.vec(), at, 4)};
        const Values after = b_.loop("row", b_.count(0), count, 1, before, [&](Value* r, const Values& so_far) {
          Value* x = b_.load(b_.vec(), b_.at(column, b_.mul(r, b_.count(s_.stage_row_bytes()))), s_.lanes * 4, "x");
          return Values{largest_of(ir.CreateFSub(x, mean), so_far[0])};
        });
        b_.store(after[0], at, 4);
      });
    });
    if (to_f16) {
      // The power of two that brings the channel to at most this: no sum of P <= 1 then leaves fp16.
      Value* keys = s_.request.flush_keys > 0 ? b_.count(s_.request.flush_keys) : b_.max(lengths.kv_len, b_.count(1));
      Value* limit = b_.splat(ir.CreateFDiv(b_.number(largest_f16), ir.CreateSIToFP(keys, b_.f32())), "limit");
      constexpr int64_t doublings = 160;  // more than fp32 has exponents above 65504 over the longest sequence
      over_channels([&](Value* offset) {
        Value* amax = b_.load(b_.vec(), b_.at(largest, offset), 4, "amax");
        const Values found =
            b_.loop("double", b_.count(0), b_.count(doublings), 1, {b_.splat(1.0)}, [&](Value*, const Values& scale) {
              Value* over = ir.CreateFCmpOGT(ir.CreateFDiv(amax, scale[0]), limit);
              Value* doubled = ir.CreateFMul(scale[0], b_.splat(2.0));
              return Values{ir.CreateSelect(over, doubled, scale[0])};
            });
        b_.store(found[0], b_.at(scales, offset), 4);
      });
    } else {
      // Both published quantizers of V multiply by a reciprocal and round to nearest even.
      const ScaleConvention convention = safe() ? ScaleConvention::safe : ScaleConvention::reciprocal;
      over_channels([&](Value* offset) {
        Value* amax = b_.load(b_.vec(), b_.at(largest, offset), 4, "amax");
        const Scale scale = scale_of(amax, static_cast<double>(s_.request.v_target()), convention);
        b_.store(scale.scale, b_.at(scales, offset), 4);
        b_.store(scale.inverse, b_.at(b_.at(scratch, s_.channel_inverse_at), offset), 4);
      });
    }
  }

  Value* flag = b_.at(pointer(arguments, ATTUNE_FIELD(v_flags)), b_.mul(index, b_.count(8)), "flag");
  b_.store(b_.count(0), flag, 8);
  const int64_t per_word = elements_of(s_.pv_form);
  over_blocks(lengths.kv_len, block, [&](Value* first, Value* count) {
    Value* row = b_.add(row0, first);
    clear_rest(stage, count, block);
    stage_rows(first, count);
    Value* codes = b_.at(pointer(arguments, ATTUNE_FIELD(v_codes)),
                         b_.mul(ir.CreateUDiv(row, b_.count(per_word)), b_.count(s_.v_row_bytes())), "codes");
    Value* poison = b_.at(pointer(arguments, ATTUNE_FIELD(v_poison)), b_.mul(row, b_.count(s_.v_vectors * 2)), "poison");
    b_.call(callee("encode_values"), {scratch, count, means, scales, codes, poison, flag});
  });
  b_.finish();
}

}  // namespace attune::forward_cpu
