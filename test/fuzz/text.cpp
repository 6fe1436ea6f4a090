// Cutting and reading arbitrary bytes: limits hold, nothing crashes, whole characters stay whole.
#include "core/base/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t limit = data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view prefix = deal::utf8_prefix(text, limit);
  if (prefix.size() > limit || prefix.size() + 3 < std::min(limit, text.size())) std::abort();
  const std::string line = deal::one_line(text, limit);
  if (line.size() > limit || line.find('\n') != std::string::npos) std::abort();
  if (const auto bytes = deal::parse_bytes(text)) {
    if (deal::format_bytes(*bytes).empty()) std::abort();
  }
  return 0;
}
