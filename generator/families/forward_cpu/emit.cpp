// The module: which functions it has, in which order, and what each is for.
#include <fmt/format.h>

#include "generator/families/forward_cpu/emitter.hpp"

namespace attune::forward_cpu {
namespace {

// What each emitted function is for, printed above it.
constexpr std::pair<std::string_view, std::string_view> purposes[] = {
    {"pack_keys", "keys -> packed[panel][word][column][lane]: a transpose, so that scores are an outer product"},
    {"pack_values",
     "values -> whole registers a row, converted to fp32 or paired for the bf16 dot product, zero past the end"},
    {"scan_values", "notes whether the values of this block hold NaN or infinity"},
    {"scores", "scores[row][key] = dot(query, key) for one panel of rows, accumulated in registers"},
    {"modify_scores", "scale, softcap, ALiBi, mask: leaves scores in units of log2"},
    {"mask_interval", "hides keys outside each row's interval [lo, hi) and past the end of the block"},
    {"softmax", "online softmax: m <- max, p = 2^(scale * s - m), l <- alpha * l + sum p, alpha = 2^(m_old - m)"},
    {"accumulate", "outputs <- alpha * outputs + probabilities * values"},
    {"accumulate_guarded", "the same where V holds NaN or infinity: a hidden key must not touch the row, 0 * NaN is not 0"},
    {"visit_block", "one block of keys against every panel of the work item"},
    {"begin_item", "rows and keys of the work item, its queries copied, each row's interval of visible keys"},
    {"finish_item", "divides by l, writes O and LSE, or the parts for attune_combine"},
    {"stage_keys", "keys of the caller as fp32 rows, whichever type, stride or page they have"},
    {"stage_values", "the same for values"},
    {"stage_queries", "the same for queries"},
    {"add_columns", "adds staged rows to the sums of their columns"},
    {"column_means", "sums -> means"},
    {"find_sinks", "keys that the subtraction of the mean key would turn into outliers"},
    {"smooth_keys", "staged keys less the mean key, their largest magnitudes, and which are not finite"},
    {"smooth_queries", "staged queries less the mean of their block, likewise"},
    {"key_scales", "largest magnitudes of rows -> the scale of the group of each key"},
    {"query_scales", "largest magnitudes of rows -> the scale of the group of each query"},
    {"given_key_scales", "the scales that the caller gave for staged keys"},
    {"given_query_scales", "the same for queries"},
    {"encode_keys", "staged keys -> codes, as the words that are multiplied"},
    {"encode_queries", "staged queries -> codes, as the words that are multiplied"},
    {"pack_words", "words of 64 keys -> packed panels, as pack_keys does it"},
    {"encode_values", "staged values -> codes, words of neighbouring keys together, and which are not finite"},
    {"prepare_keys", "all keys of a head"},
    {"prepare_values", "all values of a head"},
    {"row_product", "dot product of two staged rows"},
    {"score_sinks", "scores of the keys that are scored apart"},
    {"poison_outputs", "NaN for the rows and channels that see a value that is not finite"},
    {"attune_prepare_kv", "entry: codes and scales of keys and values, one head a work item"},
    {"attune_prepare_q", "entry: codes and scales of queries, one head a work item"},
    {"attune_forward", "entry: work items [item_begin, item_end) = (batch, head, row block, split)"},
    {"attune_combine", "entry: merges the parts of split keys, one row a work item"},
};

std::string with_purposes(std::string text) {
  for (const auto& [name, purpose] : purposes) {
    const size_t signature = text.find(fmt::format(" void @{}(", name));
    if (signature == std::string::npos) continue;
    const size_t line = text.rfind('\n', signature) + 1;
    // Calls come before the definition in the text of some modules; only a line that starts with `define` counts.
    if (text.compare(line, 6, "define") == 0) text.insert(line, fmt::format("; {}\n", purpose));
  }
  return text;
}

}  // namespace

std::string Emitter::emit() {
  if (s_.quantized) {
    emit_quantizers();
  } else {
    if (s_.k_pack) emit_pack_keys();
    if (s_.v_pack) {
      emit_pack_values();
    } else if (s_.masked) {
      emit_scan_values();
    }
  }
  s_.k_pack ? emit_scores_packed() : emit_scores_direct();
  if (s_.modifies) emit_modify_scores();
  emit_mask_interval();
  emit_softmax();
  if (s_.request.k_smoothing == KSmoothing::sink_mean) emit_score_sinks();
  if (s_.quantized) emit_poison_outputs();
  if (s_.request.pv == PvOperand::int8) {
    emit_accumulate_integers();
  } else if (s_.half_sums) {
    emit_accumulate_halves();
  } else {
    emit_accumulate();
  }
  if (s_.masked && !s_.quantized) emit_accumulate_guarded();
  emit_visit_block();
  emit_begin_item();
  emit_finish_item();
  emit_forward();
  if (s_.splits > 1) emit_combine();
  return with_purposes(b_.text());
}

}  // namespace attune::forward_cpu
