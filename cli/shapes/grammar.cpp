// The shape grammar: sizes by letter or by place, flags with values in parentheses or after '='.
#include "cli/shapes/grammar.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/shapes/words.hpp"
#include "generator/quantization.hpp"

namespace attune::cli {
namespace {

constexpr std::string_view example = "write for example \"B1 H32/8 S2048 D128 bf16 causal\"";
constexpr size_t max_text_bytes = 4096;

Error not_understood(std::string_view word, std::string_view why) {
  return {Status::invalid_argument, fmt::format("'{}': {}; {}", printable(word), why, example)};
}

class ShapeParser {
 public:
  Result<Problem> parse(std::string_view text) {
    if (text.size() > max_text_bytes) {
      return Error(Status::invalid_argument,
                   fmt::format("the shape is {} characters long; at most {} are read", text.size(), max_text_bytes));
    }
    text = trim(text);
    if (text.size() >= 2 && text.front() == '(' && text.back() == ')') text = trim(text.substr(1, text.size() - 2));
    const auto words = split_words(text, ", \t\r\n");
    if (!words) return not_understood(text, "the parentheses do not match");
    if (words->empty()) return not_understood(text, "the shape is empty");
    std::vector<std::string_view> by_place;
    for (const std::string_view word : *words) {
      if (std::isdigit(static_cast<unsigned char>(word[0])) != 0 || word[0] == '-') {
        by_place.push_back(word);
      } else {
        ATTUNE_CHECK(read(word));
      }
    }
    ATTUNE_CHECK(read_by_place(by_place));
    for (const char letter : std::string_view("HSD")) {
      if (!seen_.contains(std::string(1, letter))) {
        return not_understood(text, fmt::format("the size {} is missing", letter));
      }
    }
    // A mask without extents is one for all batches and heads; the lengths it covers are known only now.
    if (mask_covers_all_) {
      problem_.mask.seqlen_q = problem_.seqlen_q;
      problem_.mask.seqlen_kv = problem_.seqlen_kv;
    }
    if (auto fine = validate(problem_); !fine) return fine.error();
    return problem_;
  }

 private:
  Result<void> once(const std::string& what, std::string_view word) {
    if (!seen_.insert(what).second) return not_understood(word, fmt::format("{} is given twice", what));
    return {};
  }

  Result<void> read_by_place(const std::vector<std::string_view>& words) {
    if (words.empty()) return {};
    const std::string_view letters = words.size() == 3 ? "HSD" : "BHSD";
    if (words.size() != 3 && words.size() != 4) {
      return not_understood(words.back(), "sizes without a letter are batch, heads, length, head dim, or the last three");
    }
    for (size_t i = 0; i < words.size(); ++i) ATTUNE_CHECK(size(letters[i], words[i], words[i]));
    return {};
  }

  Result<void> size(char letter, std::string_view value, std::string_view word) {
    ATTUNE_CHECK(once(std::string(1, letter), word));
    const char separator = letter == 'S' ? 'x' : '/';
    const auto pieces = split_at(value, separator);
    const auto first = to_integer(pieces[0]);
    const auto second = pieces.size() > 1 ? to_integer(pieces[1]) : first;
    if (!first || !second || pieces.size() > (letter == 'B' ? 1 : 2)) {
      static constexpr std::string_view forms[] = {"batch is B<n>", "heads are H<q> or H<q>/<kv>",
                                                   "lengths are S<n> or S<queries>x<keys>",
                                                   "head dims are D<n> or D<qk>/<v>"};
      return not_understood(word, forms[std::string_view("BHSD").find(letter)]);
    }
    switch (letter) {
      case 'B': problem_.batch = *first; break;
      case 'H': std::tie(problem_.heads_q, problem_.heads_kv) = std::pair(*first, *second); break;
      case 'S': std::tie(problem_.seqlen_q, problem_.seqlen_kv) = std::pair(*first, *second); break;
      default: std::tie(problem_.head_dim_qk, problem_.head_dim_v) = std::pair(*first, *second); break;
    }
    return {};
  }

  Result<void> read(std::string_view word) {
    const char letter = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
    if (word.size() > 1 && std::string_view("BHSD").find(letter) != std::string_view::npos &&
        std::isdigit(static_cast<unsigned char>(word[1])) != 0) {
      return size(letter, word.substr(1), word);
    }
    std::string_view head = word, values;
    bool has_values = false;
    if (const size_t at = word.find_first_of("(="); at != std::string_view::npos) {
      has_values = true;
      head = word.substr(0, at);
      values = word.substr(at + 1);
      if (word[at] == '(') {
        if (values.empty() || values.back() != ')') return not_understood(word, "there is text after the parentheses");
        values.remove_suffix(1);
      }
      values = trim(values);
    }
    const std::string flag = lower(head);
    return has_values ? valued_flag(flag, values, word) : plain_flag(flag, word);
  }

  Result<void> plain_flag(const std::string& flag, std::string_view word) {
    if (auto dtype = parse_dtype(flag); dtype && (*dtype == DType::f32 || size_bytes(*dtype) == 2)) {
      ATTUNE_CHECK(once("dtype", word));
      problem_.dtype = *dtype;
      return {};
    }
    if (auto layout = parse_layout(flag)) {
      ATTUNE_CHECK(once("layout", word));
      problem_.layout = *layout;
      return {};
    }
    if (auto alignment = parse_alignment(flag)) {
      ATTUNE_CHECK(once("alignment", word));
      problem_.alignment = *alignment;
      return {};
    }
    bool* const target = flag == "causal"       ? &problem_.causal
                         : flag == "sinks"      ? &problem_.sinks
                         : flag == "alibi"      ? &problem_.alibi
                         : flag == "kv_lengths" ? &problem_.kv_lengths
                         : flag == "lse"        ? &problem_.want_lse
                                                : nullptr;
    if (target == nullptr) return not_understood(word, "the word is unknown, or needs a value in parentheses");
    ATTUNE_CHECK(once(flag, word));
    *target = true;
    return {};
  }

