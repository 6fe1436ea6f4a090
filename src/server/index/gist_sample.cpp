#include <algorithm>
#include <cmath>

#include "server/index/access_method.hpp"
#include "server/index/gist_opclass.hpp"
#include "server/index/method_sample.hpp"
#include "server/index/row_expressions.hpp"
#include "server/index/sampled_columns.hpp"

namespace deal::server {

namespace {

/// Rows for a simulated build, in the table's order, from all of the sample.
std::vector<int> simulated_rows(TableSample& sample, const SampledValues& values,
                                const std::vector<bool>& kept) {
  std::vector<int> rows;
  for (int r = 0; r < sample.sampled_rows(); ++r)
    if (kept[static_cast<size_t>(r)] && !values.null(r)) rows.push_back(r);
  if (rows.size() <= kCompressedRows) return rows;
  std::vector<int> some;
  for (size_t i = 0; i < kCompressedRows; ++i)
    some.push_back(rows[i * rows.size() / kCompressedRows]);
  return some;
}

/// Inserts one by one; how full the leaves are is averaged over the second half, since pages filled alike are
/// split about the same time.
index::GistProfile build_by_insertion(GistOpclass& opclass, const std::vector<index::GistItem>& items,
                                      const index::GistRoom& room) {
  index::GistBuild build(opclass, room);
  double fill = 0;
  int looks = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    build.insert(items[i]);
    if (i + 1 < items.size() / 2 || (i + 1) % std::max<size_t>(items.size() / 32, 1) != 0) continue;
    fill += build.profile().leaf_fill;
    ++looks;
  }
  index::GistProfile profile = build.profile();
  if (looks > 0) profile.leaf_fill = fill / looks;
  return profile;
}

/// Four pages full of sorted tuples at a time are split as the opclass likes.
index::GistProfile build_sorted(GistOpclass& opclass, const std::vector<index::GistItem>& items,
                                const index::GistRoom& room) {
  constexpr double kRun = 4;
  index::GistBuild build(opclass, room);
  std::vector<index::GistItem> run;
  double bytes = 0;
  double all = 0;
  double pages = 0;
  double inner = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    run.push_back(items[i]);
    bytes += items[i].bytes;
    if (bytes < kRun * room.filled && i + 1 < items.size()) continue;
    if (bytes < kRun * room.filled && pages > 0) break;  // a part of a run tells nothing
    pages += static_cast<double>(build.pages_of(run));
    inner = opclass.cover(run).bytes;
    all += bytes;
    bytes = 0;
    run.clear();
  }
  return {pages > 0 ? all / (pages * room.whole) : 0, inner};
}

}  // namespace

index::SizeEstimate estimate_gist(TableSample& sample, const Hypothetical& index) {
  pg::Memory const memory("deal_advisor GiST sample");
  pg::InContext const in_memory(memory.context());
  std::vector<bool> const& kept = sample.predicate_rows(index);
  SampledValues const values = sample.values_of(index, 0);
  double const further = further_bytes(sample, index, 1, kept);
  DefinitionScope const scope(index.table);
  GistOpclass opclass(index, 0);
  std::vector<GistOpclass::Leaf> leaves;
  for (int const row : simulated_rows(sample, values, kept)) {
    pg::check_for_interrupts();
    leaves.push_back(opclass.leaf(values.value(row)));
  }
  bool sorts = opclass.sorts();
  for (int key = 1; key < index.keys; ++key)
    sorts =
        sorts && OidIsValid(pg::call([&] { return support_function(index, key, GIST_SORTSUPPORT_PROC); }));
  if (sorts) opclass.sort(leaves);
  std::vector<index::GistItem> items;
  double bytes = 0;
  for (auto const& leaf : leaves) {
    bool const null = false;
    StoredColumn const stored = store(&leaf.stored, &null, 1, 1, opclass.stored_type());
    items.push_back({leaf.key, align_up(8 + stored.size[0] + further, 8) + 4});
    bytes += items.back().bytes;
  }
  index::GistRoom const room{8152, 8152.0 - BLCKSZ * (100 - index.fillfactor) / 100};
  opclass.set_overhead(4 + align_up(further, 8));
  index::GistProfile const profile =
      sorts ? build_sorted(opclass, items, room) : build_by_insertion(opclass, items, room);
  index::GistShape shape;
  shape.rows = rows_in_index(sample, kept);
  if (!items.empty()) shape.leaf_bytes = bytes / static_cast<double>(items.size()) - 4;
  if (profile.leaf_fill > 0 && shape.rows > static_cast<double>(items.size()))
    shape.leaf_fill = profile.leaf_fill;
  shape.inner_bytes = profile.inner_bytes > 0 ? profile.inner_bytes - 4 : shape.leaf_bytes;
  return index::estimate_gist(shape);
}

}  // namespace deal::server
