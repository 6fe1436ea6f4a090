#include "server/workload/prepare.hpp"

#include <algorithm>
#include <map>

#include "core/base/error.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/workload/parameters.hpp"
#include "server/workload/parse.hpp"
#include "server/workload/read.hpp"
#include "server/workload/variables.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "parser/analyze.h"
#include "parser/parse_param.h"
#include "parser/parse_type.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

using Types = std::vector<Oid>;

/// What the server said against a statement.
struct Fault {
  pg::ServerError error;
  std::optional<size_t> offset;  ///< where in the text
  Types deduced;                 ///< what the parameters got until then

  std::pair<size_t, int> key() const { return {offset.value_or(SIZE_MAX), error.data().sqlerrcode}; }
};

/// An analysed statement and the types that its parameters got.
struct Analysed {
  Query* query;
  Oid* types;
  int parameters;
};

/// The steps of the server's own analysis without its hooks: a statement that was only looked at has no place
/// in pg_stat_statements. `known` gives types beforehand; 0 leaves the choice to the context. `names` may be
/// null.
/// `result` holds the types as far as they were found also when the server raises an error.
void analyse(const ParsedStatement& parsed, const Types& known, UnknownNames* names, Analysed& result) {
  auto const steps = [&] {
    result = {nullptr, nullptr, static_cast<int>(known.size())};
    result.types = static_cast<Oid*>(palloc(sizeof(Oid) * (known.size() + 1)));
    std::copy(known.begin(), known.end(), result.types);
    PushActiveSnapshot(GetTransactionSnapshot());
    ParseState* const state = make_parsestate(nullptr);
    state->p_sourcetext = parsed.text;
    setup_parse_variable_parameters(state, &result.types, &result.parameters);
    if (names != nullptr) names->watch(state);
    auto* const raw = static_cast<RawStmt*>(copyObjectImpl(parsed.statement));
    result.query = transformTopLevelStmt(state, raw);
    if (names != nullptr) names->release(state);
    check_variable_parameters(state, result.query);
    free_parsestate(state);
    PopActiveSnapshot();
  };
  pg::reading(parsed.text, [&] { pg::call(steps); });
}

/// Analyses in a subtransaction of its own; the fault if the server has one.
std::optional<Fault> try_types(const ParsedStatement& parsed, const Types& known, Analysed& result,
                               UnknownNames* names) {
  std::optional<pg::ServerError> error;
  auto const failure = pg::attempt(pg::OnSuccess::commit, [&] {
    try {
      analyse(parsed, known, names, result);
    } catch (const pg::ServerError& caught) {
      error = caught;
      throw;
    }
  });
  if (!failure) return std::nullopt;
  if (!error) throw Error(failure->sqlstate, failure->message);
  return Fault{*error, offset_of(*error, parsed.text), {result.types, result.types + result.parameters}};
}

/// True for the errors that a parameter of the wrong or of no type causes.
bool is_about_types(const Fault& fault) {
  static constexpr int kCodes[] = {ERRCODE_UNDEFINED_FUNCTION,         ERRCODE_AMBIGUOUS_FUNCTION,
                                   ERRCODE_DATATYPE_MISMATCH,          ERRCODE_INDETERMINATE_DATATYPE,
                                   ERRCODE_AMBIGUOUS_PARAMETER,        ERRCODE_CANNOT_COERCE,
                                   ERRCODE_INVALID_TEXT_REPRESENTATION};
  return std::find(std::begin(kCodes), std::end(kCodes), fault.error.data().sqlerrcode) != std::end(kCodes);
}

/// Finds types for the parameters that the context leaves open or resolves wrongly, because a number or
/// another constant that had a type of its own became `$n`: day counts added to dates, `$1 + $2`, VALUES that
/// are joined to a table. One parameter gets one type at a time, next to the fault first; when the fault
/// moves on, the next one is sought from there, back when that fails. What became text, or nothing, comes
/// before what the context gave a type of its own.
class TypeSearch {
 public:
  explicit TypeSearch(const ParsedStatement& parsed, UnknownNames* names = nullptr)
      : parsed_(parsed),
        names_(names),
        open_(open_parameters(parsed)),
        unnested_(unnested_parameters(parsed)) {}

  /// True when `types` and `result` hold a solution.
  bool solve(const Fault& fault, Types& types, Analysed& result) {
    if (!is_about_types(fault) || path_.size() >= kDepth) return false;
    path_.push_back(fault.key());
    bool const solved = try_parameters(fault, types, result);
    path_.pop_back();
    return solved;
  }

 private:
  static constexpr int kTrials = 600;  ///< about 0.1 ms each
  static constexpr size_t kDepth = 256;

