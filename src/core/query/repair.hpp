/// Repairs of normalised statement text. pg_stat_statements puts $n for every constant, also where the
/// grammar takes nothing but a literal (`interval '1 day'`, `extract('year' from d)`); these edits make such
/// text readable again without changing what it asks. Pure text: the tokens come from the server's scanner.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace deal::query {

enum class TokenKind : unsigned char { word, parameter, constant, other };

/// One token of a statement: `text` is a word folded to lower case (a keyword, or an identifier as written
/// when it was quoted), or the token itself.
struct Token {
  TokenKind kind;
  std::size_t begin;  ///< byte offset in the statement
  std::size_t end;    ///< one past its last byte
  std::string text;
  int number = 0;  ///< n of a parameter $n
};

using Tokens = std::vector<Token>;

/// The text with the repair that a syntax error at byte `offset` calls for; nothing when none is known.
///   interval $1 day     ->  $1::interval day
///   extract($1 from d)  ->  pg_catalog.extract($1, d)
///   $1and               ->  $1 and
std::optional<std::string> repair_syntax(std::string_view text, const Tokens& tokens, std::size_t offset);

/// Lists that were folded to one parameter, `in ($1 /*, ... */)`, as `= any($1)`: the planner then expects
/// several values instead of one. The same text when there is none.
std::string unfold_lists(std::string_view text, const Tokens& tokens);

/// A name in a statement: where it begins and of how many words it is (`who.user_id`: 2).
struct Name {
  std::size_t offset;
  int words;
};

/// The text with each of the names as a parameter. `numbers` holds the parameters of the names that are
/// known; new ones are added to it, with numbers after all that the text has. Names that don't begin at a
/// word are passed over.
///   where l.id = any (listings) and l.seen < $1  ->  where l.id = any ($2) and l.seen < $1
std::string name_parameters(std::string_view text, const Tokens& tokens, std::vector<Name> names,
                            std::map<std::string, int>& numbers);

/// `on conflict` without its target and action: `on conflict do nothing`. A target whose expression or
/// predicate lost its constants matches no index any more.
std::string drop_conflict_target(std::string_view text, const Tokens& tokens);

}  // namespace deal::query
