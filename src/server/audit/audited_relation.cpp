#include "server/audit/audited_relation.hpp"

#include <fmt/format.h>

#include "core/audit/log_schema.hpp"
#include "core/base/quote.hpp"
#include "server/audit/compare.hpp"
#include "server/audit/encode.hpp"
#include "server/audit/history_target.hpp"
#include "server/audit/log.hpp"
#include "server/audit/relation_layout.hpp"
#include "server/audit/sink.hpp"
#include "server/bridge/member_table.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/subtransaction.hpp"

extern "C" {
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

HTAB* all_relations = nullptr;
AuditedRelation* last_used = nullptr;  // most rows are of the same relation as the one before
bool any_tentative = false;
bool capturing = false;  ///< an entry is in use

void on_relcache(Datum, Oid relation) {
  forget_audited(relation);
  forget_in_sinks(relation);
}

AuditedRelation* entry_of(Oid trigger) {
  if (all_relations == nullptr) {
    HASHCTL control{};
    control.keysize = sizeof(Oid);
    control.entrysize = sizeof(AuditedRelation);
    all_relations = hash_create("deal_advisor audited relations", 64, &control, HASH_ELEM | HASH_BLOBS);
    CacheRegisterRelcacheCallback(on_relcache, Datum{0});
  }
  bool found = false;
  auto* const entry = static_cast<AuditedRelation*>(hash_search(all_relations, &trigger, HASH_ENTER, &found));
  if (found) return entry;
  *entry = AuditedRelation{};
  entry->trigger = trigger;
  return entry;
}

/// For a change that another one's capture causes (a cast of somebody that writes): the usual entry is in
/// use.
AuditedRelation* passing_entry(Oid trigger) {
  auto* const entry = static_cast<AuditedRelation*>(palloc0(sizeof(AuditedRelation)));
  entry->trigger = trigger;
  return entry;
}

uint64_t* no_columns(const AuditedRelation& entry) {
  return static_cast<uint64_t*>(
      MemoryContextAllocZero(entry.memory, sizeof(uint64_t) * static_cast<size_t>(entry.words)));
}

/// Columns that are never part of an image: ignored ones, and what is computed when it is read.
bool is_absent(Form_pg_attribute column, audit::Treatment treatment) {
#if PG_VERSION_NUM >= 180000
  if (column->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL) return true;
#endif
  (void)column;
  return treatment == audit::Treatment::ignored;
}

/// Fills what the layout says about columns. Inside pg::call; `columns` are plain values of the layout.
void set_columns(AuditedRelation& entry, TupleDesc shape, const EncodedColumn* columns, int count,
                 const void* salt, size_t salt_size) {
  entry.words = column_words(shape->natts);
  entry.skipped = no_columns(entry);
  entry.keys = no_columns(entry);
  entry.scratch = no_columns(entry);
  for (int i = 0; i < count; ++i)
    if (columns[i].treatment == audit::Treatment::ignored) add_column(entry.skipped, columns[i].number - 1);
  entry.encoder = make_row_encoder(shape, columns, count, salt, salt_size, entry.memory);
}

void set_key(AuditedRelation& entry, TupleDesc shape, const AttrNumber* numbers, int count) {
  entry.key_count = count;
  for (int i = 0; i < count; ++i) {
    set_key_column(entry.key[i], numbers[i], TupleDescAttr(shape, numbers[i] - 1)->atttypid, entry.memory);
    add_column(entry.keys, numbers[i] - 1);
  }
}

HistoryTable history_of(const AuditedTable& table, Oid schema) {
  std::string const overflow = audit::history_overflow(table.history);
  HistoryTable history;
  history.columns = table.history_columns;
  pg::call([&] {
    history.relation = get_relname_relid(table.history.c_str(), schema);
    history.overflow = get_relname_relid(overflow.c_str(), schema);
  });
  return history;
}

/// Makes the plain entry of what was read.
void fill(AuditedRelation& entry, const TriggerData& trigger, const AuditedTable& table,
          const audit::Layout& layout) {
  TupleDesc const shape = RelationGetDescr(trigger.tg_relation);
  std::vector<EncodedColumn> columns;
  bool hides_values = false;
  for (audit::LayoutColumn const& column : layout.columns) {
    bool const absent = is_absent(TupleDescAttr(shape, column.number - 1), column.treatment);
    hides_values = hides_values || column.treatment == audit::Treatment::redacted ||
                   column.treatment == audit::Treatment::hashed;
    columns.push_back(
        {static_cast<AttrNumber>(column.number), absent ? audit::Treatment::ignored : column.treatment});
  }
  std::vector<AttrNumber> keys;
  for (int const id : table.key_columns)
    if (const audit::LayoutColumn* const column = layout.by_id(id))
      keys.push_back(static_cast<AttrNumber>(column->number));
  // A key that lost a column tells rows apart no more: then the whole row does.
  if (keys.size() != table.key_columns.size()) keys.clear();
  StatementText const with_text = hides_values ? StatementText::without_literals : StatementText::whole;
  entry.text = table.statement ? with_text : StatementText::none;
  entry.insert_image = table.insert_image || keys.empty();
  entry.truncate_rows = table.truncate_rows;
  entry.table = table.table;
  entry.layout = layout.number;
  pg::call([&] {
    set_columns(entry, shape, columns.data(), static_cast<int>(columns.size()), table.salt.data(),
                table.salt.size());
    set_key(entry, shape, keys.data(), static_cast<int>(keys.size()));
  });
  entry.history = nullptr;
  entry.history_table = InvalidOid;
  if (table.mode != "typed" || table.history.empty()) return;
  HistoryTable const history = history_of(table, entry.log->schema);
  entry.history_table = history.relation;
  entry.history = make_history_target(history, layout, shape, entry.memory);
}

/// Anybody may put this trigger on a table of theirs: it must not write where they could not. The log's owner
/// may, and whoever has enabled auditing of this very table.
bool is_trusted(const AuditedTable& table, Oid root, Oid log_owner) {
  Oid const owner = pg::relation_owner(root);
  return owner == log_owner || table.incarnation == incarnation_of(root) ||
         table.owner == pg::role_name(owner);
}

void make(AuditedRelation& entry, const TriggerData& trigger) {
  Trigger const& definition = *trigger.tg_trigger;
  if (definition.tgnargs < 2) throw Error("39P01", "the audit trigger has no arguments");
  std::string const schema = definition.tgargs[0];
  auto const number = static_cast<int32>(std::strtol(definition.tgargs[1], nullptr, 10));
  entry.log = pg::call([&] { return find_log(definition.tgargs[0]); });
  if (entry.log == nullptr)
    throw Error("42P01", "there is no audit log in schema " + quote_identifier(schema));
  Oid const log_owner = pg::relation_owner(entry.log->config);
  LogConfig const config(schema, log_owner);
  std::optional<AuditedTable> const table = config.table(number);
  if (!table)
    throw Error("42P01",
                fmt::format("the audit log in schema {} has no table {}", quote_identifier(schema), number));
  Oid const root = root_of(RelationGetRelid(trigger.tg_relation), *table);
  if (!is_trusted(*table, root, log_owner))
    throw Error("42501", "the audit log in schema " + quote_identifier(schema) + " belongs to another table");
  RecordedLayout const recorded = record_layout(config, *table, root, RelationGetRelid(trigger.tg_relation));
  entry.tentative = recorded.is_new;
  fill(entry, trigger, *table, recorded.layout);
  entry.usable = table->enabled;
}

void warn(const TriggerData& trigger, const std::string& why) {
  pg::warning("changes of table \"" + std::string(RelationGetRelationName(trigger.tg_relation)) +
                  "\" are not recorded: " + why,
              "deal_advisor.audit_status() shows the state of the log, and the call that mends it.");
}

void remake(AuditedRelation& entry, const TriggerData& trigger) {
  pg::call([&] {
    if (entry.memory != nullptr) MemoryContextDelete(entry.memory);
    entry.memory = nullptr;
    entry.memory = AllocSetContextCreate(capturing ? CurrentMemoryContext : TopMemoryContext,
                                         "deal_advisor audited relation", ALLOCSET_SMALL_SIZES);
  });
  entry.relation = RelationGetRelid(trigger.tg_relation);
  entry.usable = false;
  entry.tentative = true;
  any_tentative = true;
  entry.valid = true;  // a message that comes meanwhile makes it false again
  std::optional<pg::Failure> const failure =
      pg::attempt(pg::OnSuccess::commit, [&] { make(entry, trigger); });
  if (failure) warn(trigger, failure->message);
}

}  // namespace

