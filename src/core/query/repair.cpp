#include "core/query/repair.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace deal::query {

namespace {

bool is_word(const Tokens& tokens, std::ptrdiff_t i, std::string_view word) {
  return i >= 0 && i < std::ssize(tokens) && tokens[static_cast<std::size_t>(i)].kind == TokenKind::word &&
         tokens[static_cast<std::size_t>(i)].text == word;
}

bool is_symbol(const Tokens& tokens, std::ptrdiff_t i, std::string_view symbol) {
  return i >= 0 && i < std::ssize(tokens) && tokens[static_cast<std::size_t>(i)].kind == TokenKind::other &&
         tokens[static_cast<std::size_t>(i)].text == symbol;
}

bool is_kind(const Tokens& tokens, std::ptrdiff_t i, TokenKind kind) {
  return i >= 0 && i < std::ssize(tokens) && tokens[static_cast<std::size_t>(i)].kind == kind;
}

/// Text with [begin, end) replaced.
std::string replaced(std::string_view text, std::size_t begin, std::size_t end, std::string_view by) {
  std::string result(text.substr(0, begin));
  result += by;
  result += text.substr(end);
  return result;
}

/// Index of the "(" that the ")" at `close` ends; -1 when there is none.
std::ptrdiff_t opening(const Tokens& tokens, std::ptrdiff_t close) {
  int depth = 0;
  for (std::ptrdiff_t i = close; i >= 0; --i) {
    if (is_symbol(tokens, i, ")")) ++depth;
    if (is_symbol(tokens, i, "(") && --depth == 0) return i;
  }
  return -1;
}

/// First token of a type name's words that end at `last`: multi-word names, else a qualified name.
std::ptrdiff_t name_start(const Tokens& tokens, std::ptrdiff_t last) {
  static constexpr std::array<std::array<std::string_view, 2>, 6> kPairs{{{"double", "precision"},
                                                                          {"character", "varying"},
                                                                          {"char", "varying"},
                                                                          {"bit", "varying"},
                                                                          {"national", "character"},
                                                                          {"national", "char"}}};
  for (auto const& [first, second] : kPairs)
    if (is_word(tokens, last, second) && is_word(tokens, last - 1, first))
      return is_word(tokens, last - 2, "national") ? last - 2 : last - 1;
  std::ptrdiff_t start = last;
  while (is_symbol(tokens, start - 1, ".") && is_kind(tokens, start - 2, TokenKind::word))
    start -= 2;
  return start;
}

/// First token of the type name that ends right before token `next`; -1 when none does.
std::ptrdiff_t type_start(const Tokens& tokens, std::ptrdiff_t next) {
  std::ptrdiff_t last = next - 1;
  if (is_word(tokens, last, "zone") && is_word(tokens, last - 1, "time") &&
      (is_word(tokens, last - 2, "with") || is_word(tokens, last - 2, "without")))
    last -= 3;
  if (is_symbol(tokens, last, ")")) last = opening(tokens, last) - 1;
  return is_kind(tokens, last, TokenKind::word) ? name_start(tokens, last) : -1;
}

/// Index of the token that begins at byte `offset`; the number of tokens when none does.
std::ptrdiff_t token_at(const Tokens& tokens, std::size_t offset) {
  return std::find_if(tokens.begin(), tokens.end(), [&](const Token& t) { return t.begin == offset; }) -
         tokens.begin();
}

/// typename $n -> $n::typename
std::optional<std::string> cast_literal(std::string_view text, const Tokens& tokens,
                                        std::ptrdiff_t parameter) {
  std::ptrdiff_t const start = type_start(tokens, parameter);
  if (start < 0) return std::nullopt;
  Token const& first = tokens[static_cast<std::size_t>(start)];
  Token const& value = tokens[static_cast<std::size_t>(parameter)];
  Token const& last = tokens[static_cast<std::size_t>(parameter - 1)];
  std::string cast(text.substr(value.begin, value.end - value.begin));
  cast += "::";
  cast += text.substr(first.begin, last.end - first.begin);
  return replaced(text, first.begin, value.end, cast);
}

/// extract($n from x) -> pg_catalog.extract($n, x): the function that the syntax stands for.
std::optional<std::string> call_extract(std::string_view text, const Tokens& tokens,
                                        std::ptrdiff_t parameter) {
  if (!is_word(tokens, parameter - 2, "extract") || !is_symbol(tokens, parameter - 1, "(") ||
      !is_word(tokens, parameter + 1, "from"))
    return std::nullopt;
  Token const& from = tokens[static_cast<std::size_t>(parameter + 1)];
  Token const& extract = tokens[static_cast<std::size_t>(parameter - 2)];
  std::string const with_comma = replaced(text, from.begin, from.end, ",");
  return replaced(with_comma, extract.begin, extract.end, "pg_catalog.extract");
}

/// $1and -> $1 and: the quote that ended the literal is gone.
std::optional<std::string> split_parameter(std::string_view text, std::size_t offset) {
  if (offset >= text.size() || text[offset] != '$') return std::nullopt;
  std::size_t end = offset + 1;
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0)
    ++end;
  if (end == offset + 1 || end == text.size() || std::isspace(static_cast<unsigned char>(text[end])) != 0)
    return std::nullopt;
  return replaced(text, end, end, " ");
}

}  // namespace

