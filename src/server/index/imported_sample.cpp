#include "server/index/imported_sample.hpp"

#include <algorithm>
#include <set>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/index/export_sample.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/index/block_choice.hpp"
#include "server/index/stand_in.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

constexpr uint32_t kShortest = 127;  ///< bytes from which a value of varying length is stored aligned

/// The lines about one relation's sample.
pg::SqlResult read_lines(Oid relation, const char* kind) {
  pg::AsRole const owner(imported_table_owner());
  pg::Spi spi;
  return spi.query(
      "select i.part, i.body from deal_advisor.imported as i"
      " join pg_catalog.pg_namespace as n on n.nspname = i.schema_name"
      " join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = i.relation_name"
      " where c.oid = $1::oid and i.kind = $2 order by i.part",
      {std::to_string(relation), kind});
}

struct TypeStorage {
  Oid type;
  int16 length;
  bool by_value;
  char align;
};

TypeStorage storage_of(Oid relation, AttrNumber attno) {
  TypeStorage out{getBaseType(get_atttype(relation, attno)), 0, false, 'i'};
  get_typlenbyvalalign(out.type, &out.length, &out.by_value, &out.align);
  return out;
}

uint8_t align_bytes(char align) {
  return align == TYPALIGN_CHAR ? 1 : align == TYPALIGN_SHORT ? 2 : align == TYPALIGN_INT ? 4 : 8;
}

/// What the values take in an index.
StoredColumn stored(const index::ExportedColumn& column, const TypeStorage& type) {
  StoredColumn out;
  bool uniform = true;
  for (uint32_t const value : column.value) {
    bool const null = value == index::ExportedColumn::kNull;
    uint32_t const bytes = null              ? 0
                           : type.length > 0 ? static_cast<uint32_t>(type.length)
                                             : column.bytes[value];
    bool const is_short = type.length == -1 && bytes < kShortest;
    out.hash.push_back(null ? kNullHash : mix64(value + 1));
    out.size.push_back(bytes);
    out.align.push_back(null ? 0 : is_short || type.length == -2 ? 1 : align_bytes(type.align));
    uniform = uniform && out.size.back() == out.size.front() && out.align.back() == out.align.front();
  }
  out.uniform = uniform;
  out.widest = static_cast<size_t>(std::max_element(out.size.begin(), out.size.end()) - out.size.begin());
  return out;
}

/// The common values and the histogram of a column; empty slots where there are none.
struct Known {
  AttStatsSlot common;
  AttStatsSlot histogram;
  AttStatsSlot elements;
};

Known known_values(Oid relation, AttrNumber attno) {
  Known out{};
  HeapTuple const statistics = imported_statistics(relation, attno, false);
  if (statistics == nullptr) return out;
  if (!get_attstatsslot(&out.common, statistics, STATISTIC_KIND_MCV, InvalidOid, ATTSTATSSLOT_VALUES))
    out.common = {};
  if (!get_attstatsslot(&out.histogram, statistics, STATISTIC_KIND_HISTOGRAM, InvalidOid,
                        ATTSTATSSLOT_VALUES))
    out.histogram = {};
  if (!get_attstatsslot(&out.elements, statistics, STATISTIC_KIND_MCELEM, InvalidOid,
                        ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS))
    out.elements = {};
  return out;
}

/// One stand-in for each value of a column.
struct StandIns {
  Datum* values;
  bool* nulls;
};

/// How many values fall into each bucket of the histogram, then how many of them have had their turn.
std::vector<int> count_buckets(const index::ExportedColumn& column, int buckets) {
  std::vector<int> counts(static_cast<size_t>(buckets) + 2);
  for (int32_t const place : column.place)
    if (int const bucket = index::place_of(place).bucket; bucket >= 0 && bucket <= buckets)
      ++counts[static_cast<size_t>(bucket)];
  return counts;
}

struct Wanted {
  index::ValuePlace place;
  double share;  ///< of the bucket
  uint32_t bytes;
  uint32_t number;
};

Datum stand_in(const TypeStorage& type, const Known& known, const Wanted& wanted, bool* null) {
  auto const& [place, share, bytes, number] = wanted;
  if (known.elements.nvalues > 0 && known.elements.nvalues <= known.elements.nnumbers)
    return collection({&known.elements, known.elements.valuetype, type.type == TSVECTOROID}, bytes, number,
                      null);
  *null = false;
  if (place.common >= 0 && place.common < known.common.nvalues) return known.common.values[place.common];
  int const last = known.histogram.nvalues - 1;
  if (last < 1) return numbered(type.type, number, null);
  int const bucket =
      place.bucket >= 0 ? place.bucket : static_cast<int>(mix64(number) % static_cast<uint64_t>(last));
  int const low = std::clamp(bucket - 1, 0, last - 1);
  return between(type.type, {known.histogram.values[low], known.histogram.values[low + 1], share, number});
}

/// The values of a bucket are spread over it in the order in which they appear.
StandIns stand_ins(const index::ExportedColumn& column, const TypeStorage& type, const Known& known) {
  size_t const count = column.place.size();
  StandIns out = pg::call([&] {
    return StandIns{static_cast<Datum*>(palloc0(sizeof(Datum) * (count + 1))),
                    static_cast<bool*>(palloc0(sizeof(bool) * (count + 1)))};
  });
  int const buckets = std::max(known.histogram.nvalues, 0);
  std::vector<int> const all = count_buckets(column, buckets);
  std::vector<int> done(all.size());
  for (size_t value = 0; value < count; ++value) {
    index::ValuePlace const place = index::place_of(column.place[value]);
    double share = 0.5;
    if (place.bucket >= 0 && place.bucket <= buckets) {
      auto const bucket = static_cast<size_t>(place.bucket);
      share = (done[bucket]++ + 0.5) / all[bucket];
    }
    Wanted const wanted{place, share, column.bytes[value], static_cast<uint32_t>(value)};
    out.values[value] = pg::call([&] { return stand_in(type, known, wanted, &out.nulls[value]); });
  }
  return out;
}

