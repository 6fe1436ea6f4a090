#include "server/index/extent.hpp"

#include <algorithm>
#include <cmath>

#include "server/bridge/time_limit.hpp"
#include "server/index/imported_sample.hpp"
#include "server/index/method_extent.hpp"
#include "server/index/method_sample.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "access/visibilitymap.h"
#include "catalog/partition.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_statistic.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/plancat.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

constexpr int kSampledLeaves = 8;  ///< the largest ones; the rest are scaled from them

index::ColumnStatistics column_statistics(Oid table, AttrNumber attno, bool key) {
  struct Raw {
    double distinct, width, nulls;
    int16 length;
    char align;
  };
  Raw const raw = pg::call([&] {
    Raw out{-0.1, 8, 0, 8, 'd'};
    bool by_value = false;
    get_typlenbyvalalign(get_atttype(table, attno), &out.length, &by_value, &out.align);
    out.width = out.length > 0 ? out.length : 16;
    HeapTuple const tuple = find_statistics(table, attno, false);
    if (!HeapTupleIsValid(tuple)) return out;
    auto const* row = reinterpret_cast<Form_pg_statistic>(GETSTRUCT(tuple));
    out.distinct = row->stadistinct == 0 ? -0.1 : row->stadistinct;
    out.width = row->stawidth;
    out.nulls = row->stanullfrac;
    release_statistics(tuple);
    return out;
  });
  index::ColumnStatistics statistics;
  statistics.distinct = raw.distinct;
  statistics.average_width = raw.width;
  statistics.null_fraction = raw.nulls;
  statistics.varlena = raw.length == -1;
  statistics.alignment = raw.align == 'c' ? 1 : raw.align == 's' ? 2 : raw.align == 'i' ? 4 : 8;
  statistics.key = key;
  return statistics;
}

IndexExtent extent_of(const index::SizeEstimate& size) {
  return {static_cast<BlockNumber>(size.pages),
          size.rows,
          size.root_level,
          {size.entry_pages, size.data_pages, size.distinct_keys}};
}

index::BtreeShape shape_of(const Hypothetical& index) {
  index::BtreeShape shape;
  shape.deduplicate = index.deduplicate;
  shape.fillfactor = index.fillfactor;
  return shape;
}

index::SizeEstimate estimate_from_sample(TableSample& sample, const Hypothetical& index) {
  if (index.method != BTREE_AM_OID) return estimate_method(sample, index);
  return sample.size(index, shape_of(index));
}

void add_up(index::SizeEstimate& total, const index::SizeEstimate& part) {
  total.bytes += part.bytes;
  total.pages += part.pages;
  total.leaf_pages += part.leaf_pages;
  total.root_level = std::max(total.root_level, part.root_level);
  total.rows += part.rows;
  total.leaf_tuples += part.leaf_tuples;
  total.distinct_keys += part.distinct_keys;
  total.entry_pages += part.entry_pages;
  total.data_pages += part.data_pages;
  total.entry_bytes = std::max(total.entry_bytes, part.entry_bytes);
  total.widest_entry = std::max(total.widest_entry, part.widest_entry);
  total.low_bytes += part.low_bytes;
  total.high_bytes += part.high_bytes;
}

/// The size of the same index on a similar table with `factor` times the rows.
index::SizeEstimate scaled(const index::SizeEstimate& size, double factor) {
  index::SizeEstimate out = size;
  auto const scale = [factor](int64_t n) { return std::llround(std::ceil(static_cast<double>(n) * factor)); };
  out.pages = std::max<int64_t>(scale(size.pages), 2);
  out.bytes = out.pages * BLCKSZ;
  out.leaf_pages = std::max<int64_t>(scale(size.leaf_pages), 1);
  out.rows *= factor;
  out.leaf_tuples *= factor;
  out.distinct_keys *= factor;
  out.entry_pages *= factor;
  out.data_pages *= factor;
  out.low_bytes = scale(size.low_bytes);
  out.high_bytes = scale(size.high_bytes);
  return out;
}

}  // namespace

bool has_rows(Oid table) {
  return imported(table) != nullptr ? has_imported_rows(table) : is_heap(table);
}

Hypothetical on_leaf(const Hypothetical& index, Oid leaf) {
  return pg::call([&] {
    Hypothetical copy = index;
    copy.table = leaf;
    copy.attnos = static_cast<AttrNumber*>(palloc0(sizeof(AttrNumber) * static_cast<size_t>(index.columns)));
    for (int i = 0; i < index.columns; ++i)
      if (index.attnos[i] != 0)
        copy.attnos[i] = get_attnum(leaf, get_attname(index.table, index.attnos[i], false));
    if (index.expressions == NIL && index.predicate == NIL) return copy;
    Relation const parent = table_open(index.table, AccessShareLock);
    Relation const child = table_open(leaf, AccessShareLock);
    copy.expressions = map_partition_varattnos(index.expressions, 1, child, parent);
    copy.predicate = map_partition_varattnos(index.predicate, 1, child, parent);
    table_close(child, NoLock);
    table_close(parent, NoLock);
    return copy;
  });
}

