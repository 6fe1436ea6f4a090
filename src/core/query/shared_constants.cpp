#include "core/query/shared_constants.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace deal::query {

namespace {

/// Tokens [begin, end) that form one list item.
struct Item {
  std::size_t begin;
  std::size_t end;
};

constexpr std::size_t kShortestItem = 3;  ///< tokens; anything shorter has no constant beside something else

bool is(const Token& token, TokenKind kind, std::string_view text) {
  return token.kind == kind && token.text == text;
}

bool is_any(const Token& token, std::initializer_list<std::string_view> words) {
  return token.kind == TokenKind::word && std::find(words.begin(), words.end(), token.text) != words.end();
}

/// True for the first token of a list whose items are repeated elsewhere.
bool starts_list(const Tokens& tokens, std::size_t i) {
  if (i < 2) return false;
  Token const& last = tokens[i - 1];
  Token const& before = tokens[i - 2];
  return (is(last, TokenKind::word, "by") && is_any(before, {"group", "order"})) ||
         (is(last, TokenKind::word, "on") && is_any(before, {"distinct"}));
}

/// Adds an item without what only orders it.
void add_item(const Tokens& tokens, std::size_t begin, std::size_t end, std::vector<Item>& items) {
  while (end > begin && is_any(tokens[end - 1], {"asc", "desc", "nulls", "first", "last"}))
    --end;
  if (end >= begin + kShortestItem) items.push_back({begin, end});
}

/// Adds the items of the list that starts at `i`, at every depth of parentheses (grouping sets nest).
void add_items(const Tokens& tokens, std::size_t i, std::vector<Item>& items) {
  std::vector<std::size_t> starts{i};
  for (; i < tokens.size(); ++i) {
    Token const& token = tokens[i];
    bool const closes = is(token, TokenKind::other, ")");
    bool const ends = starts.size() == 1 &&
                      (closes || is(token, TokenKind::other, ";") ||
                       is_any(token, {"having", "order", "limit", "offset", "fetch", "for", "window", "union",
                                      "except", "intersect", "rows", "range", "groups", "returning"}));
    if (closes || ends || is(token, TokenKind::other, ",")) add_item(tokens, starts.back(), i, items);
    if (ends) return;
    if (closes) starts.pop_back();
    if (is(token, TokenKind::other, "(")) starts.push_back(i + 1);
    if (is(token, TokenKind::other, ",")) starts.back() = i + 1;
  }
  add_item(tokens, starts.front(), tokens.size(), items);
}

bool is_constant(const Tokens& tokens, std::size_t i) {
  if (tokens[i].kind == TokenKind::constant || is_any(tokens[i], {"true", "false", "null"})) return true;
  return i >= 2 && tokens[i].kind == TokenKind::word && is(tokens[i - 1], TokenKind::other, "(") &&
         is(tokens[i - 2], TokenKind::word, "extract");
}

bool is_slot(const Tokens& tokens, std::size_t i) {
  return tokens[i].kind == TokenKind::parameter || is_constant(tokens, i);
}

/// Whether two tokens may stand for the same: equal, or one of them a parameter and the other one or a
/// constant.
bool agree(const Tokens& tokens, std::size_t a, std::size_t b) {
  if (tokens[a].kind == TokenKind::parameter || tokens[b].kind == TokenKind::parameter)
    return is_slot(tokens, a) && is_slot(tokens, b);
  return tokens[a].kind == tokens[b].kind && tokens[a].text == tokens[b].text;
}

/// Sets of tokens that are one constant.
class Sets {
 public:
  explicit Sets(std::size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t i) {
    while (parent_[i] != i)
      i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) { parent_[find(b)] = find(a); }

 private:
  std::vector<std::size_t> parent_;
};

/// Joins the constants of an item with those of every place that reads the same.
void join_matches(const Tokens& tokens, const Item& item, Sets& sets) {
  std::size_t const length = item.end - item.begin;
  for (std::size_t at = 0; at + length <= tokens.size(); ++at) {
    if (at == item.begin) continue;
    std::size_t same = 0;
    while (same < length && agree(tokens, item.begin + same, at + same))
      ++same;
    if (same < length) continue;
    for (std::size_t k = 0; k < length; ++k)
      if (is_slot(tokens, item.begin + k) && is_slot(tokens, at + k)) sets.join(item.begin + k, at + k);
  }
}

/// The lowest parameter of each set, by the set's root; null where a set has none.
std::vector<const Token*> representatives(const Tokens& tokens, Sets& sets) {
  std::vector<const Token*> lowest(tokens.size(), nullptr);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind != TokenKind::parameter) continue;
    const Token*& best = lowest[sets.find(i)];
    if (best == nullptr || tokens[i].number < best->number) best = &tokens[i];
  }
  return lowest;
}

}  // namespace

std::string share_constants(std::string_view text, const Tokens& tokens) {
  std::vector<Item> items;
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (starts_list(tokens, i)) add_items(tokens, i, items);
  Sets sets(tokens.size());
  for (Item const& item : items)
    join_matches(tokens, item, sets);
  auto const lowest = representatives(tokens, sets);
  std::string result;
  std::size_t done = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Token* const shared = lowest[sets.find(i)];
    if (shared == nullptr) continue;
    result += text.substr(done, tokens[i].begin - done);
    result += shared->text;
    done = tokens[i].end;
  }
  result += text.substr(done);
  return result;
}

}  // namespace deal::query