/// All cells of the rows, column by column of the table.
struct Cells {
  Datum* values;
  bool* nulls;
  int columns;
  int rows;
};

void fill(Cells& cells, AttrNumber attno, const index::ExportedColumn& column, const StandIns& values) {
  for (int row = 0; row < cells.rows; ++row) {
    uint32_t const value = column.value[static_cast<size_t>(row)];
    size_t const at =
        static_cast<size_t>(row) * static_cast<size_t>(cells.columns) + static_cast<size_t>(attno) - 1;
    bool const null = value == index::ExportedColumn::kNull;
    cells.nulls[at] = null || values.nulls[value];
    if (!cells.nulls[at]) cells.values[at] = values.values[value];
  }
}

Cells no_cells(Oid relation, int rows) {
  return pg::call([&] {
    Relation const table = table_open(relation, AccessShareLock);
    int const columns = RelationGetDescr(table)->natts;
    table_close(table, NoLock);
    size_t const count = static_cast<size_t>(rows) * static_cast<size_t>(columns) + 1;
    Cells cells{static_cast<Datum*>(MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(Datum))),
                static_cast<bool*>(MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(bool))),
                columns, rows};
    std::fill_n(cells.values, count, Datum{0});
    std::fill_n(cells.nulls, count, true);
    return cells;
  });
}

HeapTuple* form_rows(Oid relation, const Cells& cells, const std::vector<uint32_t>& blocks) {
  uint32_t const* const block = blocks.data();
  return pg::call([&] {
    Relation const table = table_open(relation, AccessShareLock);
    auto* rows = static_cast<HeapTuple*>(palloc(sizeof(HeapTuple) * static_cast<size_t>(cells.rows + 1)));
    OffsetNumber offset = 0;
    for (int row = 0; row < cells.rows; ++row) {
      size_t const at = static_cast<size_t>(row) * static_cast<size_t>(cells.columns);
      rows[row] = heap_form_tuple(RelationGetDescr(table), cells.values + at, cells.nulls + at);
      offset =
          row > 0 && block[row] == block[row - 1] ? static_cast<OffsetNumber>(offset + 1) : FirstOffsetNumber;
      ItemPointerSet(&rows[row]->t_self, block[row], offset);
    }
    table_close(table, NoLock);
    return rows;
  });
}

}  // namespace

namespace {

/// Which rows lie in the blocks that a smaller sample would have taken.
std::vector<bool> rows_to_keep(const index::ExportedSample& sample, double wanted_blocks) {
  auto const blocks = static_cast<BlockNumber>(sample.table_blocks);
  BlockChoice choice = pg::call([&] { return BlockChoice(blocks, wanted_blocks); });
  std::vector<bool> keep;
  BlockNumber chosen = choice.next();
  for (uint32_t const block : sample.blocks) {
    while (chosen != InvalidBlockNumber && chosen < block)
      chosen = choice.next();
    keep.push_back(chosen == block);
  }
  return keep;
}

template <class T>
void drop_others(std::vector<T>& values, const std::vector<bool>& keep) {
  size_t kept = 0;
  for (size_t i = 0; i < values.size(); ++i)
    if (keep[i]) values[kept++] = values[i];
  values.resize(kept);
}

/// Blocks without a row weren't noted, unless all blocks were taken.
BlockNumber blocks_taken(const index::ExportedSample& sample, double wanted_blocks) {
  if (wanted_blocks >= static_cast<double>(sample.table_blocks))
    return static_cast<BlockNumber>(sample.sampled_blocks);
  return static_cast<BlockNumber>(std::set<uint32_t>(sample.blocks.begin(), sample.blocks.end()).size());
}

}  // namespace

bool has_imported_rows(Oid relation) {
  const ImportedRelation* const figures = imported(relation);
  return figures != nullptr && figures->sampled;
}

ImportedRows imported_rows(Oid relation, double wanted_blocks) {
  index::ExportedSample sample = index::read_sample(read_lines(relation, "sample").text(0, 1));
  size_t const exported = sample.blocks.size();
  std::vector<bool> const keep = rows_to_keep(sample, wanted_blocks);
  drop_others(sample.blocks, keep);
  auto const lines = read_lines(relation, "sampled");
  ImportedRows out{};
  out.count = static_cast<int>(sample.blocks.size());
  out.table_blocks = static_cast<BlockNumber>(sample.table_blocks);
  out.sampled_blocks = blocks_taken(sample, wanted_blocks);
  Cells cells = no_cells(relation, out.count);
  for (size_t line = 0; line < lines.size(); ++line) {
    pg::check_for_interrupts();
    std::string const name = lines.text(line, 0);
    AttrNumber const attno = pg::call([&] { return get_attnum(relation, name.c_str()); });
    if (attno <= 0) continue;
    index::ExportedColumn column = index::read_sampled(lines.text(line, 1), exported);
    drop_others(column.value, keep);
    TypeStorage const type = pg::call([&] { return storage_of(relation, attno); });
    out.columns.emplace(attno, stored(column, type));
    Known const known = pg::call([&] { return known_values(relation, attno); });
    fill(cells, attno, column, stand_ins(column, type, known));
  }
  out.rows = form_rows(relation, cells, sample.blocks);
  return out;
}

}  // namespace deal::server
