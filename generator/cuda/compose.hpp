// One readable CUDA C++ translation unit from templates/: includes resolved, each file once, nothing else included.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace attune::cuda {

struct Composition {
  std::string header;              // lines of the comment at the top, without "//"
  std::string constants;           // takes the place of sample_constants.cuh: namespaces spec and config
  std::string quantization;        // takes the place of sample_quantization.cuh: namespace quant
  std::vector<std::string> roots;  // templates whose kernels are wanted, in this order, with all they include before them
  // A template asked for by the first name is taken from the second: "element.cuh" -> "element_bf16.cuh".
  std::map<std::string, std::string, std::less<>> choices;
};

// internal when a template is missing: a bug of the family.
Result<std::string> compose(const Composition& composition);

// Writes "constexpr ..." lines, so that emitted constants look alike everywhere.
class Constants {
 public:
  Constants& open(std::string_view space);  // namespace
  Constants& close();
  Constants& line(std::string_view text);  // as it is
  Constants& number(std::string_view name, int64_t value);
  Constants& real(std::string_view name, float value);
  Constants& flag(std::string_view name, bool value);
  // enum class Type { values... }; constexpr Type name = Type::value;
  Constants& choice(std::string_view type, std::string_view values, std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }

 private:
  std::string text_, space_;
};

}  // namespace attune::cuda