AuditedRelation* audited_relation(const TriggerData& trigger) {
  Oid const key = trigger.tg_trigger->tgoid;
  if (!capturing && last_used != nullptr && last_used->trigger == key && last_used->valid) return last_used;
  AuditedRelation* const entry = pg::call([&] { return capturing ? passing_entry(key) : entry_of(key); });
  for (int tries = 0; !entry->valid && tries < 3; ++tries)
    remake(*entry, trigger);
  if (!capturing) last_used = entry;
  return entry;
}

void settle_audited(bool committed) {
  if (!any_tentative || all_relations == nullptr) return;
  any_tentative = false;
  HASH_SEQ_STATUS scan;
  hash_seq_init(&scan, all_relations);
  while (auto* const entry = static_cast<AuditedRelation*>(hash_seq_search(&scan))) {
    if (!entry->tentative) continue;
    entry->tentative = false;
    if (!committed || !entry->usable) entry->valid = false;
  }
}

Capturing::Capturing() : outer_(std::exchange(capturing, true)) {}

Capturing::~Capturing() {
  capturing = outer_;
}

void forget_audited(Oid relation) {
  if (all_relations == nullptr) return;
  HASH_SEQ_STATUS scan;
  hash_seq_init(&scan, all_relations);
  while (auto* const entry = static_cast<AuditedRelation*>(hash_seq_search(&scan))) {
    bool const of_log =
        entry->log != nullptr && (relation == entry->log->config || relation == entry->history_table);
    if (relation == InvalidOid || relation == entry->relation || of_log) entry->valid = false;
  }
}

}  // namespace deal::server
