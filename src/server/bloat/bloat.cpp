#include "server/bloat/bloat.hpp"

#include "core/base/error.hpp"
#include "server/bloat/pages.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/spi.hpp"

extern "C" {
#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xlog.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

constexpr uint32_t kFirstPages = 300;
constexpr double kGoodEnough = 0.005;  ///< half an interval, as a share of the relation
constexpr double kTwoErrors = 1.96;
/// Pages between two looks at whether the statement must end.
constexpr size_t kStretch = 32;

/// $1 the table. First a row about it alone, then its parts: of each table the table, TOAST, indexes.
constexpr const char* kTable = R"(
select c.relkind, has_table_privilege(c.oid, 'SELECT') or pg_has_role('pg_stat_scan_tables', 'USAGE'), c.oid::regclass::text
  from pg_class c where c.oid = $1::oid)";
constexpr const char* kParts = R"(
with leaf as (select t.relid::oid as oid from pg_partition_tree($1::oid) t where t.isleaf union select $1::oid where not exists (select from pg_partition_tree($1::oid))),
heap as (
  select l.oid as top, l.oid, '' as prefix, 0 as place from leaf l
  union all select l.oid, c.reltoastrelid, 'toast ', 2 from leaf l join pg_class c on c.oid = l.oid where c.reltoastrelid <> 0)
select h.oid, case when h.prefix = '' then 'table' else 'toast' end, null::oid, h.top, h.place, ''::text from heap h
union all
select i.indexrelid, h.prefix || 'index', h.oid, h.top, h.place + 1, c.relname from heap h join pg_index i on i.indrelid = h.oid and i.indisvalid join pg_class c on c.oid = i.indexrelid
order by 4, 5, 6)";

/// A relation open for its pages; or why it isn't.
struct Opened {
  Relation relation = nullptr;
  const char* withheld = nullptr;
};

/// Inside call. Waits for nobody; closing gives the lock back.
Opened open_part(Oid oid, bool of_index) {
  if (!ConditionalLockRelationOid(oid, AccessShareLock)) return {nullptr, "locked by another session"};
  Relation const relation = try_relation_open(oid, NoLock);
  if (relation == nullptr) {
    UnlockRelationOid(oid, AccessShareLock);
    return {nullptr, "dropped meanwhile"};
  }
  const char* withheld = nullptr;
  if (RELATION_IS_OTHER_TEMP(relation))
    withheld = "another session's temporary table";
  else if (RecoveryInProgress() && !RelationIsPermanent(relation))
    withheld = "unlogged: it has no pages on a standby";
  else if (!RELKIND_HAS_STORAGE(relation->rd_rel->relkind))
    withheld = "it has no pages of its own";
  else if (of_index && relation->rd_rel->relam != BTREE_AM_OID)
    withheld = "not a B-tree: only those are measured";
  else if (!of_index && relation->rd_tableam != GetHeapamTableAmRoutine())
    withheld = "not stored by the server's heap";
  if (withheld == nullptr) return {relation, nullptr};
  relation_close(relation, AccessShareLock);
  return {nullptr, withheld};
}

/// Reads pages by `read(page numbers)` until the gain is known well enough: of all of a small relation, of a
/// larger one three times as many each time.
template <class Make, class Read>
void read_until_known(uint32_t pages, int most_pages, Make&& make, Read&& read) {
  uint32_t wanted = kFirstPages;
  for (uint64_t round = 0;; ++round) {
    wanted = std::min({wanted, pages, static_cast<uint32_t>(most_pages)});
    bool const enough = read(bloat::choose_pages(pages, wanted, round), make());
    if (enough || wanted >= pages || wanted >= static_cast<uint32_t>(most_pages)) return;
    wanted *= 3;
  }
}

/// Runs `one(block)` for each block inside pg::call, some at a time.
template <class One>
void for_each_page(std::span<const uint32_t> blocks, One&& one) {
  for (size_t first = 0; first < blocks.size(); first += kStretch) {
    std::span<const uint32_t> const stretch =
        blocks.subspan(first, std::min(kStretch, blocks.size() - first));
    for (uint32_t const block : stretch)
      one(block);
    pg::check_for_interrupts();
  }
}

/// Of a table's index entries those that lead to rows that are kept.
struct LiveEntries {
  double share = 1;
  double error = 0;
};