  Result<void> valued_flag(const std::string& flag, std::string_view values, std::string_view word) {
    ATTUNE_CHECK(once(flag, word));
    if (flag == "causal") {
      auto alignment = parse_alignment(values);
      if (!alignment) return alignment.error();
      ATTUNE_CHECK(once("alignment", word));
      problem_.causal = true;
      problem_.alignment = *alignment;
      return {};
    }
    if (flag == "window" || flag == "varlen" || flag == "paged") return pair(flag, values, word);
    if (flag == "scale" || flag == "softcap") {
      const auto number = to_number(values);
      if (!number || std::abs(*number) > std::numeric_limits<float>::max()) {
        return not_understood(word, fmt::format("{} needs one number in the range of fp32", flag));
      }
      const auto value = static_cast<float>(*number);
      if (flag == "scale") problem_.softmax_scale = value;
      if (flag == "softcap") problem_.softcap = value;
      return {};
    }
    if (flag == "quantization") {
      ATTUNE_TRY(problem_.quantization, canonical_quantization(values));
      return {};
    }
    if (flag == "mask") return mask(values, word);
    if (flag == "padded_lists" || flag == "csr_lists") return lists(flag, values, word);
    return not_understood(word, "the word is unknown, or takes no value");
  }

  Result<void> pair(const std::string& flag, std::string_view values, std::string_view word) {
    const auto pieces = split_at(values, ',');
    const auto first = to_integer(trim(pieces[0]));
    const auto second = pieces.size() == 2 ? to_integer(trim(pieces[1])) : std::nullopt;
    if (!first || !second) return not_understood(word, fmt::format("{} needs two whole numbers", flag));
    if (flag == "window") {
      problem_.window_left = *first;
      problem_.window_right = *second;
    } else if (flag == "paged") {
      if (*first == 0) return not_understood(word, "a page has at least one key");
      problem_.page_size = *first;
      problem_.page_count = *second;
    } else {
      problem_.varlen = true;
      problem_.total_q = *first;
      problem_.total_kv = *second;
    }
    return {};
  }

  static std::optional<std::vector<int64_t>> extents(std::string_view text, size_t count) {
    std::vector<int64_t> values;
    for (const std::string_view piece : split_at(text, 'x')) {
      const auto value = to_integer(piece);
      if (!value) return std::nullopt;
      values.push_back(*value);
    }
    if (values.size() != count) return std::nullopt;
    return values;
  }

  Result<void> mask(std::string_view values, std::string_view word) {
    constexpr std::string_view form = "a mask is mask(bool), mask(fp32) or mask(bf16 1x8x128x128)";
    const auto words = split_words(values, ", ");
    if (!words || words->empty() || words->size() > 2) return not_understood(word, form);
    auto dtype = parse_dtype((*words)[0]);
    if (!dtype) return dtype.error();
    MaskRequest& mask = problem_.mask;
    mask.dtype = *dtype;
    mask.kind = *dtype == DType::boolean ? MaskKind::boolean : MaskKind::additive;
    mask_covers_all_ = words->size() == 1;
    if (mask_covers_all_) return {};
    const auto sizes = extents((*words)[1], 4);
    if (!sizes) return not_understood(word, form);
    std::tie(mask.batch, mask.heads, mask.seqlen_q, mask.seqlen_kv) =
        std::tuple((*sizes)[0], (*sizes)[1], (*sizes)[2], (*sizes)[3]);
    return {};
  }

  Result<void> lists(const std::string& flag, std::string_view values, std::string_view word) {
    constexpr std::string_view form =
        "block lists are padded_lists(64x64 full+partial 1x1 max 8) or csr_lists(64x64 full 1x1)";
    const bool padded = flag == "padded_lists";
    const auto words = split_words(values, ", ");
    if (!words || words->size() != (padded ? 5 : 3)) return not_understood(word, form);
    const auto blocks = extents((*words)[0], 2);
    const auto sizes = extents((*words)[2], 2);
    const std::string which = lower((*words)[1]);
    if (!blocks || !sizes || (which != "full" && which != "partial" && which != "full+partial")) {
      return not_understood(word, form);
    }
    SparsityRequest& sparsity = problem_.sparsity;
    sparsity.kind = padded ? SparsityKind::padded_lists : SparsityKind::csr_lists;
    std::tie(sparsity.block_q, sparsity.block_kv) = std::pair((*blocks)[0], (*blocks)[1]);
    std::tie(sparsity.batch, sparsity.heads) = std::pair((*sizes)[0], (*sizes)[1]);
    sparsity.full = which.starts_with("full");
    sparsity.partial = which.ends_with("partial");
    if (padded) {
      const auto longest = to_integer((*words)[4]);
      if ((*words)[3] != "max" || !longest) return not_understood(word, form);
      sparsity.max_blocks = *longest;
    }
    return {};
  }

  Problem problem_;
  std::set<std::string> seen_;
  bool mask_covers_all_ = false;
};

}  // namespace

Result<Problem> parse_shape(std::string_view text) {
  auto problem = ShapeParser().parse(text);
  if (!problem) return problem.error().within(fmt::format("shape \"{}\"", printable(trim(text))));
  return problem;
}

}  // namespace attune::cli
