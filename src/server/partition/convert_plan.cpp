#include "server/partition/convert_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/options.hpp"
#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "core/partition/names.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/role.hpp"
#include "server/partition/convert_read.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace deal::server {

namespace {

using partition::ConversionLevel;
using partition::Position;

constexpr std::int64_t kFarSteps = 1000;
constexpr const char* kOwnOptions[] = {"mode",       "cutoff", "dry_run", "deep",    "accept",
                                       "batch_rows", "pause",  "zone",    "premake", "horizon",
                                       "retention",  "retire", "default"};

/// The options that partition_enable has as well.
std::string enable_options(const std::string& json) {
  Json all = Json::parse(json, nullptr, false);
  for (auto const* const own : kOwnOptions)
    all.erase(own);
  return all.dump();
}

std::string own_options(const std::string& json) {
  Json const all = Json::parse(json, nullptr, false);
  if (!all.is_object()) return json;
  Json own = Json::object();
  for (auto const* const name : kOwnOptions) {
    if (all.contains(name)) own[name] = all[name];
  }
  return own.dump();
}

std::optional<std::string> optional(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

/// What the rows say about the key.
struct KeyFacts {
  bool read = false;
  bool any = false;
  bool nulls = false;
  bool finite = true;
  Position greatest = 0;
};

bool may_be_null(const PlannedConversion& planned) {
  auto const& columns = planned.table.columns;
  return std::any_of(columns.begin(), columns.end(), [&](const partition::TableColumn& column) {
    return column.name == planned.conversion.set.column && !column.not_null;
  });
}

Position position_in(const partition::Grid& grid, const std::string& text) {
  switch (grid.kind) {
    case partition::KeyKind::uuidv7:
    case partition::KeyKind::ulid:
      return partition::position_of(grid.kind, std::string_view(text)).value_or(0);
    case partition::KeyKind::timestamptz:
    case partition::KeyKind::timestamp:
    case partition::KeyKind::date:
      return parse_position(grid, text);
    default:
      return partition::position_of(grid.kind, std::stoll(text));
  }
}

void read_rows(const PlannedConversion& planned, KeyFacts& facts) {
  pg::AsRole const owner(planned.owner);
  pg::LocalSettings const settings;
  settings.set("row_security", "off");
  settings.set("TimeZone", "UTC");
  settings.set("DateStyle", "ISO");
  std::string const table = quote_qualified(planned.table.schema, planned.table.name);
  std::string const column = quote_identifier(planned.conversion.set.column);
  pg::Spi spi;
  // Ordered by the column, not by its text, which has its name unless it gets another one.
  pg::SqlResult const last = spi.query(
      fmt::format("select t.{0}::text from only {1} as t where t.{0} is not null order by t.{0} desc limit 1",
                  column, table));
  facts.any = !last.empty();
  if (facts.any) {
    std::string const text = last.text(0, 0);
    facts.finite = text.find("infinity") == std::string::npos;
    bool const zoned = planned.conversion.set.grid.kind == partition::KeyKind::timestamp;
    if (facts.finite) facts.greatest = position_in(planned.conversion.set.grid, zoned ? text + "+00" : text);
  }
  if (may_be_null(planned))
    facts.nulls =
        spi.query(fmt::format("select exists (select from only {} where {} is null)", table, column))
            .boolean(0, 0);
  facts.read = true;
}

void add(PlannedConversion& planned, ConversionLevel level, std::string code, std::string message,
         std::string hint = {}) {
  planned.findings.push_back({level, std::move(code), std::move(message), std::move(hint)});
}

KeyFacts key_facts(PlannedConversion& planned) {
  KeyFacts facts;
  if (!planned.options.deep && partition::is_time(planned.conversion.set.grid.kind)) return facts;
  auto const failure = pg::attempt(pg::OnSuccess::roll_back, [&] { read_rows(planned, facts); });
  if (failure)
    add(planned, ConversionLevel::warning, "rows_not_read", "the rows could not be read: " + failure->message,
        "NULLs and keys beyond the cutoff will be found when the CHECK is validated.");
  return facts;
}

void judge_rows(PlannedConversion& planned, const KeyFacts& facts) {
  std::string const column = quote_identifier(planned.conversion.set.column);
  std::string const table = quote_qualified(planned.table.schema, planned.table.name);
  if (facts.nulls)
    add(planned, ConversionLevel::error, "null_keys", fmt::format("rows have no {}", column),
        fmt::format("A partition by range has no place for NULL. Find them: select * from {} where {} is "
                    "null;",
                    table, column));
  if (!facts.finite)
    add(planned, ConversionLevel::error, "infinite_key", fmt::format("rows have infinity as {}", column),
        "Give them a time; the old partition ends at a finite one.");
}

Position boundary_from(const partition::Grid& grid, Position position) {
  return partition::is_boundary(grid, position) ? position : partition::boundary_after(grid, position);
}

Position given_cutoff(const PlannedConversion& planned, const KeyFacts& facts) {
  auto const& grid = planned.conversion.set.grid;
  Position const cutoff = parse_position(grid, planned.options.cutoff);
  if (!partition::is_boundary(grid, cutoff))
    throw Error("22023", fmt::format("cutoff {} is no boundary", planned.options.cutoff))
        .hint(fmt::format("The nearest are {} and {}.",
                          partition::boundary_text(grid, partition::boundary_at(grid, cutoff)),
                          partition::boundary_text(grid, partition::boundary_after(grid, cutoff))));
  if (facts.any && facts.finite && facts.greatest >= cutoff)
    throw Error("22023", fmt::format("cutoff {} is not beyond the greatest key, {}", planned.options.cutoff,
                                     partition::boundary_text(grid, facts.greatest)));
  return cutoff;
}

/// The first boundary that is a whole step away from now, and beyond every row.
Position chosen_cutoff(PlannedConversion& planned, const KeyFacts& facts, Position now) {
  auto const& grid = planned.conversion.set.grid;
  if (!planned.options.cutoff.empty()) return given_cutoff(planned, facts);
  Position const near = boundary_from(grid, partition::shifted(grid, now, 1));
  if (!facts.any || !facts.finite || facts.greatest < near) return near;
  Position const far = partition::boundary_after(grid, facts.greatest);
  if (partition::partitions_between(grid, now, far) > kFarSteps)
    add(planned, ConversionLevel::error, "far_key",
        fmt::format("the greatest key, {}, is more than {} partitions away",
                    partition::boundary_text(grid, facts.greatest), kFarSteps),
        "Correct such rows, or give a cutoff beyond them.");
  else
    add(planned, ConversionLevel::warning, "keys_ahead",
        fmt::format("keys reach until {}: the old table keeps all before {}",
                    partition::boundary_text(grid, facts.greatest), partition::boundary_text(grid, far)));
  return far;
}

void plan_partitions(PlannedConversion& planned, const KeyFacts& facts, Position now,
                     std::unordered_set<std::string> taken) {
  auto const& set = planned.conversion.set;
  partition::Situation situation;
  partition::Partition old;
  old.upper = planned.conversion.cutoff;
  situation.partitions.push_back(old);
  situation.now = now;
  situation.any_rows = facts.any;
  situation.taken = std::move(taken);
  Position const until = std::max(partition::premade_until(set, situation),
                                  partition::boundary_after(set.grid, planned.conversion.cutoff));
  for (auto const& action : partition::plan(set, situation, until)) {
    if (action.kind == partition::ActionKind::create) planned.conversion.creations.push_back(action);
  }
}

std::string interval_ago(double seconds) {
  return fmt::format("{:.0f} s", seconds);
}

/// What would make the swap wait, or the concurrent builds.
void judge_activity(PlannedConversion& planned) {
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select l.pid, extract(epoch from pg_catalog.clock_timestamp() - a.xact_start) from "
      "pg_catalog.pg_locks l "
      "join pg_catalog.pg_stat_activity a on a.pid = l.pid where l.relation = $1::oid and l.granted and "
      "l.pid <> "
      "pg_catalog.pg_backend_pid() and a.xact_start < pg_catalog.clock_timestamp() - interval '10 s'",
      {std::to_string(planned.relation)});
  for (size_t row = 0; row < rows.size(); ++row)
    add(planned, ConversionLevel::warning, "long_transaction",
        fmt::format("process {} has used the table in a transaction for {}", rows.text(row, 0),
                    interval_ago(rows.float8(row, 1))),
        "Until it ends, short locks on the table can't be had and concurrent builds wait.");
}

void describe(PlannedConversion& planned) {
  auto const& grid = planned.conversion.set.grid;
  add(planned, ConversionLevel::ok, "cutoff",
      fmt::format("the table becomes the partition of all before {}; {} partitions are made from there on",
                  partition::boundary_text(grid, planned.conversion.cutoff),
                  planned.conversion.creations.size()),
      "Between the steps check and swap, rows at or past the cutoff are refused: finish before it.");
  add(planned, ConversionLevel::ok, "size",
      fmt::format("about {:.0f} rows, {}: {}", planned.table.rows,
                  format_bytes(static_cast<std::int64_t>(planned.table.bytes)),
                  planned.options.copy ? "copied once, in the end; needs as much room again until then"
                                       : "no row is copied"));
}

bool any_error(const PlannedConversion& planned) {
  return std::any_of(planned.findings.begin(), planned.findings.end(),
                     [](auto const& finding) { return finding.level == ConversionLevel::error; });
}

/// A leaf takes what the table has, unless the options say otherwise.
void take_over_storage(PlannedConversion& planned) {
  auto& leaf = planned.conversion.set.leaf;
  if (leaf.storage.empty()) leaf.storage = planned.table.storage;
  if (leaf.tablespace.empty()) leaf.tablespace = planned.table.tablespace;
  leaf.unlogged = leaf.unlogged || planned.table.unlogged;
}

std::set<std::string> own_objects(const StoredConversion* stored) {
  std::set<std::string> own;
  if (stored == nullptr) return own;
  for (auto const& [purpose, name] : stored->names) {
    if (purpose == "check" || purpose.starts_with("old key ")) own.insert(name);
  }
  return own;
}

void drop_own_leaves(const StoredConversion* stored, std::unordered_set<std::string>& taken) {
  if (stored == nullptr || stored->parent == 0) return;
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select c.relname from pg_catalog.pg_inherits i join pg_catalog.pg_class c on "
      "c.oid = i.inhrelid where i.inhparent = $1::oid",
      {std::to_string(stored->parent)});
  for (size_t row = 0; row < rows.size(); ++row)
    taken.erase(rows.text(row, 0));
}

}  // namespace