std::vector<Oid> leaf_partitions(Oid table) {
  List* const all = pg::call([&] { return find_all_inheritors(table, AccessShareLock, nullptr); });
  std::vector<Oid> leaves;
  for (int i = 0; i < list_length(all); ++i) {
    Oid const oid = list_nth_oid(all, i);
    char const kind = pg::call([&] { return get_rel_relkind(oid); });
    if (kind == RELKIND_RELATION) leaves.push_back(oid);
  }
  std::sort(leaves.begin(), leaves.end());
  return leaves;
}

TableExtent table_extent(Oid table) {
  const ImportedRelation* const figures = imported(table);
  if (figures != nullptr) return {figures->rows, figures->pages};
  return pg::call([&] {
    TableExtent out{0, 0};
    Relation const relation = open_readable(table);
    estimate_rel_size(relation, nullptr, &out.pages, &out.rows, &out.all_visible);
    table_close(relation, NoLock);
    return out;
  });
}

TableSample& ExtentEstimator::sample_of(Oid relation, int target_rows) {
  auto& slot = samples_[relation];
  if (slot == nullptr) slot = std::make_unique<TableSample>(relation, target_rows);
  return *slot;
}

index::SizeEstimate ExtentEstimator::estimate_on(const Hypothetical& index, int target_rows,
                                                 bool may_read_parent) {
  Oid const relation = index.table;
  if (has_rows(relation) && (may_read_parent || may_read(index)))
    return estimate_from_sample(sample_of(relation, target_rows), index);
  without_sample_ = true;
  TableExtent const table = table_extent(relation);
  std::vector<index::ColumnStatistics> columns;
  columns.reserve(static_cast<size_t>(index.columns));
  for (int i = 0; i < index.columns; ++i)
    columns.push_back(index.attnos[i] != 0 ? column_statistics(relation, index.attnos[i], i < index.keys)
                                           : index::ColumnStatistics{});
  if (index.method != BTREE_AM_OID)
    return estimate_from_catalog(index, {table.rows, static_cast<double>(table.pages)}, columns);
  return index::estimate_btree(std::llround(table.rows), columns, shape_of(index));
}

index::SizeEstimate ExtentEstimator::estimate_leaves(Hypothetical& index) {
  struct Leaf {
    Oid oid;
    TableExtent table;
  };
  std::vector<Leaf> leaves;
  for (Oid const oid : leaf_partitions(index.table))
    leaves.push_back({oid, table_extent(oid)});
  std::vector<size_t> by_size(leaves.size());
  for (size_t i = 0; i < by_size.size(); ++i)
    by_size[i] = i;
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](size_t a, size_t b) { return leaves[a].table.rows > leaves[b].table.rows; });
  index.leaf_count = static_cast<int>(leaves.size());
  index.first_leaf_oid = next_hypothetical_oids(index.leaf_count);
  index.leaves =
      pg::call([&] { return static_cast<LeafExtent*>(palloc0(sizeof(LeafExtent) * (leaves.size() + 1))); });
  bool const may_read_all = may_read(index);  // reading through the parent asks for no right to the leaves
  index::SizeEstimate total;
  index::SizeEstimate pattern;  // of the smallest sampled leaf
  for (size_t rank = 0; rank < by_size.size(); ++rank) {
    Leaf const& leaf = leaves[by_size[rank]];
    index::SizeEstimate size;
    if (rank < kSampledLeaves) {
      int const share = target_rows_ / std::min<int>(kSampledLeaves, static_cast<int>(leaves.size()));
      size = estimate_on(on_leaf(index, leaf.oid), share, may_read_all);
      if (size.rows > 0 || pattern.rows <= 0) pattern = size;
    } else {
      double const pattern_rows = pattern.rows > 0 ? pattern.rows : 1;
      size = scaled(pattern, leaf.table.rows / pattern_rows);
    }
    index.leaves[by_size[rank]] = {leaf.oid, extent_of(size), nullptr};
    add_up(total, size);
  }
  return total;
}

index::SizeEstimate ExtentEstimator::estimate(Hypothetical& index) {
  double const start = pg::cpu_seconds();
  char const kind = pg::call([&] { return get_rel_relkind(index.table); });
  index::SizeEstimate const size =
      kind == RELKIND_PARTITIONED_TABLE ? estimate_leaves(index) : estimate_on(index, target_rows_, false);
  index.extent = extent_of(size);
  cpu_seconds_ += pg::cpu_seconds() - start;
  return size;
}

bool ExtentEstimator::stretches(const Hypothetical& index) {
  double const start = pg::cpu_seconds();
  bool const stretched = is_heap(index.table) && may_read(index) &&
                         stretched_ranges(sample_of(index.table, target_rows_), index);
  cpu_seconds_ += pg::cpu_seconds() - start;
  return stretched;
}

void append_visibility(Oid table, std::vector<FreshVisibility>& fresh) {
  for (Oid const relation : leaf_partitions(table))
    fresh.push_back({relation, pg::call([&] {
                       const ImportedRelation* const figures = imported(relation);
                       if (figures != nullptr) return figures->all_visible;
                       Relation const opened = table_open(relation, AccessShareLock);
                       double const pages = RelationGetNumberOfBlocks(opened);
                       BlockNumber visible = 0;
                       visibilitymap_count(opened, &visible, nullptr);
                       table_close(opened, NoLock);
                       return pages > 0 ? std::fmin(visible / pages, 1.0) : 0.0;
                     })});
}

}  // namespace deal::server
