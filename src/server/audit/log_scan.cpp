#include "server/audit/log_scan.hpp"

#include <fmt/format.h>

#include "core/audit/log_schema.hpp"
#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

constexpr int kBatch = 512;

/// How the bytes of a column's values are taken.
enum class Form : uint8_t { number1, number2, number4, number8, name, uuid, stored, text };

Form form_of(Oid type) {
  switch (type) {
    case BOOLOID:
    case CHAROID:
      return Form::number1;
    case INT2OID:
      return Form::number2;
    case INT4OID:
    case OIDOID:
    case DATEOID:
      return Form::number4;
    case INT8OID:
    case XID8OID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return Form::number8;
    case NAMEOID:
      return Form::name;
    case UUIDOID:
      return Form::uuid;
    case JSONBOID:
    case JSONOID:
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case BYTEAOID:
    case INETOID:
    case CIDROID:
    case NUMERICOID:
      return Form::stored;
    default:
      return Form::text;
  }
}

struct Column {
  Form form;
  FmgrInfo output;
};

/// Where the columns are that a row is known by. A history's header is as an event's.
struct Heads {
  int at = 0;
  int xid = 1;
  int order;
  int started;   ///< -1: none
  int op;        ///< -1: none
  int contents;  ///< an erasure empties the columns from here on
};

constexpr Heads kEvent{0, 1, 3, -1, 6, 7};
constexpr Heads kTransaction{0, 1, 2, 4, -1, 12};
constexpr Oid kHeadTypes[] = {TIMESTAMPTZOID, XID8OID};

void append(StringInfo buffer, const void* bytes, size_t size) {
  appendBinaryStringInfo(buffer, static_cast<const char*>(bytes), static_cast<int>(size));
}

template <class Number>
void append_number(StringInfo buffer, Number value) {
  unsigned char bytes[sizeof(Number)];
  for (size_t i = 0; i < sizeof(Number); ++i)
    bytes[i] = static_cast<unsigned char>(static_cast<uint64>(value) >> (8 * (sizeof(Number) - 1 - i)));
  append(buffer, bytes, sizeof bytes);
}

void append_sized(StringInfo buffer, const void* bytes, size_t size) {
  append_number(buffer, static_cast<uint32>(size));
  append(buffer, bytes, size);
}

/// Appends a value that is not null; true if it left garbage in the current memory context.
bool append_value(StringInfo buffer, Column& column, Datum value) {
  switch (column.form) {
    case Form::number1:
      append_number(buffer, static_cast<uint8>(DatumGetChar(value)));
      return false;
    case Form::number2:
      append_number(buffer, static_cast<uint16>(DatumGetInt16(value)));
      return false;
    case Form::number4:
      append_number(buffer, static_cast<uint32>(DatumGetInt32(value)));
      return false;
    case Form::number8:
      append_number(buffer, static_cast<uint64>(DatumGetInt64(value)));
      return false;
    case Form::name:
      append_sized(buffer, NameStr(*DatumGetName(value)), strlen(NameStr(*DatumGetName(value))));
      return false;
    case Form::uuid:
      append(buffer, DatumGetPointer(value), 16);
      return false;
    case Form::stored: {
      struct varlena* const flat = PG_DETOAST_DATUM_PACKED(value);
      append_sized(buffer, VARDATA_ANY(flat), VARSIZE_ANY_EXHDR(flat));
      return static_cast<void*>(flat) != DatumGetPointer(value);
    }
    default: {
      const char* const text = OutputFunctionCall(&column.output, value);
      append_sized(buffer, text, strlen(text));
      return true;
    }
  }
}

void digest(pg_cryptohash_ctx* hasher, const void* bytes, size_t size, uint8* out) {
  if (pg_cryptohash_init(hasher) < 0 ||
      pg_cryptohash_update(hasher, static_cast<const uint8*>(bytes), size) < 0 ||
      pg_cryptohash_final(hasher, out, sizeof(audit::Digest)) < 0)
    pg::fail_in_call(ERRCODE_INTERNAL_ERROR, "could not compute SHA-256");
}

/// The server frees it when an error ends the transaction; else we must.
pg_cryptohash_ctx* make_hasher() {
  return pg_cryptohash_create(PG_SHA256);
}

}  // namespace

struct LeafScanState {
  Relation relation;
  TableScanDesc scan;
  bool at_end;
  TupleTableSlot* slot;
  MemoryContext row_context;
  pg_cryptohash_ctx* hasher;
  StringInfoData buffer;
  Heads heads;
  Column* columns;
  ScannedRow* rows;
};

