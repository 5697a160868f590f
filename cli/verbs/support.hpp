// The support matrix as a page: what `attune support --markdown` prints and docs/support.md holds.
#pragma once

#include <string>

namespace attune::cli {

std::string support_page();

}  // namespace attune::cli
