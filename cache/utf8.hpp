// Is a text UTF-8? JSON can carry nothing else, so nothing else is stored. Private to cache/.
#pragma once

#include <string_view>

namespace attune::cache {

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace attune::cache
