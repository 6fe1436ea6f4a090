#include "server/index/imported.hpp"

#include <algorithm>
#include <limits>

#include "core/base/error.hpp"
#include "core/index/btree_pages.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"
#include "server/index/imported_statistics.hpp"
#include "server/workload/read.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_statistic.h"
#include "storage/bufmgr.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace deal::server {

namespace {

constexpr BlockNumber kNewTable = 10;  ///< pages that the planner takes a table for that was never analysed
constexpr double kUnknownDensity = 50;
constexpr int kKeyBytes = 8;  ///< of a key that nothing is known of

/// The figures in force: ascending by OID, in the scope's memory.
struct InForce {
  const ImportedRelation* relations = nullptr;
  size_t count = 0;
  MemoryContext memory = nullptr;
  ImportedServer server{};
};
InForce in_force;

/// The table of imported figures if it holds any; else 0.
Oid filled_table() {
  return pg::call([&] {
    Oid const schema = get_namespace_oid("deal_advisor", true);
    Oid const oid = OidIsValid(schema) ? get_relname_relid("imported", schema) : InvalidOid;
    if (!OidIsValid(oid)) return InvalidOid;
    Relation const table = table_open(oid, AccessShareLock);
    bool const filled = RelationGetNumberOfBlocks(table) > 0;
    table_close(table, AccessShareLock);
    return filled ? oid : InvalidOid;
  });
}

pg::SqlResult read_imported(const std::string& sql) {
  pg::AsRole const owner(imported_table_owner());
  pg::Spi spi;
  return spi.query(sql);
}

const char* kept(const pg::SqlResult& rows, size_t row, int column) {
  auto const& cell = rows.cell(row, column);
  return cell ? pg::call([&] { return static_cast<const char*>(pstrdup(cell->c_str())); }) : nullptr;
}

/// What estimate_rel_size would say of the relation there.
ImportedRelation as_relation(const pg::SqlResult& rows, size_t row) {
  ImportedRelation out{};
  out.oid = rows.oid(row, 0);
  double const counted = static_cast<float4>(rows.float8(row, 1));  // as pg_class has it
  auto counted_pages = rows.float8(row, 2);
  out.counted_pages = static_cast<BlockNumber>(std::fmax(counted_pages, 0));
  double const visible = rows.float8(row, 3);
  out.pages = static_cast<BlockNumber>(rows.int8(row, 4) / BLCKSZ);
  out.updates = rows.int8(row, 5);
  out.heap_only_updates = rows.int8(row, 6);
  out.is_index = rows.boolean(row, 7);
  out.sampled = rows.boolean(row, 8);
  auto pages = static_cast<double>(out.pages);
  if (out.is_index && counted_pages > 0) {  // the metapage holds no rows
    counted_pages -= 1;
    pages -= 1;
  } else if (!out.is_index && counted < 0) {
    out.pages = std::max(out.pages, kNewTable);
    pages = out.pages;
  }
  out.counted = counted;
  out.inserts = rows.int8(row, 9);
  out.deletes = rows.int8(row, 10);
  out.scans = rows.int8(row, 11);
  out.density = counted > 0 && counted_pages > 0 ? counted / counted_pages : 0;
  double const density = counted >= 0 && counted_pages > 0 ? counted / counted_pages : kUnknownDensity;
  out.rows = std::rint(density * std::fmax(pages, 0));
  out.all_visible = pages > 0 ? std::clamp(visible / pages, 0.0, 1.0) : 0;
  return out;
}

ImportedColumn as_column(const pg::SqlResult& rows, size_t row) {
  auto const number = [&](int column) { return static_cast<float>(rows.float8(row, column)); };
  ImportedColumn out{};
  out.attno = static_cast<AttrNumber>(rows.int8(row, 1));
  out.inherited = rows.boolean(row, 2);
  out.null_fraction = number(3);
  out.width = static_cast<int>(rows.int8(row, 4));
  out.distinct = number(5);
  out.correlation = rows.is_null(row, 6) ? std::numeric_limits<float>::quiet_NaN() : number(6);
  out.empty_fraction = number(7);
  out.common_values = kept(rows, row, 8);
  out.common_frequencies = kept(rows, row, 9);
  out.histogram = kept(rows, row, 10);
  out.common_elements = kept(rows, row, 11);
  out.element_frequencies = kept(rows, row, 12);
  out.element_counts = kept(rows, row, 13);
  out.range_lengths = kept(rows, row, 14);
  out.range_bounds = kept(rows, row, 15);
  return out;
}

const ImportedColumn* find_column(Oid relation, AttrNumber attno, bool inherited) {
  const ImportedRelation* const found = imported(relation);
  if (found == nullptr) return nullptr;
  for (int i = 0; i < found->column_count; ++i)
    if (found->columns[i].attno == attno && found->columns[i].inherited == inherited)
      return &found->columns[i];
  return nullptr;
}

template <class T>
T* array_of(size_t count) {
  return pg::call([&] { return static_cast<T*>(palloc0(sizeof(T) * (count + 1))); });
}

}  // namespace