LiveEntries measure_table(Relation table, BufferAccessStrategy strategy, int most_pages, BloatPart& part) {
  auto const pages = static_cast<uint32_t>(part.bytes / BLCKSZ);
  TableReading const reading = pg::call([&] { return begin_reading(table, strategy); });
  int const fillfactor = pg::call([&] { return RelationGetFillFactor(table, HEAP_DEFAULT_FILLFACTOR); });
  LiveEntries live;
  TablePageRead page;
  read_until_known(
      pages, most_pages, [&] { return bloat::TableBloat(BLCKSZ, fillfactor); },
      [&](const std::vector<uint32_t>& blocks, bloat::TableBloat measured) {
        bloat::LiveShare entries;
        for_each_page(blocks, [&](uint32_t block) {
          pg::call([&] { read_table_page(reading, block, page); });
          measured.add({{page.rows, static_cast<size_t>(page.row_count)}, page.dead, page.held, page.free});
          entries.add(page.live_roots, page.dead_roots);
        });
        live = {entries.share(), entries.error(pages)};
        part.pages_read = static_cast<int64_t>(measured.pages_read());
        part.estimate = measured.estimate(pages);
        return measured.uncertainty(pages) <= kGoodEnough && kTwoErrors * live.error <= kGoodEnough;
      });
  return live;
}

void measure_index(Relation index, BufferAccessStrategy strategy, int most_pages, LiveEntries live,
                   BloatPart& part) {
  auto const pages = static_cast<uint32_t>(part.bytes / BLCKSZ);
  index::BtreeShape const shape = pg::call([&] { return btree_shape_of(index); });
  BtreePageRead page;
  read_until_known(
      pages, most_pages, [&] { return bloat::BtreeBloat(shape, live.share, live.error); },
      [&](const std::vector<uint32_t>& blocks, bloat::BtreeBloat measured) {
        for_each_page(blocks, [&](uint32_t block) {
          pg::call([&] { read_btree_page(index, block, strategy, shape.deduplicate, page); });
          switch (page.kind) {
            case BtreePageRead::Kind::leaf:
              measured.add_leaf({page.groups, static_cast<size_t>(page.group_count)}, page.dead, page.free,
                                page.pivot_bytes);
              break;
            case BtreePageRead::Kind::inner:
              measured.add_inner(page.free);
              break;
            case BtreePageRead::Kind::deleted:
              measured.add_deleted();
          }
        });
        part.pages_read = static_cast<int64_t>(measured.pages_read());
        part.estimate = measured.estimate(pages);
        return measured.uncertainty(pages) <= kGoodEnough;
      });
}

/// Measures one part; of a table, `live` gets what its indexes need to know.
void measure(BloatPart& part, bool of_index, int most_pages, BufferAccessStrategy strategy,
             LiveEntries& live) {
  if (!of_index) live = {};
  Opened const opened = pg::call([&] { return open_part(part.relation, of_index); });
  if (opened.relation == nullptr) {
    part.withheld = opened.withheld;
    return;
  }
  part.bytes = pg::call([&] { return int64_t{RelationGetNumberOfBlocks(opened.relation)} * BLCKSZ; });
  if (of_index)
    measure_index(opened.relation, strategy, most_pages, live, part);
  else
    live = measure_table(opened.relation, strategy, most_pages, part);
  pg::call([&] { relation_close(opened.relation, AccessShareLock); });
}

void require_table(const pg::SqlResult& table) {
  if (table.empty()) throw Error("42P01", "there is no such table");
  std::string const kind = table.text(0, 0);
  if (kind != "r" && kind != "p" && kind != "m" && kind != "t")
    throw Error("42809", "\"" + table.text(0, 2) + "\" is not a table")
        .hint("Name the table: its indexes and its TOAST table are measured with it.");
  if (!table.boolean(0, 1))
    throw Error("42501", "permission denied for table " + table.text(0, 2))
        .hint("It takes SELECT on the table, or membership in pg_stat_scan_tables (pg_monitor has it).");
}

}  // namespace

std::vector<BloatPart> measure_bloat(const BloatRequest& request) {
  std::string const oid = std::to_string(request.table);
  std::vector<BloatPart> parts;
  std::vector<bool> of_index;
  {
    pg::Spi session;
    require_table(session.query(kTable, {oid}));
    pg::SqlResult const rows = session.query(kParts, {oid});
    for (size_t i = 0; i < rows.size(); ++i) {
      BloatPart part;
      part.relation = rows.oid(i, 0);
      part.kind = rows.text(i, 1);
      parts.push_back(part);
      of_index.push_back(!rows.is_null(i, 2));
    }
  }
  pg::Memory const memory("deal_advisor bloat");
  pg::InContext const inside(memory.context());
  BufferAccessStrategy const strategy = pg::call([] { return GetAccessStrategy(BAS_BULKREAD); });
  LiveEntries live;
  for (size_t i = 0; i < parts.size(); ++i)
    measure(parts[i], of_index[i], request.most_pages, strategy, live);
  pg::call([&] { FreeAccessStrategy(strategy); });
  return parts;
}

}  // namespace deal::server
