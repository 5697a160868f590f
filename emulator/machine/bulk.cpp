#include "emulator/machine/bulk.hpp"
namespace attune::emulator {
Result<void> decode_bulk(Decoder& decoder) { return decoder.unknown(); }
Result<void> decode_copy_arrive(Decoder& decoder) { return decoder.unknown(); }
}  // namespace attune::emulator