  bool try_parameters(const Fault& fault, Types& types, Analysed& result) {
    std::vector<int> near;
    OffsetRange inside{0, -1};
    if (fault.offset) {
      near = parameters_at(parsed_, *fault.offset);
      std::stable_partition(near.begin(), near.end(), [&](int p) { return is_left_open(fault, p); });
      inside = range_inside(parsed_, *fault.offset);
    }
    auto const attempt = [&](int parameter) { return try_types_of(fault, inside, parameter, types, result); };
    auto const is_far = [&](int parameter) {
      return std::find(near.begin(), near.end(), parameter) == near.end();
    };
    return std::any_of(near.begin(), near.end(), attempt) ||
           std::any_of(open_.begin(), open_.end(), [&](int p) { return is_far(p) && attempt(p); });
  }

  static Oid deduced_type(const Fault& fault, int parameter) {
    auto const slot = static_cast<size_t>(parameter - 1);
    Oid const type = slot < fault.deduced.size() ? fault.deduced[slot] : InvalidOid;
    return type != UNKNOWNOID ? type : InvalidOid;
  }

  /// True for a parameter without a type, or with the one that the server gives for want of a better.
  static bool is_left_open(const Fault& fault, int parameter) {
    Oid const type = deduced_type(fault, parameter);
    return type == InvalidOid || type == TEXTOID;
  }

  /// What to try for a parameter: first what a later place in the text says, for `$1 is null or x @@ $1`.
  Types types_for(const Fault& fault, int parameter) {
    bool const is_array = std::find(unnested_.begin(), unnested_.end(), parameter) != unnested_.end();
    Types types = is_array ? arrays() : candidates();
    Oid const deduced = deduced_type(fault, parameter);
    if (deduced == InvalidOid) return types;
    std::erase(types, deduced);
    types.insert(types.begin(), deduced);
    return types;
  }

  bool try_types_of(const Fault& fault, const OffsetRange& inside, int parameter, Types& types,
                    Analysed& result) {
    auto const slot = static_cast<size_t>(parameter - 1);
    if (types.size() <= slot) types.resize(slot + 1, InvalidOid);
    Oid const before = types[slot];
    for (Oid const type : types_for(fault, parameter)) {
      if (type == before) continue;
      if (++trials_ > kTrials) break;
      pg::check_for_interrupts();
      types[slot] = type;
      auto const next = try_types(parsed_, types, result, names_);
      if (!next) return true;
      if (moved_on(fault, inside, *next) && solve(*next, types, result)) return true;
    }
    types[slot] = before;
    return false;
  }

  /// A type is worth following when the next fault is neither one that was met on the way here nor
  /// inside the expression that it was to cure.
  bool moved_on(const Fault& fault, const OffsetRange& inside, const Fault& next) const {
    if (next.key() == fault.key() || !next.offset) return false;
    auto const at = static_cast<int>(*next.offset);
    bool const within = at >= inside.first && at <= inside.last && next.offset != fault.offset;
    return !within && std::find(path_.begin(), path_.end(), next.key()) == path_.end();
  }

  const Types& candidates() {
    if (!candidates_.empty()) return candidates_;
    candidates_ = {INT4OID,   INTERVALOID, TEXTOID, NUMERICOID,  TIMESTAMPTZOID, DATEOID,
                   FLOAT8OID, BOOLOID,     UUIDOID, JSONBOID,    TEXTARRAYOID,   INT4ARRAYOID,
                   INT8OID,   BYTEAOID,    INETOID, TIMESTAMPOID};
    for (Oid const type : column_types(parsed_))
      if (std::find(candidates_.begin(), candidates_.end(), type) == candidates_.end())
        candidates_.push_back(type);
    return candidates_;
  }

  /// The arrays of the types that may be tried, those of the tables' columns included.
  const Types& arrays() {
    if (!arrays_.empty()) return arrays_;
    for (Oid const type : candidates()) {
      Oid const array = pg::call([&] { return get_array_type(type); });
      if (array != InvalidOid) arrays_.push_back(array);
    }
    return arrays_;
  }

  const ParsedStatement& parsed_;
  UnknownNames* names_;
  std::vector<int> open_;
  std::vector<int> unnested_;
  Types arrays_;
  Types candidates_;
  std::vector<std::pair<size_t, int>> path_;
  int trials_ = 0;
};

Types declared_types(const ParsedStatement& parsed) {
  Types types;
  ListCell* cell = nullptr;
  foreach (cell, parsed.types) {
    auto const* const name = lfirst_node(TypeName, cell);
    types.push_back(pg::call([&] { return typenameTypeId(nullptr, name); }));
  }
  return types;
}

/// Gives the types that analysis left open: text, as the server itself does for a constant.
int settle_open_types(const Analysed& analysed, Types& types) {
  types.assign(analysed.types, analysed.types + analysed.parameters);
  auto const open = std::count(types.begin(), types.end(), Oid{UNKNOWNOID});
  std::replace(types.begin(), types.end(), Oid{UNKNOWNOID}, Oid{TEXTOID});
  return static_cast<int>(open);
}

