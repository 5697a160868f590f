// Keeps what a compile was made of, for people: ATTUNE_DUMP_DIR.
#pragma once

#include <string>

#include "runtime/device.hpp"

namespace attune::runtime {

// Writes DIRECTORY/<first 16 digits of the key>/ with kernel.ll (or kernel.cu), optimised.ll, kernel.s, kernel.o and
// keys.json. `binary` is null when the compile failed: the source is kept all the same. A failure to write is logged once
// and changes nothing else.
void dump_compile(const std::string& directory, const std::string& key, const std::string& label, const Source& source,
                  const Device& device, const Binary* binary);

}  // namespace attune::runtime
