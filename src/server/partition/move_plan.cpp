#include "server/partition/move_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "core/base/error.hpp"
#include "core/base/options.hpp"
#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "core/partition/move_ranges.hpp"
#include "core/partition/names.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/transaction.hpp"
#include "server/partition/enable.hpp"
#include "server/partition/maintain.hpp"
#include "server/partition/move_facts.hpp"
#include "server/partition/move_keys.hpp"
#include "server/partition/present.hpp"

namespace deal::server {

namespace {

using partition::KeyRange;
using partition::Move;
using partition::MoveKind;
using partition::MoveTarget;
using partition::Partition;
using partition::Position;

constexpr int kMostAttempts = 5;
constexpr std::int64_t kSmallDefault = 1 << 20;  // bytes: a scan that nobody notices

/// What the options say.
struct Wishes {
  std::string until;
  std::string keep_old;
  std::string name;
  std::size_t most = 1000;
  bool analyze = true;
  bool cancel = false;
};

Wishes read_wishes(const char* procedure, MoveKind kind, MoveRequest& request) {
  Options options(procedure, request.options);
  Wishes wishes;
  if (kind == MoveKind::drain) wishes.until = options.text("until", "");
  if (kind == MoveKind::merge) wishes.name = options.text("name", "");
  if (kind != MoveKind::merge)
    wishes.most = static_cast<std::size_t>(options.integer("most_partitions", 1000, 1, 10'000));
  if (kind != MoveKind::drain) request.manner.batch = options.integer("batch", 10'000, 1, 10'000'000);
  wishes.keep_old = options.text("keep_old", "");
  wishes.analyze = options.boolean("analyze", true);
  wishes.cancel = options.boolean("cancel", false);
  auto& patience = request.manner.patience;
  patience.timeout_ms = static_cast<int>(options.integer("lock_timeout_ms", patience.timeout_ms, 1, 60'000));
  patience.most_tries = static_cast<int>(options.integer("max_tries", patience.most_tries, 1, 100'000));
  request.manner.snapshot_wait_ms =
      static_cast<double>(options.integer("snapshot_wait_ms", 0, 0, 86'400'000));
  options.finish();
  return wishes;
}

std::unordered_set<std::string> taken_names(const std::string& schema) {
  pg::Spi spi;
  pg::SqlResult const rows =
      spi.query("select relname from pg_catalog.pg_class where relnamespace = $1::pg_catalog.regnamespace",
                {quote_identifier(schema)});
  std::unordered_set<std::string> names;
  for (size_t row = 0; row < rows.size(); ++row)
    names.insert(rows.text(row, 0));
  return names;
}

std::string free_name(std::string name, std::unordered_set<std::string>& taken) {
  std::string const wanted = name;
  for (int i = 1; !taken.insert(name).second; ++i)
    name = fmt::format("{}_{}", utf8_prefix(wanted, 56), i);
  return name;
}

/// Everything that planning a move looks at, as of now.
struct Scene {
  partition::Set set;  ///< of a table that is no set: only its grid, for names
  PartitionedTable table;
  Position until = partition::kMaximum;  ///< drain: keys from here on are too far off
};

std::string quoted_parent(const PartitionedTable& table) {
  return quote_qualified(table.facts.schema, table.facts.table);
}

void require_owner(const PartitionedTable& table) {
  if (!pg::may_assume(pg::current_role(), table.owner))
    throw Error("42501", "must be owner of table " + quoted_parent(table));
}

/// The set of the table; or, if it is none, what its key says by itself.
Scene read_scene(ObjectId parent, bool must_be_set) {
  Scene scene;
  if (auto stored = must_be_set ? std::optional(read_set(parent)) : find_set(parent)) {
    require_rights(*stored);
    PlannedSet planned;
    planned.stored = *stored;
    pg::rolled_back([&] {
      planned.table = read_partitioned_table(parent, stored->set.grid.kind);
      planned.situation.partitions = planned.table.partitions;
      read_present(planned);
    });
    scene.set = stored->set;
    scene.table = std::move(planned.table);
    if (partition::is_time(scene.set.grid.kind))
      scene.until = partition::premade_until(scene.set, planned.situation);
  } else {
    scene.set.grid.kind = key_kind_of(parent);
    scene.set.grid.step.days = partition::is_time(scene.set.grid.kind) ? 1 : 0;
    scene.set.grid.step.units = partition::is_time(scene.set.grid.kind) ? 0 : 1;
    pg::rolled_back([&] { scene.table = read_partitioned_table(parent, scene.set.grid.kind); });
    require_owner(scene.table);
  }
  pg::rolled_back([&] { read_leaf_facts(scene.table); });
  return scene;
}

const Partition& partition_of(const PartitionedTable& table, ObjectId oid) {
  auto const found = std::ranges::find(table.partitions, oid, &Partition::oid);
  if (found == table.partitions.end() || found->detaching)
    throw Error("42809",
                fmt::format("relation with OID {} is no partition of {}", oid, quoted_parent(table)));
  return *found;
}

/// A target with the look of an old partition.
MoveTarget like_old(const Move& move, const Partition& old, const std::string& name, std::string working) {
  MoveTarget target;
  target.name = name;
  target.working = std::move(working);
  target.like = quote_qualified(old.schema, old.name);
  TableLook look = look_of(old.oid, working_table(move, target), final_table(move, target));
  target.storage = look.storage;
  target.unlogged = look.unlogged;
  target.dress = std::move(look.dress);
  target.indexes = std::move(look.indexes);
  target.finish = std::move(look.finish);
  target.replica_index = std::move(look.replica_index);
  if (name == old.name) target.index_names = std::move(look.index_names);
  return target;
}

/// A target as maintenance would make it.
MoveTarget like_new(const Move& move, const Scene& scene, const KeyRange& range, const std::string& name,
                    const std::string& working) {
  auto const& set = scene.set;
  auto const& facts = scene.table.facts;
  MoveTarget target;
  target.name = name;
  target.working = working;
  target.like = quoted_parent(scene.table);
  target.unlogged = set.leaf.unlogged;
  std::string const table = working_table(move, target);
  target.replica_index = replica_index_of(scene.table.oid);
  partition::Action action;
  action.schema = move.target_schema;
  action.partition = working;
  action.lower = range.lower;
  action.upper = range.upper;
  for (auto const& statement : partition::statements(set, facts, action))
    if (statement.sql.starts_with("alter table " + table + " ") || statement.sql.starts_with("grant "))
      target.dress.push_back(statement.sql);
  bool const own_autovacuum = set.leaf.storage.find("autovacuum_enabled") != std::string::npos;
  if (!facts.access_method.empty()) target.storage += " using " + quote_identifier(facts.access_method);
  std::string with = own_autovacuum ? "" : "autovacuum_enabled = off";
  if (!set.leaf.storage.empty()) with += (with.empty() ? "" : ", ") + set.leaf.storage;
  target.storage += fmt::format(" with ({})", with);
  std::string const& tablespace = set.leaf.tablespace.empty() ? facts.tablespace : set.leaf.tablespace;
  if (!tablespace.empty()) target.storage += " tablespace " + quote_identifier(tablespace);
  if (!own_autovacuum)
    target.finish.push_back(
        fmt::format("alter table {} reset (autovacuum_enabled)", final_table(move, target)));
  return target;
}

void set_range(MoveTarget& target, const Scene& scene, const KeyRange& range) {
  auto const kind = scene.set.grid.kind;
  target.lower = partition::bound_literal(kind, range.lower);
  target.upper = partition::bound_literal(kind, range.upper);
  target.check = partition::range_condition(kind, scene.table.column, range);
}

Move new_move(MoveKind kind, const Scene& scene, const std::vector<const Partition*>& sources,
              const Wishes& wishes) {
  Move move;
  move.kind = kind;
  move.target_schema = sources.front()->schema;
  for (auto const* source : sources) {
    move.sources.emplace_back();
    move.sources.back().oid = source->oid;
  }
  read_move_facts(move, scene.table);
  refuse_move(move, scene.table);
  move.keep_old = wishes.keep_old;
  move.analyze = wishes.analyze;
  return move;
}

/// Starts the move and carries it out.
MoveEnd carry_out(Move move, const Scene& scene, const MoveManner& manner) {
  MoveState state;
  state.owner = scene.table.owner;
  state.move = std::move(move);
  ObjectId const parent = state.move.parent;
  start_move(state);
  return run_move(parent, manner);
}

Error restless(const PartitionedTable& table) {
  Error error("55000", "rows of " + quoted_parent(table) + " could not be moved: the table kept changing");
  error.hint("TRUNCATE, VACUUM FULL and ALTER TABLE make a move begin anew; try again without them.");
  return error;
}

const Partition* default_of(const PartitionedTable& table) {
  for (auto const& leaf : table.partitions)
    if (leaf.is_default) return &leaf;
  return nullptr;
}

/// Splits and merges attach within a range that a default partition has no rows of: a big one is spared the
/// scan.
void note_default(Move& move, const Scene& scene, const KeyRange& whole) {
  auto const* leaf = default_of(scene.table);
  if (leaf == nullptr) return;
  pg::Spi spi;
  if (spi.query("select pg_catalog.pg_relation_size($1::oid)", {std::to_string(leaf->oid)}).int8(0, 0) <=
      kSmallDefault)
    return;
  move.default_table = quote_qualified(leaf->schema, leaf->name);
  std::vector<KeyRange> const ranges = {whole};
  move.default_check = partition::default_condition(scene.set.grid.kind, scene.table.column, ranges);
}

Move drain_move(const Scene& scene, const Partition& from, const std::vector<KeyRange>& ranges,
                const Wishes& wishes) {
  Move move = new_move(MoveKind::drain, scene, {&from}, wishes);
  auto taken = taken_names(move.target_schema);
  for (auto const& range : ranges) {
    std::string const name =
        free_name(partition::partition_name(scene.set.table, scene.set.grid, range.lower), taken);
    MoveTarget target = like_new(move, scene, range, name, name);
    set_range(target, scene, range);
    move.targets.push_back(std::move(target));
  }
  // The last one: what is left takes the old default partition's place.
  MoveTarget rest = like_old(move, from, from.name, partition::helper_name(move.parent, "new1"));
  rest.check = partition::default_condition(scene.set.grid.kind, scene.table.column,
                                            partition::covered(scene.table.partitions, ranges));
  move.targets.push_back(std::move(rest));
  return move;
}

/// Tells how many rows the default partition still has, and why.
void report_rest(const Scene& scene, const Partition& leaf) {
  pg::Spi spi;
  pg::AsRole const owner(scene.table.owner);
  auto const rows = spi.query(
      fmt::format("select pg_catalog.count(*) from only {}", quote_qualified(leaf.schema, leaf.name)));
  if (rows.int8(0, 0) == 0) return;
  std::string const limit =
      scene.until == partition::kMaximum
          ? ""
          : fmt::format(", at or after {}", partition::boundary_text(scene.set.grid, scene.until));
  pg::notice(fmt::format("{} rows stay in {}: their keys are null, infinite{}", rows.int8(0, 0),
                         quote_qualified(leaf.schema, leaf.name), limit));
}

bool cancelled(ObjectId parent, const Wishes& wishes, const MoveRequest& request) {
  if (!wishes.cancel) return false;
  pg::notice(give_up_move(parent, request.manner) ? "the move was given up" : "there is no move to give up");
  return true;
}

ObjectId parent_of(ObjectId partition) {
  pg::Spi spi;
  auto const row = spi.query(
      "select inhparent from pg_catalog.pg_inherits as i join pg_catalog.pg_class as c on "
      "c.oid = i.inhrelid where i.inhrelid = $1::oid and c.relispartition",
      {std::to_string(partition)});
  if (row.empty())
    throw Error(
        "42809",
        fmt::format(
            "{} is no partition",
            spi.query("select $1::oid::pg_catalog.regclass", {std::to_string(partition)}).text(0, 0)));
  return row.oid(0, 0);
}

KeyRange range_of(const Partition& leaf) {
  if (leaf.is_default)
    throw Error("0A000", fmt::format("\"{}\" is the default partition", leaf.name))
        .hint("CALL deal_advisor.partition_drain() moves its rows to partitions of their own.");
  return {leaf.lower, leaf.upper};
}

bool is_bounded(const Partition& leaf) {
  return leaf.lower != partition::kMinimum && leaf.upper != partition::kMaximum;
}

/// The set's boundaries; a table that is no set has none.
std::vector<Position> own_cuts(const Scene& scene, const Partition& leaf, const Wishes& wishes) {
  if (scene.set.table.empty()) return {};
  auto const& grid = scene.set.grid;
  return is_bounded(leaf) ? partition::grid_cuts(grid, {leaf.lower, leaf.upper}, wishes.most)
                          : cuts_around_rows(scene.table, grid, leaf, wishes.most);
}

std::vector<Position> given_cuts(const Scene& scene, const std::vector<std::string>& given) {
  std::vector<Position> cuts;
  cuts.reserve(given.size());
  for (auto const& text : given)
    cuts.push_back(parse_position(scene.set.grid, text));
  return cuts;
}

/// Whose look the parts of a split partition take.
enum class Look : std::uint8_t { old_partition, maintained };

Move split_move(const Scene& scene, const Partition& leaf, std::vector<Position> cuts, Look look,
                const Wishes& wishes) {
  KeyRange const whole = range_of(leaf);
  auto const ranges = partition::split_range(scene.set.grid, whole, std::move(cuts));
  Move move = new_move(MoveKind::split, scene, {&leaf}, wishes);
  auto taken = taken_names(move.target_schema);
  taken.erase(leaf.name);
  int number = 0;
  for (auto const& range : ranges) {
    std::string const name =
        free_name(partition::partition_name(scene.table.facts.table, scene.set.grid, range.lower), taken);
    ++number;
    std::string const working =
        name == leaf.name ? partition::helper_name(move.parent, fmt::format("new{}", number)) : name;
    MoveTarget target = look == Look::old_partition ? like_old(move, leaf, name, working)
                                                    : like_new(move, scene, range, name, working);
    if (look == Look::maintained && name == leaf.name)
      target.index_names =
          look_of(leaf.oid, working_table(move, target), final_table(move, target)).index_names;
    set_range(target, scene, range);
    move.targets.push_back(std::move(target));
  }
  note_default(move, scene, whole);
  return move;
}

Move merge_move(const Scene& scene, const std::vector<ObjectId>& oids, const Wishes& wishes) {
  std::vector<Partition> parts;
  for (ObjectId const oid : oids) {
    parts.push_back(partition_of(scene.table, oid));
    (void)range_of(parts.back());
  }
  std::ranges::sort(parts, {}, &Partition::lower);
  auto const same = [](const Partition& one, const Partition& other) { return one.oid == other.oid; };
  parts.erase(std::unique(parts.begin(), parts.end(), same), parts.end());
  KeyRange const whole = partition::merged_range(scene.set.grid, parts);
  std::vector<const Partition*> sources;
  sources.reserve(parts.size());
  for (auto const& part : parts)
    sources.push_back(&part);
  Move move = new_move(MoveKind::merge, scene, sources, wishes);
  std::string const name = wishes.name.empty() ? parts.front().name : wishes.name;
  bool const in_use = std::ranges::any_of(parts, [&](const Partition& part) { return part.name == name; });
  MoveTarget target =
      like_old(move, parts.front(), name, in_use ? partition::helper_name(move.parent, "new1") : name);
  set_range(target, scene, whole);
  move.targets.push_back(std::move(target));
  note_default(move, scene, whole);
  return move;
}

}  // namespace

void drain_default(ObjectId parent, MoveRequest request) {
  Wishes const wishes = read_wishes("partition_drain", MoveKind::drain, request);
  require_rights(read_set(parent));
  if (cancelled(parent, wishes, request)) return;
  (void)run_move(parent, request.manner);
  for (int attempt = 0;; ++attempt) {
    Scene scene = read_scene(parent, true);
    if (!wishes.until.empty()) scene.until = parse_position(scene.set.grid, wishes.until);
    auto const* leaf = default_of(scene.table);
    if (leaf == nullptr)
      throw Error("42704", quoted_parent(scene.table) + " has no default partition")
          .hint("There is nothing to move.");
    auto const ranges = ranges_with_rows(scene.table, scene.set.grid, *leaf, scene.until, wishes.most);
    if (ranges.empty()) return report_rest(scene, *leaf);
    if (attempt == kMostAttempts) throw restless(scene.table);
    (void)carry_out(drain_move(scene, *leaf, ranges, wishes), scene, request.manner);
  }
}

void split_partition(ObjectId partition, const std::optional<std::vector<std::string>>& cuts,
                     MoveRequest request) {
  Wishes const wishes = read_wishes("partition_split", MoveKind::split, request);
  ObjectId const parent = parent_of(partition);
  require_owner(read_scene(parent, false).table);
  if (cancelled(parent, wishes, request)) return;
  (void)run_move(parent, request.manner);
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    Scene const scene = read_scene(parent, false);
    Partition const& leaf = partition_of(scene.table, partition);
    (void)range_of(leaf);
    Move move = split_move(scene, leaf, cuts ? given_cuts(scene, *cuts) : own_cuts(scene, leaf, wishes),
                           Look::old_partition, wishes);
    if (carry_out(std::move(move), scene, request.manner) == MoveEnd::done) return;
  }
  throw restless(read_scene(parent, false).table);
}

void divide_partition(ObjectId parent, ObjectId partition, MoveRequest request) {
  Wishes const wishes = read_wishes("partition_convert", MoveKind::split, request);
  (void)run_move(parent, request.manner);
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    Scene const scene = read_scene(parent, true);
    auto const leaf = std::ranges::find(scene.table.partitions, partition, &Partition::oid);
    if (leaf == scene.table.partitions.end()) return;
    auto cuts = own_cuts(scene, *leaf, wishes);
    if (cuts.empty()) return;
    Move move = split_move(scene, *leaf, std::move(cuts), Look::maintained, wishes);
    if (carry_out(std::move(move), scene, request.manner) == MoveEnd::done) return;
  }
  throw restless(read_scene(parent, true).table);
}

void merge_partitions(const std::vector<ObjectId>& partitions, MoveRequest request) {
  Wishes const wishes = read_wishes("partition_merge", MoveKind::merge, request);
  if (partitions.empty()) throw Error("22023", "a merge needs at least two partitions");
  ObjectId const parent = parent_of(partitions.front());
  require_owner(read_scene(parent, false).table);
  if (cancelled(parent, wishes, request)) return;
  (void)run_move(parent, request.manner);
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    Scene const scene = read_scene(parent, false);
    Move move = merge_move(scene, partitions, wishes);
    if (carry_out(std::move(move), scene, request.manner) == MoveEnd::done) return;
  }
  throw restless(read_scene(parent, false).table);
}

}  // namespace deal::server
