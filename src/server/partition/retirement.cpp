#include "server/partition/retirement.hpp"

#include <algorithm>

#include "server/bridge/data_table.hpp"

namespace deal::server {

namespace {

using partition::Action;
using partition::Position;
using partition::Situation;

constexpr pg::DataTable kRetirement{
    "partition_retirement",
    "relation oid primary key, schema_name name not null, table_name name not null, partition_schema name "
    "not "
    "null, partition name not null, lower_position bigint not null, upper_position bigint not null, detached "
    "boolean not null, begun timestamptz not null default pg_catalog.clock_timestamp()"};

std::string oid_of(const Action& action) {
  return std::to_string(action.oid);
}

void change_note(const char* sql, const Action& action) {
  if (pg::data_table_exists(kRetirement)) pg::write_data(sql, {oid_of(action)});
}

/// The set's notes on relations that still are what was noted, with what they are now.
pg::SqlResult read_notes(const StoredSet& stored) {
  return pg::read_data(
      "select r.relation, r.partition_schema, r.partition, r.lower_position, r.upper_position, r.detached, "
      "c.relispartition from deal_advisor_data.partition_retirement r join pg_catalog.pg_class c on c.oid = "
      "r.relation and c.relname = r.partition and c.relowner = $3::oid join pg_catalog.pg_namespace n on "
      "n.oid "
      "= c.relnamespace and n.nspname = r.partition_schema where r.schema_name = $1 and r.table_name = $2",
      {stored.set.schema, stored.set.table, std::to_string(stored.owner)});
}

void mark_retiring(Situation& situation, ObjectId relation, Position retained) {
  for (auto& partition : situation.partitions) {
    if (partition.oid == relation && partition.upper <= retained) partition.retiring = true;
  }
}

}  // namespace

void note_retirement(const StoredSet& stored, const Action& action) {
  pg::make_data_table(kRetirement);
  pg::write_data(
      "insert into deal_advisor_data.partition_retirement values ($1::oid, $2, $3, $4, $5, $6::bigint, "
      "$7::bigint, false) on conflict (relation) do update set (schema_name, table_name, partition_schema, "
      "partition, lower_position, upper_position, detached, begun) = (excluded.schema_name, "
      "excluded.table_name, excluded.partition_schema, excluded.partition, excluded.lower_position, "
      "excluded.upper_position, excluded.detached, excluded.begun)",
      {oid_of(action), stored.set.schema, stored.set.table, action.schema, action.partition,
       std::to_string(action.lower), std::to_string(action.upper)});
}

void forget_unless_pending(const Action& action) {
  change_note(
      "delete from deal_advisor_data.partition_retirement r where r.relation = $1::oid and not exists "
      "(select "
      "from pg_catalog.pg_inherits i where i.inhrelid = r.relation and i.inhdetachpending)",
      action);
}

void note_detached(const Action& action) {
  change_note("update deal_advisor_data.partition_retirement set detached = true where relation = $1::oid",
              action);
}

void forget_retirement(const Action& action) {
  change_note("delete from deal_advisor_data.partition_retirement where relation = $1::oid", action);
}

std::vector<Action> recall_retirements(const StoredSet& stored, Situation& situation) {
  std::vector<Action> rest;
  if (!pg::data_table_exists(kRetirement)) return rest;
  Position const retained = partition::retained_from(stored.set, situation);
  pg::SqlResult const notes = read_notes(stored);
  for (size_t row = 0; row < notes.size(); ++row) {
    ObjectId const relation = notes.oid(row, 0);
    bool const is_partition = notes.boolean(row, 6);
    if (is_partition) mark_retiring(situation, relation, retained);
    bool const left = !is_partition && notes.boolean(row, 5) && notes.int8(row, 4) <= retained &&
                      stored.set.retire != partition::Retire::detach;
    if (!left) continue;
    Action action;
    action.kind = partition::action_of(stored.set.retire);
    action.schema = notes.text(row, 1);
    action.partition = notes.text(row, 2);
    action.lower = notes.int8(row, 3);
    action.upper = notes.int8(row, 4);
    action.oid = relation;
    action.attached = false;
    rest.push_back(std::move(action));
  }
  return rest;
}

}  // namespace deal::server