namespace {

bool has_heads(TupleDesc shape, const Heads& heads) {
  if (shape->natts <= heads.contents) return false;
  for (int i = 0; i < 2; ++i)
    if (TupleDescAttr(shape, i)->atttypid != kHeadTypes[i] || TupleDescAttr(shape, i)->attisdropped)
      return false;
  Oid const order = TupleDescAttr(shape, heads.order)->atttypid;
  return order == INT4OID || order == INT2OID;
}

void hash_row(LeafScanState* state, ScannedRow& out) {
  TupleTableSlot* const slot = state->slot;
  StringInfo const buffer = &state->buffer;
  resetStringInfo(buffer);
  bool garbage = false;
  int const count = slot->tts_tupleDescriptor->natts;
  for (int i = 0; i < count; ++i) {
    if (slot->tts_isnull[i]) continue;
    append_number(buffer, static_cast<uint16>(i));
    garbage = append_value(buffer, state->columns[i], slot->tts_values[i]) || garbage;
  }
  digest(state->hasher, buffer->data, static_cast<size_t>(buffer->len), out.row.hash.data());
  if (garbage) MemoryContextReset(state->row_context);
}

/// True if the row is wanted; then its identity is noted.
bool take_heads(LeafScanState* state, const RowWindow& window, ScannedRow& out) {
  TupleTableSlot* const slot = state->slot;
  Heads const& heads = state->heads;
  slot_getsomeattrs(slot, 2);
  if (slot->tts_isnull[0] || slot->tts_isnull[1]) return false;
  out.at = DatumGetTimestampTz(slot->tts_values[heads.at]);
  out.row.xid = static_cast<uint64>(DatumGetInt64(slot->tts_values[heads.xid]));
  if (out.row.xid < window.from_xid || out.row.xid >= window.to_xid || out.at < window.from ||
      out.at >= window.to)
    return false;
  slot_getallattrs(slot);
  Datum const order = slot->tts_values[heads.order];
  out.row.order = heads.started >= 0 ? DatumGetInt16(order) : DatumGetInt32(order);
  out.started = heads.started >= 0 ? DatumGetTimestampTz(slot->tts_values[heads.started]) : DT_NOBEGIN;
  out.erased = heads.op < 0 || DatumGetChar(slot->tts_values[heads.op]) != 'T';
  for (int i = heads.contents; i < slot->tts_tupleDescriptor->natts; ++i)
    out.erased = out.erased && slot->tts_isnull[i];
  return true;
}

int scan_batch(LeafScanState* state, const RowWindow& window) {
  int count = 0;
  MemoryContext const outer = MemoryContextSwitchTo(state->row_context);
  while (count < kBatch && !state->at_end) {
    // Asked once more after the last row, a scan would begin anew.
    state->at_end = !table_scan_getnextslot(state->scan, ForwardScanDirection, state->slot);
    if (state->at_end) break;
    if (!take_heads(state, window, state->rows[count])) continue;
    hash_row(state, state->rows[count]);
    ++count;
  }
  MemoryContextSwitchTo(outer);
  return count;
}

LeafScanState* begin_scan(Oid oid, bool is_transactions) {
  Relation const relation = table_open(oid, AccessShareLock);
  TupleDesc const shape = RelationGetDescr(relation);
  Heads const& heads = is_transactions ? kTransaction : kEvent;
  if (!has_heads(shape, heads)) {
    table_close(relation, NoLock);
    return nullptr;
  }
  auto* const state = static_cast<LeafScanState*>(palloc0(sizeof(LeafScanState)));
  state->relation = relation;
  state->heads = heads;
  state->columns = static_cast<Column*>(palloc0(sizeof(Column) * static_cast<size_t>(shape->natts)));
  for (int i = 0; i < shape->natts; ++i) {
    Form_pg_attribute const attribute = TupleDescAttr(shape, i);
    state->columns[i].form = form_of(attribute->atttypid);
    if (state->columns[i].form != Form::text || attribute->attisdropped) continue;
    Oid output = InvalidOid;
    bool varlena = false;
    getTypeOutputInfo(attribute->atttypid, &output, &varlena);
    fmgr_info(output, &state->columns[i].output);
  }
  state->rows = static_cast<ScannedRow*>(palloc(sizeof(ScannedRow) * kBatch));
  initStringInfo(&state->buffer);
  state->row_context =
      AllocSetContextCreate(CurrentMemoryContext, "deal_advisor audit scan", ALLOCSET_DEFAULT_SIZES);
  state->hasher = make_hasher();
  state->slot = table_slot_create(relation, nullptr);
  state->scan = table_beginscan(relation, GetActiveSnapshot(), 0, nullptr);
  return state;
}

}  // namespace

audit::Digest sha256(std::string_view bytes) {
  audit::Digest result;
  pg::call([&] {
    pg_cryptohash_ctx* const hasher = make_hasher();
    digest(hasher, bytes.data(), bytes.size(), result.data());
    pg_cryptohash_free(hasher);
  });
  return result;
}

LeafScan::LeafScan(const LogLeaf& leaf, bool is_transactions)
    : state_(pg::call([&] { return begin_scan(leaf.oid, is_transactions); })) {
  if (state_ == nullptr)
    throw Error("42809", leaf.name + " has not the columns of an audit log")
        .hint("Take the table out of the log, or bring its columns back.");
}

