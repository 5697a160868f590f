// Splitting and numbers for the shape grammar and for option values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attune::cli {

// Pieces between the separators, outside parentheses; empty pieces are dropped. nullopt when parentheses do not match.
std::optional<std::vector<std::string_view>> split_words(std::string_view text, std::string_view separators);

// Pieces between `separator`, empty ones kept.
std::vector<std::string_view> split_at(std::string_view text, char separator);

std::string_view trim(std::string_view text);
std::string lower(std::string_view text);

// The whole text as a decimal number; nullopt for anything else (signs other than '-', spaces, overflow).
std::optional<int64_t> to_integer(std::string_view text);
std::optional<double> to_number(std::string_view text);

// The first 40 characters, with unprintable ones as '?': safe to show in an error.
std::string printable(std::string_view text);

}  // namespace attune::cli
