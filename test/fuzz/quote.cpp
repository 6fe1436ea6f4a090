// Quoted text must read back as what was quoted.
#include "core/base/quote.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::string unquote(std::string_view quoted, char mark, bool backslashes) {
  std::string text;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == mark || (backslashes && quoted[i] == '\\')) {
      if (i + 2 >= quoted.size() || quoted[i + 1] != quoted[i]) std::abort();
      ++i;
    }
    text += quoted[i];
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string identifier = deal::quote_identifier(text);
  if (identifier.front() == '"' ? unquote(identifier, '"', false) != text : identifier != text) std::abort();
  std::string_view literal;
  const std::string quoted = deal::quote_literal(text);
  literal = quoted;
  const bool escape = literal.front() == 'E';
  if (escape) literal.remove_prefix(1);
  if (unquote(literal, '\'', escape) != text) std::abort();
  const std::vector<std::string> columns{std::string(text)};
  if (deal::index_name(text, columns).size() > 63) std::abort();
  return 0;
}