LeafScan::~LeafScan() {
  if (unwinding_.by_server_error()) return;
  try {
    pg::call([&] {
      table_endscan(state_->scan);
      ExecDropSingleTupleTableSlot(state_->slot);
      pg_cryptohash_free(state_->hasher);
      MemoryContextDelete(state_->row_context);
      table_close(state_->relation, NoLock);
    });
  } catch (const std::exception&) {
    return;  // the transaction's end lets go of it
  }
}

std::vector<ScannedRow> LeafScan::at(const std::vector<std::string>& places) {
  std::vector<ScannedRow> rows;
  for (std::string const& place : places) {
    ItemPointerData tid;
    unsigned block = 0;
    unsigned offset = 0;
    if (std::sscanf(place.c_str(), "(%u,%u)", &block, &offset) != 2) continue;
    ItemPointerSet(&tid, block, static_cast<OffsetNumber>(offset));
    bool const found = pg::call([&] {
      MemoryContextSwitchTo(state_->row_context);
      if (!table_tuple_fetch_row_version(state_->relation, &tid, GetActiveSnapshot(), state_->slot))
        return false;
      bool const taken = take_heads(state_, {}, state_->rows[0]);
      if (taken) hash_row(state_, state_->rows[0]);
      return taken;
    });
    if (found) rows.push_back(state_->rows[0]);
  }
  return rows;
}

std::vector<ScannedRow>& LeafScan::next(const RowWindow& window) {
  int const count = pg::call([&] { return scan_batch(state_, window); });
  rows_.assign(state_->rows, state_->rows + count);
  return rows_;
}

namespace {

/// A partition's upper bound, in microseconds since 2000; null where it is no time.
constexpr const char* kLeaves =
    "select c.oid, c.relkind = 'r' and m.amname = 'heap', (extract(epoch from (case when i.inhparent = r.oid "
    "then "
    "pg_catalog.substring(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([0-9][^'']*)''\\)') "
    "end)::timestamptz) * 1000000)::bigint - 946684800000000, n.nspname, c.relname from pg_catalog.pg_class "
    "r cross join "
    "lateral (select r.oid where r.relkind <> 'p' union select t.relid::oid from "
    "pg_catalog.pg_partition_tree(r.oid) t where "
    "t.isleaf) t (relid) join pg_catalog.pg_class c on c.oid = t.relid join pg_catalog.pg_namespace n on "
    "n.oid = "
    "c.relnamespace left join pg_catalog.pg_am m on m.oid = c.relam left join pg_catalog.pg_inherits i on "
    "i.inhrelid = "
    "c.oid where r.oid = $1::pg_catalog.regclass order by c.oid";

void add_leaves(pg::Spi& spi, const LogPlace& log, const std::string& table, LogRelations& found) {
  std::string const name = quote_qualified(log.schema, table);
  if (spi.query("select pg_catalog.to_regclass($1)", {name}).is_null(0, 0)) return;
  pg::SqlResult const rows = spi.query(kLeaves, {name});
  for (size_t row = 0; row < rows.size(); ++row)
    found.leaves.push_back({rows.oid(row, 0), static_cast<int>(found.names.size()) - 1,
                            rows.is_null(row, 2) ? DT_NOEND : rows.int8(row, 2), rows.boolean(row, 1),
                            quote_qualified(rows.text(row, 3), rows.text(row, 4))});
}

}  // namespace

LogRelations read_log_relations(const LogPlace& log) {
  LogRelations found;
  pg::Spi spi;
  auto const add = [&](const std::string& table, const std::string& overflow) {
    found.names.push_back(table);
    add_leaves(spi, log, table, found);
    add_leaves(spi, log, overflow, found);
  };
  add(audit::kEvents, audit::kOverflow);
  add(audit::kTransactions, audit::kTransactionOverflow);
  pg::SqlResult const histories =
      spi.query(fmt::format("select history from {} where history is not null order by history",
                            quote_qualified(log.schema, audit::kTables)));
  for (size_t row = 0; row < histories.size(); ++row)
    add(histories.text(row, 0), audit::history_overflow(histories.text(row, 0)));
  return found;
}

struct SettingsForHashing::Settings {
  pg::LocalSettings local;
};

SettingsForHashing::SettingsForHashing() : settings_(std::make_unique<Settings>()) {
  for (auto const& [name, value] :
       {std::pair("TimeZone", "UTC"), std::pair("DateStyle", "ISO, MDY"),
        std::pair("IntervalStyle", "postgres"), std::pair("bytea_output", "hex"),
        std::pair("extra_float_digits", "1"), std::pair("lc_monetary", "C"), std::pair("xmlbinary", "base64"),
        std::pair("search_path", "pg_catalog, pg_temp")})
    settings_->local.set(name, value);
}

SettingsForHashing::~SettingsForHashing() = default;

}  // namespace deal::server
