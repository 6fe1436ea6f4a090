/// Whether JSON text can become jsonb. The server's type json takes more than its type jsonb can hold;
/// turning such a value into jsonb is an error, which must not end the statement that an audit only watches.
#pragma once

#include <string_view>

namespace deal::audit {

/// Text longer than this counts as more than jsonb can hold: the server's parser keeps as many elements as
/// such a text may have in arrays of at most 1 GB.
inline constexpr size_t kJsonTextMost = 30'000'000;
/// So does deeper nesting, which costs stack.
inline constexpr int kJsonDepthMost = 1000;

/// True if jsonb holds the value. `json` is JSON text that the server accepted as json. Not held are, besides
/// long and deep texts: the character U+0000, halves of surrogate pairs, escapes of other than ASCII
/// characters unless the database's encoding is UTF-8 (`utf8`), numbers that overflow numeric.
bool jsonb_holds(std::string_view json, bool utf8) noexcept;

}  // namespace deal::audit