Oid imported_table_owner() {
  pg::Spi spi;
  return spi
      .query(
          "select relowner from pg_catalog.pg_class where oid = 'deal_advisor.imported'::pg_catalog.regclass")
      .oid(0, 0);
}

ImportScope::ImportScope() : memory_("deal_advisor imported figures"), outer_(nullptr) {
  if (in_force.relations != nullptr || !OidIsValid(filled_table())) return;
  load();
  load_settings();
}

ImportScope::~ImportScope() {
  if (in_force.memory == memory_.context()) in_force = {};
}

/// Tables that hold rows here speak for themselves.
void ImportScope::load() {
  pg::SqlResult const rows = read_imported(
      "select c.oid, i.body ->> 'rows', i.body ->> 'pages', i.body ->> 'all_visible', i.body ->> 'bytes',"
      " i.body ->> 'updated', i.body ->> 'hot_updated', c.relkind in ('i', 'I'),"
      " exists (select from deal_advisor.imported as s where s.kind = 'sample'"
      " and s.schema_name = i.schema_name and s.relation_name = i.relation_name),"
      " i.body ->> 'inserted', i.body ->> 'deleted', i.body ->> 'scans'"
      " from deal_advisor.imported as i"
      " join pg_catalog.pg_namespace as n on n.nspname = i.schema_name"
      " join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = i.relation_name"
      " where i.kind = 'relation' and (c.relkind not in ('r', 'm') or pg_catalog.pg_relation_size(c.oid) = 0)"
      " order by c.oid");
  if (rows.empty()) return;
  pg::InContext const in_memory(memory_.context());
  auto* const relations = array_of<ImportedRelation>(rows.size());
  for (size_t row = 0; row < rows.size(); ++row)
    relations[row] = as_relation(rows, row);
  pg::SqlResult const server = read_imported(
      "select body ->> 'now_us', body ->> 'stats_since_us', body ->> 'standbys',"
      " coalesce((body ->> 'offers_trigrams')::boolean, false)"
      " from deal_advisor.imported where kind = 'export'");
  in_force = {relations, rows.size(), memory_.context(), {}};
  if (!server.empty())
    in_force.server = {server.int8(0, 0), server.int8(0, 1), static_cast<int>(server.int8(0, 2)),
                       server.boolean(0, 3)};
  load_columns();
}

void ImportScope::load_columns() {
  pg::SqlResult const rows = read_imported(
      "select c.oid, a.attnum, i.kind = 'inherited', i.body ->> 'null_frac', i.body ->> 'avg_width',"
      " i.body ->> 'n_distinct', i.body ->> 'correlation', i.body ->> 'range_empty_frac',"
      " i.body ->> 'most_common_vals', i.body ->> 'most_common_freqs', i.body ->> 'histogram_bounds',"
      " i.body ->> 'most_common_elems', i.body ->> 'most_common_elem_freqs', i.body ->> "
      "'elem_count_histogram',"
      " i.body ->> 'range_length_histogram', i.body ->> 'range_bounds_histogram'"
      " from deal_advisor.imported as i"
      " join pg_catalog.pg_namespace as n on n.nspname = i.schema_name"
      " join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = i.relation_name"
      " join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = i.part and a.attnum > 0"
      " where i.kind in ('column', 'inherited') order by c.oid, a.attnum, i.kind");
  auto* const columns = array_of<ImportedColumn>(rows.size());
  for (size_t row = 0; row < rows.size(); ++row) {
    columns[row] = as_column(rows, row);
    auto* const relation = const_cast<ImportedRelation*>(imported(rows.oid(row, 0)));
    if (relation == nullptr) continue;
    if (relation->column_count++ == 0) relation->columns = &columns[row];
  }
}

