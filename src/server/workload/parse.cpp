#include "server/workload/parse.hpp"

#include "core/query/shared_constants.hpp"
#include "server/bridge/subtransaction.hpp"

extern "C" {
#include "common/keywords.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/scanner.h"
}

namespace deal::server {

namespace {

/// Token codes that the scanner promises never to change (parser/scanner.h); words are told by their text.
constexpr int kIdentifier = 258;
constexpr int kQuotedUnicodeIdentifier = 259;
constexpr int kFirstConstant = 260;
constexpr int kLastConstant = 264;
constexpr int kInteger = 266;
constexpr int kParameter = 267;

/// What the scanner says of one token.
struct RawToken {
  int code;
  int begin;
  int length;
  const char* word;  ///< keyword or folded identifier; null for others
  int number;
};

/// A scanner over one text. Its memory is the current context's.
class Scanner {
 public:
  explicit Scanner(const char* text)
      : scanner_(pg::call([&] { return scanner_init(text, &extra_, &ScanKeywords, ScanKeywordTokens); })) {}
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  /// The next token; code 0 at the end.
  RawToken next() {
    return pg::call([&] {
      core_YYSTYPE value{};
      YYLTYPE location = 0;
      RawToken token{core_yylex(&value, &location, scanner_), location, 0, nullptr, 0};
      // The scanner leaves a zero byte after the token in its own buffer.
      token.length = static_cast<int>(std::strlen(extra_.scanbuf + location));
      if (token.code == kIdentifier || token.code == kQuotedUnicodeIdentifier)
        token.word = value.str;
      else if (token.code == kParameter)
        token.number = value.ival;
      else if (token.code > kParameter &&
               std::isalpha(static_cast<unsigned char>(extra_.scanbuf[location])) != 0)
        token.word = value.keyword;
      return token;
    });
  }

