#include "server/index/imported_sample.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/index/export_sample.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/index/block_choice.hpp"
#include "server/index/imported_values.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

constexpr size_t kMostExported = 200'000;  ///< rows of a sample
constexpr int kAllRows = 1'000'000;

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

/// Blocks in ascending order, in the current memory context.
struct ChosenBlocks {
  BlockNumber* blocks;
  size_t count;
};

ChosenBlocks choose_blocks(BlockNumber blocks, double wanted) {
  return pg::call([&] {
    auto const room = static_cast<size_t>(std::fmin(blocks, 2 * wanted + 64)) + 1;
    ChosenBlocks out{static_cast<BlockNumber*>(palloc_extended(room * sizeof(BlockNumber), MCXT_ALLOC_HUGE)),
                     0};
    BlockChoice choice(blocks, wanted);
    for (BlockNumber block = choice.next(); block != InvalidBlockNumber && out.count < room;
         block = choice.next())
      out.blocks[out.count++] = block;
    return out;
  });
}

/// The rows that a smaller sample would have taken: those in its blocks, and of these the ones that it
/// `takes`.
template <class Takes>
std::vector<bool> rows_to_keep(const index::ExportedSample& sample, double wanted_blocks, Takes&& takes) {
  ChosenBlocks const chosen = choose_blocks(static_cast<BlockNumber>(sample.table_blocks), wanted_blocks);
  std::vector<bool> keep;
  size_t at = 0;
  for (size_t row = 0; row < sample.blocks.size(); ++row) {
    while (at < chosen.count && chosen.blocks[at] < sample.blocks[row])
      ++at;
    keep.push_back(at < chosen.count && chosen.blocks[at] == sample.blocks[row] && takes(row));
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

/// Blocks without a row are not noted, but were read.
BlockNumber blocks_taken(const index::ExportedSample& sample, double wanted_blocks) {
  double const wanted = std::fmin(wanted_blocks, static_cast<double>(sample.wanted_blocks));
  ChosenBlocks const chosen = choose_blocks(static_cast<BlockNumber>(sample.table_blocks), wanted);
  BlockNumber* const end = chosen.blocks + chosen.count;
  bool const cut_off = sample.blocks.size() >= kMostExported;
  return static_cast<BlockNumber>(
      (cut_off ? std::upper_bound(chosen.blocks, end, sample.blocks.back()) : end) - chosen.blocks);
}

/// The noted rows of one kind of lines that `keep` tells to keep; `each` sees every column.
template <class Each>
HeapTuple* make_rows(Oid relation, const char* kind, const index::ExportedSample& sample,
                     const std::vector<bool>& keep, Each&& each) {
  auto const lines = read_lines(relation, kind);
  std::vector<uint32_t> blocks = sample.blocks;
  drop_others(blocks, keep);
  Cells cells = no_cells(relation, static_cast<int>(blocks.size()));
  for (size_t line = 0; line < lines.size(); ++line) {
    pg::check_for_interrupts();
    std::string const name = lines.text(line, 0);
    AttrNumber const attno = pg::call([&] { return get_attnum(relation, name.c_str()); });
    if (attno <= 0) continue;
    index::ExportedColumn column = index::read_sampled(lines.text(line, 1), sample.blocks.size());
    drop_others(column.value, keep);
    each(attno, column);
    fill(cells, attno, column, stand_ins(relation, attno, column));
  }
  return form_rows(relation, cells, blocks);
}

}  // namespace

bool has_imported_rows(Oid relation) {
  const ImportedRelation* const figures = imported(relation);
  return figures != nullptr && figures->sampled;
}

ImportedBlocks imported_blocks(Oid relation, int target_rows) {
  const ImportedRelation& figures = *imported(relation);
  double const wanted = blocks_holding(figures.density, figures.pages, target_rows);
  index::ExportedSample const sample = index::read_sample(read_lines(relation, "sample").text(0, 1));
  std::vector<bool> const keep = rows_to_keep(sample, wanted, [](size_t) { return true; });
  ImportedBlocks out{};
  out.count = static_cast<int>(std::count(keep.begin(), keep.end(), true));
  out.table_blocks = static_cast<BlockNumber>(sample.table_blocks);
  out.sampled_blocks = blocks_taken(sample, wanted);
  out.rows = make_rows(relation, "sampled", sample, keep, [&](AttrNumber attno, const auto& column) {
    out.columns.emplace(attno, stored_as_exported(relation, attno, column));
  });
  return out;
}

ImportedRows imported_rows(Oid relation, int target_rows) {
  const ImportedRelation& figures = *imported(relation);
  auto const lines = read_lines(relation, "row_sample");
  if (lines.empty()) {
    ImportedBlocks const blocks = imported_blocks(relation, kAllRows);
    return {blocks.rows, blocks.count};
  }
  index::ExportedSample const sample = index::read_sample(lines.text(0, 1));
  if (sample.offsets.size() != sample.blocks.size())
    throw Error("22023", "an exported sample contradicts itself").detail("A row has no place.");
  RowChoice const choice(static_cast<BlockNumber>(sample.table_blocks), figures.density, target_rows);
  std::vector<bool> const keep = rows_to_keep(sample, target_rows, [&](size_t row) {
    ItemPointerData place;
    ItemPointerSet(&place, sample.blocks[row], sample.offsets[row]);
    return choice.takes(place);
  });
  HeapTuple* const rows = make_rows(relation, "row_sampled", sample, keep, [](AttrNumber, const auto&) {});
  return {rows, static_cast<int>(std::count(keep.begin(), keep.end(), true))};
}

}  // namespace deal::server