/// A setting that this server does not have, or not with that value, is passed over.
void ImportScope::load_settings() {
  pg::SqlResult const rows = read_imported(
      "select part, body ->> 'value' from deal_advisor.imported where kind = 'setting' order by part");
  for (size_t row = 0; row < rows.size(); ++row) {
    std::string const name = rows.text(row, 0);
    std::string const value = rows.text(row, 1);
    pg::call([&] {
      (void)set_config_option(name.c_str(), value.c_str(), PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
                              DEBUG1, false);
    });
  }
}

const ImportedRelation* imported(Oid relation) {
  size_t low = 0;
  size_t high = in_force.count;
  while (low < high) {
    size_t const middle = (low + high) / 2;
    if (in_force.relations[middle].oid < relation)
      low = middle + 1;
    else
      high = middle;
  }
  bool const found = low < in_force.count && in_force.relations[low].oid == relation;
  return found ? &in_force.relations[low] : nullptr;
}

const ImportedServer* imported_server() {
  return in_force.relations != nullptr ? &in_force.server : nullptr;
}

HeapTuple imported_statistics(Oid relation, AttrNumber attno, bool inherited) {
  auto* const column = const_cast<ImportedColumn*>(find_column(relation, attno, inherited));
  if (column == nullptr) return nullptr;
  if (column->statistics == nullptr) {
    MemoryContext const outer = MemoryContextSwitchTo(in_force.memory);
    column->statistics = statistics_row(relation, *column);
    MemoryContextSwitchTo(outer);
  }
  return column->statistics;
}

HeapTuple find_statistics(Oid relation, AttrNumber attno, bool inherited) {
  if (imported(relation) != nullptr) return imported_statistics(relation, attno, inherited);
  return SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relation), Int16GetDatum(attno),
                         BoolGetDatum(inherited));
}

void release_statistics(HeapTuple statistics) {
  auto const* row = reinterpret_cast<Form_pg_statistic>(GETSTRUCT(statistics));
  if (imported(row->starelid) == nullptr) ReleaseSysCache(statistics);
}

int imported_width(Oid relation, AttrNumber attno) {
  const ImportedColumn* column = find_column(relation, attno, false);
  if (column == nullptr) column = find_column(relation, attno, true);
  return column != nullptr ? column->width : 0;
}

int imported_tree_height(const ImportedRelation& index_figures) {
  Relation const opened = index_open(index_figures.oid, AccessShareLock);
  double bytes = 8;
  for (int i = 0; i < opened->rd_index->indnkeyatts; ++i) {
    AttrNumber const attno = opened->rd_index->indkey.values[i];
    int const width = attno != 0 ? imported_width(opened->rd_index->indrelid, attno)
                                 : imported_width(index_figures.oid, static_cast<AttrNumber>(i + 1));
    bytes += width > 0 ? width : kKeyBytes;
  }
  index_close(opened, NoLock);
  index::BtreePages pages;
  pages.leaf_pages = std::fmax(1, static_cast<double>(index_figures.pages) - 1);
  index::add_inner_levels(pages, index::align8(static_cast<int>(bytes)), BLCKSZ);
  return pages.root_level;
}

bool has_imported_workload() {
  return OidIsValid(filled_table()) &&
         !read_imported("select 1 from deal_advisor.imported where kind = 'statement' limit 1").empty();
}

Workload imported_statements() {
  pg::SqlResult const rows = read_imported(
      "select i.body ->> 'query', i.body ->> 'calls', i.body ->> 'mean_ms', x.body ->> 'imported_by',"
      " i.body ->> 'search_path', i.body ->> 'query_id', i.body ->> 'role' from deal_advisor.imported as i,"
      " deal_advisor.imported as x where i.kind = 'statement' and x.kind = 'export'"
      " order by (i.body ->> 'calls')::float8 * (i.body ->> 'mean_ms')::float8 desc, i.body ->> 'query', "
      "i.part");
  Workload workload;
  for (size_t i = 0; i < rows.size(); ++i)
    workload.push_back({rows.text(i, 0), rows.float8(i, 1), rows.float8(i, 2), rows.text(i, 3),
                        rows.text(i, 4), "import", rows.text(i, 5)});
  if (workload.empty()) return workload;
  std::string const importer = workload.front().role;
  Oid const role = pg::role_oid(importer);
  if (role == InvalidOid || !pg::may_assume(pg::current_role(), role))
    throw Error("42501", "permission denied to read the workload that role \"" + importer + "\" imported")
        .hint("Ask as that role, or import again as yours.");
  return workload;
}

}  // namespace deal::server