 private:
  core_yy_extra_type extra_{};
  core_yyscan_t scanner_;
};

query::Token token_of(const RawToken& raw, const std::string& text) {
  auto const begin = static_cast<size_t>(raw.begin);
  auto const end = begin + static_cast<size_t>(raw.length);
  auto kind = query::TokenKind::other;
  if (raw.word != nullptr)
    kind = query::TokenKind::word;
  else if (raw.code == kParameter)
    kind = query::TokenKind::parameter;
  else if ((raw.code >= kFirstConstant && raw.code <= kLastConstant) || raw.code == kInteger)
    kind = query::TokenKind::constant;
  return {kind, begin, end, raw.word != nullptr ? std::string(raw.word) : text.substr(begin, end - begin),
          raw.number};
}

/// The statement inside one that only carries it; the node itself when it carries none.
Node* carried(Node* node, List*& types) {
  switch (nodeTag(node)) {
    case T_ExplainStmt:
      return reinterpret_cast<ExplainStmt*>(node)->query;
    case T_DeclareCursorStmt:
      return reinterpret_cast<DeclareCursorStmt*>(node)->query;
    case T_CreateTableAsStmt:
      return reinterpret_cast<CreateTableAsStmt*>(node)->query;
    case T_PrepareStmt:
      types = reinterpret_cast<PrepareStmt*>(node)->argtypes;
      return reinterpret_cast<PrepareStmt*>(node)->query;
    case T_PLAssignStmt:
      return reinterpret_cast<Node*>(reinterpret_cast<PLAssignStmt*>(node)->val);
    case T_CopyStmt: {
      auto* const copy = reinterpret_cast<CopyStmt*>(node);
      return copy->query != nullptr && !copy->is_from ? copy->query : node;
    }
    default:
      return node;
  }
}

/// unnest(a, b) in FROM is short for rows from (unnest(a), unnest(b)). Written out, each has a place of its
/// own in the text, so that an error says which of the parameters it is about.
bool part_unnest(Node* node, void* state) {
  if (node == nullptr) return false;
  if (!IsA(node, RangeFunction)) return walk_raw(node, part_unnest, state);
  auto* const range = reinterpret_cast<RangeFunction*>(node);
  auto const* const only = linitial_node(List, range->functions);
  auto const* const call = static_cast<FuncCall*>(linitial(only));
  if (list_length(range->functions) != 1 || !IsA(call, FuncCall) || lsecond(only) != nullptr) return false;
  if (list_length(call->funcname) != 1 || std::strcmp(strVal(linitial(call->funcname)), "unnest") != 0 ||
      list_length(call->args) < 2)
    return false;
  range->functions = NIL;
  range->is_rowsfrom = true;
  ListCell* cell = nullptr;
  foreach (cell, call->args) {
    int const place = exprLocation(static_cast<Node*>(lfirst(cell)));
    FuncCall* const part =
        makeFuncCall(list_make2(makeString(pstrdup("pg_catalog")), makeString(pstrdup("unnest"))),
                     list_make1(lfirst(cell)), COERCE_EXPLICIT_CALL, place);
    range->functions = lappend(range->functions, list_make2(part, NIL));
  }
  return false;
}

/// SELECT ... INTO t is a SELECT that the planner sees and a table that it does not.
void forget_into(Node* node) {
  if (!IsA(node, SelectStmt)) return;
  auto* select = reinterpret_cast<SelectStmt*>(node);
  while (select->larg != nullptr)
    select = select->larg;
  select->intoClause = nullptr;
}

}  // namespace

query::Tokens tokens_of(const std::string& text) {
  query::Tokens tokens;
  (void)pg::attempt(pg::OnSuccess::commit, [&] {
    Scanner scanner(text.c_str());
    for (RawToken raw = scanner.next(); raw.code != 0; raw = scanner.next())
      tokens.push_back(token_of(raw, text));
  });
  return tokens;
}

std::optional<size_t> offset_of(const pg::ServerError& error, const std::string& text) {
  int const position = error.data().internalpos;
  const char* const about = error.data().internalquery;
  if (position <= 0 || about == nullptr || text != about) return std::nullopt;
  return static_cast<size_t>(
      pg::call([&] { return pg_mbcharcliplen(text.c_str(), static_cast<int>(text.size()), position - 1); }));
}

ParsedStatement parse(const std::string& text, RawParseMode mode) {
  auto const read = [&] {
    const char* const copy = pstrdup(text.c_str());
    List* const parsed = raw_parser(copy, mode);
    if (list_length(parsed) != 1) return ParsedStatement{nullptr, NIL, copy, false, mode};
    RawStmt* const raw = linitial_node(RawStmt, parsed);
    List* types = NIL;
    bool const explained = IsA(raw->stmt, ExplainStmt);
    for (Node* inner = carried(raw->stmt, types); inner != raw->stmt; inner = carried(raw->stmt, types))
      raw->stmt = inner;
    forget_into(raw->stmt);
    if (is_planned(raw->stmt)) (void)part_unnest(raw->stmt, nullptr);
    return ParsedStatement{raw, types, copy, explained, mode};
  };
  return pg::reading(text, [&] { return pg::call(read); });
}

namespace {

/// Parses in a subtransaction of its own; the error if the server has one.
std::optional<pg::ServerError> try_parse(const std::string& text, RawParseMode mode,
                                         ParsedStatement& parsed) {
  std::optional<pg::ServerError> error;
  (void)pg::attempt(pg::OnSuccess::commit, [&] {
    try {
      parsed = parse(text, mode);
    } catch (const pg::ServerError& caught) {
      error = caught;
      throw;
    }
  });
  return error;
}

/// Parses with what repairs are known, which go to `text`; the error that is left.
std::optional<pg::ServerError> try_repairs(std::string& text, RawParseMode mode, ParsedStatement& parsed) {
  while (true) {  // every repair removes a fault: this ends
    pg::check_for_interrupts();
    auto error = try_parse(text, mode, parsed);
    if (!error || error->data().sqlerrcode != ERRCODE_SYNTAX_ERROR) return error;
    auto const offset = offset_of(*error, text);
    auto repaired = offset ? query::repair_syntax(text, tokens_of(text), *offset) : std::nullopt;
    if (!repaired) return error;
    text = std::move(*repaired);
  }
}

}  // namespace

Dialect dialect_of(const Statement& statement) {
  return statement.top_level.value_or(false) ? Dialect::sql : Dialect::plpgsql;
}

ParsedStatement parse_repaired(std::string& text, Dialect dialect) {
  if (text.find('$') != std::string::npos) {
    text = query::unfold_lists(text, tokens_of(text));
    text = query::share_constants(text, tokens_of(text));
  }
  std::string const original = text;
  ParsedStatement parsed{};
  auto const error = try_repairs(text, RAW_PARSE_DEFAULT, parsed);
  if (!error) return parsed;
  if (dialect == Dialect::sql || error->data().sqlerrcode != ERRCODE_SYNTAX_ERROR) throw *error;
  for (RawParseMode const mode : {RAW_PARSE_PLPGSQL_EXPR, RAW_PARSE_PLPGSQL_ASSIGN1,
                                  RAW_PARSE_PLPGSQL_ASSIGN2, RAW_PARSE_PLPGSQL_ASSIGN3}) {
    std::string attempt = original;
    if (try_repairs(attempt, mode, parsed)) continue;
    text = attempt;
    return parsed;
  }
  throw *error;
}

}  // namespace deal::server