/// Analyses with whatever types it takes; `guessed` is how many of these were guesses. Returns the error
/// about the statement as it stands when nothing helps.
std::optional<Fault> analyse_somehow(const ParsedStatement& parsed, Analysed& result, int& guessed) {
  Types types = declared_types(parsed);
  auto const given = types.size();
  auto const solve = [&]() -> std::optional<Fault> {
    auto fault = try_types(parsed, types, result, nullptr);
    return fault && TypeSearch(parsed).solve(*fault, types, result) ? std::nullopt : fault;
  };
  if (auto fault = solve()) return fault;
  auto const found = std::count_if(types.begin() + static_cast<std::ptrdiff_t>(std::min(given, types.size())),
                                   types.end(), [](Oid type) { return type != InvalidOid; });
  int const open = settle_open_types(result, types);
  guessed = static_cast<int>(found) + open;
  return open > 0 ? solve() : std::nullopt;
}

/// The names in the statement that no column answers, as far as it can be analysed.
std::vector<query::Name> unknown_names(const ParsedStatement& parsed) {
  UnknownNames names;
  Types types = declared_types(parsed);
  Analysed unused{};
  auto const fault = try_types(parsed, types, unused, &names);
  if (fault) (void)TypeSearch(parsed, &names).solve(*fault, types, unused);
  return names.found();
}

/// The statement with parameters in place of variables; `numbers` says which are which.
ParsedStatement with_parameters(ParsedStatement parsed, std::map<std::string, int>& numbers) {
  for (auto names = unknown_names(parsed); !names.empty(); names = unknown_names(parsed)) {
    pg::check_for_interrupts();
    std::string const text = parsed.text;
    std::string const named = query::name_parameters(text, tokens_of(text), std::move(names), numbers);
    if (named == text) break;
    parsed = parse(named, parsed.mode);  // each round has fewer names left: this ends
  }
  return parsed;
}

/// The names as a list, in a string of the current memory context.
const char* list_of(const std::map<std::string, int>& numbers) {
  std::string list;
  for (auto const& [name, number] : numbers)
    list += (list.empty() ? "" : ", ") + name;
  return pg::call([&] { return pstrdup(list.c_str()); });
}

/// The text as the grammar and the grouping rules take it.
ParsedStatement repaired(std::string text, Dialect dialect) {
  ParsedStatement parsed = parse_repaired(text, dialect);
  if (parsed.statement == nullptr) throw Error("0A000", "only one statement can be planned at a time");
  if (kind_of(parsed) == StatementKind::utility)
    throw Error("0A000", "only SELECT, INSERT, UPDATE, DELETE and MERGE can be planned");
  if (conflict_target_has_parameter(parsed))
    parsed = parse(query::drop_conflict_target(text, tokens_of(text)), parsed.mode);
  return parsed;
}

}  // namespace

PreparedQuery prepare(const std::string& sql, Dialect dialect) {
  if (sql == kHiddenText)
    throw Error("42501", "the text of the statement is hidden")
        .hint("GRANT pg_read_all_stats TO the role that asks for advice.");
  ParsedStatement parsed = repaired(sql, dialect);
  Analysed analysed{};
  int guessed = 0;
  std::map<std::string, int> variables;
  auto const fault = analyse_somehow(parsed, analysed, guessed);
  if (fault) {
    if (dialect == Dialect::plpgsql) parsed = with_parameters(parsed, variables);
    if (variables.empty() || analyse_somehow(parsed, analysed, guessed)) throw fault->error;
  }
  List* const rewritten = pg::call([&] { return pg_rewrite_query(analysed.query); });
  if (list_length(rewritten) != 1)
    throw Error("0A000",
                "rules turn the statement into " + std::to_string(list_length(rewritten)) + " queries");
  auto* const query = linitial_node(Query, rewritten);
  if (query->commandType == CMD_UTILITY)
    throw Error("0A000", "rules turn the statement into a utility command");
  return {query,
          parsed.text,
          analysed.parameters,
          analysed.types,
          guessed,
          nullptr,
          variables.empty() ? nullptr : list_of(variables)};
}

std::string assumptions_of(const PreparedQuery& prepared) {
  std::string assumed;
  if (prepared.variables != nullptr)
    assumed = "no columns, taken for variables of PL/pgSQL: " + std::string(prepared.variables);
  if (prepared.guessed > 0)
    assumed += (assumed.empty() ? "types of " : "; types of ") + std::to_string(prepared.guessed) + " of " +
               std::to_string(prepared.parameters) + " parameters are guesses";
  return assumed;
}

}  // namespace deal::server
