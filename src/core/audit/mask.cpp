#include "core/audit/mask.hpp"

#include <cstring>

namespace deal::audit {

namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool begins_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) noexcept {
  return begins_name(c) || is_digit(c) || c == '$';
}

/// Behind a string whose first quote is at `at`.
const char* after_string(const char* at, bool backslashes) noexcept {
  for (++at; *at != '\0'; ++at) {
    if (backslashes && *at == '\\' && at[1] != '\0') {
      ++at;
    } else if (*at == '\'') {
      if (at[1] != '\'') return at + 1;
      ++at;
    }
  }
  return at;
}

const char* after_identifier(const char* at) noexcept {
  const char* const end = std::strchr(at + 1, '"');
  return end == nullptr ? at + std::strlen(at) : end + 1;
}

const char* after_number(const char* at) noexcept {
  while (is_digit(*at) || *at == '.' || begins_name(*at)) {
    bool const exponent = (*at == 'e' || *at == 'E') && (at[1] == '+' || at[1] == '-') && is_digit(at[2]);
    at += exponent ? 2 : 1;
  }
  return at;
}

/// Behind a dollar-quoted string; `at` itself if none begins there.
const char* after_dollar_quote(const char* at) noexcept {
  const char* tag_end = at + 1;
  while (continues_name(*tag_end) && *tag_end != '$')
    ++tag_end;
  if (*tag_end != '$' || is_digit(at[1])) return at;
  auto const length = static_cast<std::size_t>(tag_end + 1 - at);
  for (const char* end = tag_end + 1; *end != '\0'; ++end)
    if (std::strncmp(end, at, length) == 0) return end + length;
  return at + std::strlen(at);
}

const char* after_block_comment(const char* at) noexcept {
  int depth = 0;
  while (*at != '\0') {
    if (at[0] == '/' && at[1] == '*') {
      ++depth;
      at += 2;
    } else if (at[0] == '*' && at[1] == '/') {
      at += 2;
      if (--depth == 0) break;
    } else {
      ++at;
    }
  }
  return at;
}

/// What is at the reading position, and where it ends.
struct Piece {
  const char* end;
  bool keep;
  bool masked;  ///< a ? takes its place
};

Piece name_piece(const char* at, bool backslashes) noexcept {
  const char* end = at;
  while (continues_name(*end))
    ++end;
  if (*end != '\'' || end - at > 2) return {end, true, false};
  // The prefix of a string: E'', B'', X'', N'', U&'' is none of one letter
  bool const escapes = end - at == 1 && (*at == 'e' || *at == 'E');
  return {after_string(end, backslashes || escapes), false, true};
}

Piece piece_at(const char* at, bool backslashes) noexcept {
  if (*at == '\'') return {after_string(at, backslashes), false, true};
  if (*at == '"') return {after_identifier(at), true, false};
  if (at[0] == '-' && at[1] == '-') return {at + std::strcspn(at, "\n"), false, false};
  if (at[0] == '/' && at[1] == '*') return {after_block_comment(at), false, false};
  if (begins_name(*at)) return name_piece(at, backslashes);
  if (is_digit(*at) || (*at == '.' && is_digit(at[1]))) return {after_number(at), false, true};
  if (*at == '$') {
    const char* const end = after_dollar_quote(at);
    if (end != at) return {end, false, true};
    const char* parameter = at + 1;
    while (is_digit(*parameter))
      ++parameter;
    return {parameter, true, false};
  }
  return {at + 1, true, false};
}

}  // namespace

void mask_literals(char* text, bool backslashes) noexcept {
  char* out = text;
  const char* at = text;
  while (*at != '\0') {
    Piece const piece = piece_at(at, backslashes);
    if (piece.keep) {
      auto const length = static_cast<std::size_t>(piece.end - at);
      std::memmove(out, at, length);
      out += length;
    } else if (piece.masked) {
      *out++ = '?';
    }
    at = piece.end;
  }
  *out = '\0';
}

}  // namespace deal::audit