ConvertOptions convert_options(const ConvertRequest& request) {
  ConvertOptions out;
  Options options("partition_convert", own_options(request.options));
  std::string const mode = options.text("mode", "attach");
  if (mode != "attach" && mode != "copy")
    throw Error("22023", "unknown mode \"" + mode + "\"").hint("The modes are attach and copy.");
  out.copy = mode == "copy";
  out.cutoff = options.text("cutoff", "");
  out.dry_run = options.boolean("dry_run", false);
  out.deep = options.boolean("deep", true);
  out.accept = options.texts("accept");
  out.batch_rows = static_cast<int>(options.integer("batch_rows", 1000, 1, 1'000'000));
  out.pause_ms = static_cast<int>(options.integer("pause", 0, 0, 60'000));
  out.enable.relation = request.relation;
  out.enable.key_column = request.key_column;
  out.enable.step = request.step;
  out.enable.zone = options.text("zone", "UTC");
  out.enable.premake = static_cast<int>(options.integer("premake", 4, 1, 1000));
  out.enable.horizon = optional(options.text("horizon", ""));
  out.enable.retention = optional(options.text("retention", ""));
  out.enable.retire = options.text("retire", "drop");
  out.enable.use_default = options.boolean("default", false);
  options.finish();
  out.enable.options = enable_options(request.options);
  return out;
}

PlannedConversion plan_conversion(const ConvertRequest& request, const StoredConversion* stored) {
  PlannedConversion planned;
  planned.relation = request.relation;
  planned.owner = pg::relation_owner(request.relation);
  planned.options = convert_options(request);
  if (planned.owner == 0) throw Error("42P01", "the table does not exist");
  if (!pg::may_assume(pg::current_role(), planned.owner))
    throw Error("42501", "must be owner of the table, or a member of the owner's role, to convert it");
  planned.table = read_converted_table(request.relation, own_objects(stored));
  read_followers(request.relation, planned.table);
  planned.conversion.set = requested_set(planned.options.enable).set;
  planned.conversion.set.schema = planned.table.schema;
  planned.conversion.set.table = planned.table.name;
  planned.conversion.lock_timeout_ms = planned.conversion.set.lock_timeout_ms;
  planned.conversion.copy = planned.options.copy;
  take_over_storage(planned);
  auto taken = taken_names(planned.table.schema);
  drop_own_leaves(stored, taken);
  planned.names = partition::ConversionNames(
      stored == nullptr ? std::map<std::string, std::string>() : stored->names, taken);
  KeyFacts const facts = key_facts(planned);
  judge_rows(planned, facts);
  auto const& grid = planned.conversion.set.grid;
  Position const now = partition::is_time(grid.kind) ? GetCurrentTimestamp() : facts.greatest;
  planned.conversion.cutoff = stored == nullptr ? chosen_cutoff(planned, facts, now) : stored->cutoff;
  plan_partitions(planned, facts, now, std::move(taken));
  auto shape = partition::conversion_findings(planned.table, planned.conversion, planned.options.accept);
  planned.findings.insert(planned.findings.end(), shape.begin(), shape.end());
  judge_activity(planned);
  if (any_error(planned)) return planned;
  describe(planned);
  planned.steps = partition::attach_steps(planned.table, planned.conversion, planned.names);
  planned.recipe = partition::parent_recipe(planned.table, planned.conversion, planned.names);
  return planned;
}

partition::Conversion conversion_of(const ConvertOptions& options, const StoredConversion& stored) {
  partition::Conversion conversion;
  conversion.set = requested_set(options.enable).set;
  conversion.set.schema = stored.schema;
  conversion.set.table = stored.table;
  conversion.cutoff = stored.cutoff;
  conversion.copy = options.copy;
  conversion.lock_timeout_ms = conversion.set.lock_timeout_ms;
  return conversion;
}

void refuse_errors(const PlannedConversion& planned) {
  std::string list;
  std::string hints;
  for (auto const& finding : planned.findings) {
    if (finding.level != ConversionLevel::error) continue;
    list += fmt::format("{}{}: {}.", list.empty() ? "" : "\n", finding.code, finding.message);
    hints += (hints.empty() ? "" : "\n") + finding.hint;
  }
  if (list.empty()) return;
  throw Error("55000",
              quote_qualified(planned.table.schema, planned.table.name) + " can't be converted as it is")
      .detail(list)
      .hint(hints);
}

}  // namespace deal::server
