#include "server/partition/move_state.hpp"

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "server/bridge/data_table.hpp"
#include "server/bridge/snapshot.hpp"

namespace deal::server {

namespace {

constexpr pg::DataTable kMoves{
    "partition_move",
    "parent oid primary key, schema_name name not null, table_name name not null, owner oid not null, kind "
    "text not null, phase text not null, source bigint not null, block bigint not null, rows bigint not "
    "null, "
    "plan jsonb not null, started timestamptz not null default pg_catalog.now(), updated timestamptz not "
    "null "
    "default pg_catalog.now()"};

constexpr const char* kPhases[] = {"capture", "copy", "renew", "index", "swap", "settle", "clean", "give_up"};

const char* name_of(MovePhase phase) {
  return kPhases[static_cast<size_t>(phase)];
}

MovePhase phase_of(const std::string& name) {
  for (size_t i = 0; i < std::size(kPhases); ++i)
    if (name == kPhases[i]) return static_cast<MovePhase>(i);
  throw Error("XX000", "unknown phase \"" + name + "\" in deal_advisor_data.partition_move");
}

// "part" in ASCII: our half of the advisory lock's key; the other one is the table.
constexpr const char* kTry = "select pg_catalog.pg_try_advisory_xact_lock(1885434484, $1::integer)";
constexpr const char* kWait = "select true from pg_catalog.pg_advisory_xact_lock(1885434484, $1::integer)";

}  // namespace

bool claim_moves(ObjectId parent, bool wait) {
  pg::Spi spi;
  // An OID above 2^31 wraps to a negative integer, which is as good a key.
  auto const key = static_cast<std::int32_t>(parent);
  return spi.query(wait ? kWait : kTry, {std::to_string(key)}).boolean(0, 0);
}

std::optional<MoveState> find_move(ObjectId parent) {
  pg::FreshSnapshot const now;
  if (!pg::data_table_exists(kMoves)) return std::nullopt;
  pg::SqlResult const rows = pg::read_data(
      "select owner, phase, source, block, rows, plan from deal_advisor_data.partition_move where parent = "
      "$1::oid",
      {std::to_string(parent)});
  if (rows.empty()) return std::nullopt;
  MoveState state;
  state.owner = rows.oid(0, 0);
  state.phase = phase_of(rows.text(0, 1));
  state.source = rows.int8(0, 2);
  state.block = rows.int8(0, 3);
  state.rows = rows.int8(0, 4);
  state.move = partition::move_from_json(Json::parse(rows.text(0, 5)));
  return state;
}

std::vector<ObjectId> moves_under_way() {
  pg::FreshSnapshot const now;
  std::vector<ObjectId> parents;
  if (!pg::data_table_exists(kMoves)) return parents;
  pg::SqlResult const rows =
      pg::read_data("select parent from deal_advisor_data.partition_move order by started, parent", {});
  for (size_t row = 0; row < rows.size(); ++row)
    parents.push_back(rows.oid(row, 0));
  return parents;
}

void begin_move(const MoveState& state) {
  pg::make_data_table(kMoves);
  partition::Move const& move = state.move;
  pg::write_data(
      "insert into deal_advisor_data.partition_move (parent, schema_name, table_name, owner, kind, phase, "
      "source, block, rows, plan) values ($1::oid, $2, $3, $4::oid, $5, $6, 0, 0, 0, $7::jsonb)",
      {std::to_string(move.parent), move.schema, move.table, std::to_string(state.owner),
       std::string(partition::name_of(move.kind)), name_of(state.phase), partition::to_json(move).dump()});
}

void save_move(const MoveState& state, const MoveState& before) {
  std::int64_t const rows = pg::write_data(
      "update deal_advisor_data.partition_move set phase = $2, source = $3::bigint, block = $4::bigint, rows "
      "= "
      "$5::bigint, updated = pg_catalog.clock_timestamp() where parent = $1::oid and phase = $6 and source = "
      "$7::bigint and block = $8::bigint",
      {std::to_string(state.move.parent), name_of(state.phase), std::to_string(state.source),
       std::to_string(state.block), std::to_string(state.rows), name_of(before.phase),
       std::to_string(before.source), std::to_string(before.block)});
  if (rows != 1) throw Error("55006", "another session has gone on with moving these rows");
}

void save_plan(const MoveState& state) {
  pg::write_data("update deal_advisor_data.partition_move set plan = $2::jsonb where parent = $1::oid",
                 {std::to_string(state.move.parent), partition::to_json(state.move).dump()});
}

void end_move(const MoveState& state) {
  pg::write_data("delete from deal_advisor_data.partition_move where parent = $1::oid",
                 {std::to_string(state.move.parent)});
}

}  // namespace deal::server