std::optional<std::string> repair_syntax(std::string_view text, const Tokens& tokens, std::size_t offset) {
  std::ptrdiff_t const parameter = token_at(tokens, offset);
  if (parameter == std::ssize(tokens)) return split_parameter(text, offset);
  if (!is_kind(tokens, parameter, TokenKind::parameter)) return std::nullopt;
  if (auto repaired = call_extract(text, tokens, parameter)) return repaired;
  return cast_literal(text, tokens, parameter);
}

std::string unfold_lists(std::string_view text, const Tokens& tokens) {
  std::string result(text);
  for (std::ptrdiff_t i = std::ssize(tokens) - 1; i >= 0; --i) {
    if (!is_word(tokens, i, "in") || !is_symbol(tokens, i + 1, "(") ||
        !is_kind(tokens, i + 2, TokenKind::parameter) || !is_symbol(tokens, i + 3, ")"))
      continue;
    Token const& value = tokens[static_cast<std::size_t>(i + 2)];
    Token const& close = tokens[static_cast<std::size_t>(i + 3)];
    if (text.substr(value.end, close.begin - value.end).find("/*, ... */") == std::string_view::npos)
      continue;
    bool const negated = is_word(tokens, i - 1, "not");
    std::size_t const begin = tokens[static_cast<std::size_t>(negated ? i - 1 : i)].begin;
    result = replaced(result, begin, close.end, (negated ? "<> all(" : "= any(") + value.text + ")");
  }
  return result;
}

std::string name_parameters(std::string_view text, const Tokens& tokens, std::vector<Name> names,
                            std::map<std::string, int>& numbers) {
  int number = 0;
  for (auto const& token : tokens)
    number = std::max(number, token.number);
  std::sort(names.begin(), names.end(), [](const Name& a, const Name& b) { return a.offset < b.offset; });
  std::string result;
  std::size_t copied = 0;
  for (auto const& name : names) {
    std::ptrdiff_t const first = token_at(tokens, name.offset);
    std::ptrdiff_t const last = first + 2 * (name.words - 1);
    if (name.offset < copied || !is_kind(tokens, first, TokenKind::word) ||
        !is_kind(tokens, last, TokenKind::word))
      continue;
    std::string words;
    for (std::ptrdiff_t i = first; i <= last; ++i)
      words += tokens[static_cast<std::size_t>(i)].text;
    auto const [known, fresh] = numbers.emplace(words, number + 1);
    if (fresh) ++number;
    result += text.substr(copied, name.offset - copied);
    result += "$" + std::to_string(known->second);
    copied = tokens[static_cast<std::size_t>(last)].end;
  }
  return result += text.substr(copied);
}

std::string drop_conflict_target(std::string_view text, const Tokens& tokens) {
  int depth = 0;
  for (std::ptrdiff_t i = 0; i < std::ssize(tokens); ++i) {
    if (is_symbol(tokens, i, "(")) ++depth;
    if (is_symbol(tokens, i, ")")) --depth;
    if (depth != 0 || !is_word(tokens, i, "on") || !is_word(tokens, i + 1, "conflict")) continue;
    std::ptrdiff_t end = i + 2;
    for (int inner = 0; end < std::ssize(tokens); ++end) {
      if (is_symbol(tokens, end, "(")) ++inner;
      if (is_symbol(tokens, end, ")")) --inner;
      if (inner == 0 && (is_word(tokens, end, "returning") || is_symbol(tokens, end, ";"))) break;
    }
    std::size_t const begin = tokens[static_cast<std::size_t>(i)].begin;
    std::size_t const stop =
        end < std::ssize(tokens) ? tokens[static_cast<std::size_t>(end)].begin : text.size();
    return replaced(text, begin, stop, "on conflict do nothing ");
  }
  return std::string(text);
}

}  // namespace deal::query
