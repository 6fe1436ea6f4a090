#include "server/index/method_sample.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/random.hpp"
#include "core/index/method_size.hpp"
#include "server/index/access_method.hpp"
#include "server/index/gist_opclass.hpp"
#include "server/index/row_expressions.hpp"

extern "C" {
#include "access/brin_internal.h"
#include "access/gin.h"
#include "access/reloptions.h"
#include "access/spgist.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

constexpr int kSimulatedRows = 4000;
constexpr int kExtractBatch = 256;  ///< values whose keys are in memory at once
constexpr uint32_t kListHeader = 8;

double align_up(double offset, double align) {
  return std::ceil(offset / align) * align;
}

/// Mean stored size of a column's values that go into the index, and its alignment.
index::StoredItem mean_item(const StoredColumn& column, const std::vector<bool>& kept) {
  double bytes = 0;
  double count = 0;
  int align = 1;
  for (size_t r = 0; r < column.size.size(); ++r) {
    if (!kept[r] || column.align[r] == 0) continue;
    bytes += column.size[r];
    count += 1;
    align = std::max<int>(align, column.align[r]);
  }
  return {count > 0 ? bytes / count : 0, align};
}

StoredColumn stored_values(TableSample& sample, const SampledValues& values) {
  return store(values.values, values.nulls, static_cast<int>(sample.sampled_rows()), values.stride,
               values.type);
}

double rows_in_index(TableSample& sample, const std::vector<bool>& kept) {
  if (sample.sampled_rows() == 0) return 0;
  auto const count = static_cast<double>(std::count(kept.begin(), kept.end(), true));
  return count / static_cast<double>(sample.sampled_rows()) * static_cast<double>(sample.table_rows());
}

double share_of_rows(const TableSample& sample, const std::vector<bool>& kept, const SampledValues& values) {
  if (sample.sampled_rows() == 0) return 0;
  double count = 0;
  for (int r = 0; r < sample.sampled_rows(); ++r)
    count += kept[static_cast<size_t>(r)] && !values.null(r) ? 1 : 0;
  return count / static_cast<double>(sample.sampled_rows());
}

/// One key column's extractValue.
struct Extractor {
  FmgrInfo function;
  Oid collation;
  Oid stored_type;
  bool several;  ///< the entry carries the column's number
};

Extractor extractor_of(const Hypothetical& index, int key) {
  Extractor made{};
  pg::call([&] {
    fmgr_info(support_function(index, key, GIN_EXTRACTVALUE_PROC), &made.function);
    set_fn_opclass_options(&made.function, index.opclass_options[key]);
  });
  made.collation = OidIsValid(index.collations[key]) ? index.collations[key] : DEFAULT_COLLATION_OID;
  made.stored_type = index.stored_types[key];
  made.several = index.keys > 1;
  return made;
}

/// The keys of one value; null: a value of no keys, or itself null, which has one entry all the same.
struct Extracted {
  Datum* keys;
  bool* nulls;
  int32 count;
};

Extracted extract(Extractor& extractor, Datum value) {
  Extracted out{nullptr, nullptr, 0};
  out.keys = reinterpret_cast<Datum*>(
      DatumGetPointer(FunctionCall3Coll(&extractor.function, extractor.collation, value,
                                        PointerGetDatum(&out.count), PointerGetDatum(&out.nulls))));
  if (out.keys == nullptr || out.count < 0) out.count = 0;
  return out;
}

/// Rows whose keys are to be extracted: whole blocks, every so many.
struct ChosenRows {
  std::vector<int> rows;
  int64_t blocks = 0;
};

ChosenRows choose_rows(TableSample& sample, const std::vector<bool>& kept, int64_t stride) {
  ChosenRows chosen;
  int64_t ordinal = -1;
  BlockNumber last = InvalidBlockNumber;
  for (int r = 0; r < sample.sampled_rows(); ++r) {
    if (sample.block_of(r) != last) {
      last = sample.block_of(r);
      ++ordinal;
    }
    if (ordinal % stride == 0 && kept[static_cast<size_t>(r)]) chosen.rows.push_back(r);
  }
  chosen.blocks = std::max<int64_t>(1, (sample.sampled_blocks() + stride - 1) / stride);
  return chosen;
}

/// Extracts the keys of some rows' values and appends their pairs, equal keys of a row once.
void append_pairs(TableSample& sample, Extractor& extractor, const SampledValues& values, int key,
                  std::span<const int> rows, std::vector<index::SampledRow>& pairs) {
  pg::Memory const memory("deal_advisor extracted keys");
  pg::InContext const in_memory(memory.context());
  std::vector<Datum> keys;
  std::vector<uint8_t> nulls;  // vector<bool> is no array of bool
  std::vector<int> ends;
  for (int const row : rows) {
    if (!values.null(row)) {
      Extracted const out = pg::call([&] { return extract(extractor, values.value(row)); });
      for (int32 i = 0; i < out.count; ++i) {
        bool const null = out.nulls != nullptr && out.nulls[i];
        keys.push_back(null ? Datum{0} : out.keys[i]);
        nulls.push_back(null ? 1 : 0);
      }
    }
    if (keys.size() == (ends.empty() ? 0u : static_cast<size_t>(ends.back()))) {
      keys.push_back(0);
      nulls.push_back(1);
    }
    ends.push_back(static_cast<int>(keys.size()));
  }
  static_assert(sizeof(bool) == sizeof(uint8_t));
  StoredColumn const stored = store(keys.data(), reinterpret_cast<const bool*>(nulls.data()),
                                    static_cast<int>(keys.size()), 1, extractor.stored_type);
  int from = 0;
  for (size_t r = 0; r < ends.size(); from = ends[r++]) {
    auto const first = pairs.size();
    for (auto i = static_cast<size_t>(from); i < static_cast<size_t>(ends[r]); ++i) {
      index::SampledRow pair;
      pair.block = sample.block_of(rows[r]);
      pair.key_hash = mix64(stored.hash[i] + static_cast<uint64_t>(key));
      double const start = extractor.several ? 2 : 0;
      double const bytes =
          stored.align[i] == 0 ? start + 9 : align_up(start, stored.align[i]) + stored.size[i];
      pair.key_bytes = static_cast<uint32_t>(align_up(bytes, 2)) + kListHeader;
      pairs.push_back(pair);
    }
    auto const begin = pairs.begin() + static_cast<ptrdiff_t>(first);
    std::sort(begin, pairs.end(), [](auto const& a, auto const& b) { return a.key_hash < b.key_hash; });
    pairs.erase(std::unique(begin, pairs.end(),
                            [](auto const& a, auto const& b) { return a.key_hash == b.key_hash; }),
                pairs.end());
  }
}

void append_column(TableSample& sample, const Hypothetical& index, int key, const std::vector<int>& rows,
                   std::vector<index::SampledRow>& pairs) {
  SampledValues const values = sample.values_of(index, key);
  DefinitionScope const scope(index.table);
  Extractor extractor = extractor_of(index, key);
  for (size_t at = 0; at < rows.size(); at += kExtractBatch) {
    pg::check_for_interrupts();
    size_t const count = std::min<size_t>(kExtractBatch, rows.size() - at);
    append_pairs(sample, extractor, values, key, std::span(rows).subspan(at, count), pairs);
  }
}

std::vector<index::SampledRow> pairs_of(TableSample& sample, const Hypothetical& index,
                                        const std::vector<int>& rows) {
  std::vector<index::SampledRow> pairs;
  for (int key = 0; key < index.keys; ++key)
    append_column(sample, index, key, rows, pairs);
  return pairs;
}

/// The stride over blocks that keeps the number of pairs in bounds, from a few rows.
int64_t stride_for(TableSample& sample, const Hypothetical& index, const std::vector<int>& rows,
                   int most_pairs) {
  constexpr size_t kProbed = 128;
  std::vector<int> probed;
  for (size_t i = 0; i < std::min(kProbed, rows.size()); ++i)
    probed.push_back(rows[i * rows.size() / std::min(kProbed, rows.size())]);
  if (probed.empty()) return 1;
  double const per_row =
      static_cast<double>(pairs_of(sample, index, probed).size()) / static_cast<double>(probed.size());
  return std::max<int64_t>(1, std::llround(per_row * static_cast<double>(rows.size()) / most_pairs));
}

}  // namespace

index::KeySample gin_sample(TableSample& sample, const Hypothetical& index, int most_pairs,
                            double& indexed_rows) {
  pg::Memory const memory("deal_advisor GIN sample");
  pg::InContext const in_memory(memory.context());
  std::vector<bool> const kept = sample.predicate_rows(index);
  indexed_rows = rows_in_index(sample, kept);
  ChosenRows chosen = choose_rows(sample, kept, 1);
  int64_t const stride = stride_for(sample, index, chosen.rows, most_pairs);
  if (stride > 1) chosen = choose_rows(sample, kept, stride);
  index::KeySample out;
  out.rows = pairs_of(sample, index, chosen.rows);
  std::stable_sort(out.rows.begin(), out.rows.end(), [](auto const& a, auto const& b) {
    return a.block != b.block ? a.block < b.block : a.key_hash < b.key_hash;
  });
  out.table_blocks = sample.table_blocks();
  out.sampled_blocks = stride == 1 ? sample.sampled_blocks() : chosen.blocks;
  out.sampled_rows = static_cast<int64_t>(out.rows.size());
  if (chosen.rows.empty()) return out;
  out.table_rows = std::llround(static_cast<double>(out.rows.size()) * indexed_rows /
                                static_cast<double>(chosen.rows.size()));
  return out;
}

namespace {

/// The values that BRIN keeps of one key column in each range.
void append_summary(TableSample& sample, const Hypothetical& index, int key, const std::vector<bool>& kept,
                    std::vector<index::StoredItem>& items) {
  index::StoredItem const value = mean_item(stored_values(sample, sample.values_of(index, key)), kept);
  index::StoredItem const flag{1, 1};
  auto const* options = reinterpret_cast<const char*>(index.opclass_options[key]);
  switch (pg::call([&] { return support_function(index, key, BRIN_PROCNUM_OPCINFO); })) {
    case F_BRIN_MINMAX_MULTI_OPCINFO: {
      struct Options {
        int32 header;
        int values;
      };
      auto const* read = reinterpret_cast<const Options*>(options);
      double const asked = read != nullptr && read->values > 0 ? read->values : 32;
      // Compaction leaves about two thirds of what is allowed.
      double const bytes = 20 + 0.65 * asked * align_up(value.bytes, value.align);
      items.push_back({bytes + (bytes < 124 ? 1 : 4), bytes < 124 ? 1 : 4});
      break;
    }
    case F_BRIN_BLOOM_OPCINFO: {
      struct Options {
        int32 header;
        double distinct;
        double error;
      };
      auto const* read = reinterpret_cast<const Options*>(options);
      bool const set = read != nullptr;
      items.push_back(
          {index::bloom_filter_bytes(set && read->distinct != 0 ? read->distinct : -0.1,
                                     set && read->error > 0 ? read->error : 0.01, index.pages_per_range),
           4});
      break;
    }
    case F_BRIN_INCLUSION_OPCINFO:
      items.push_back(value);
      items.push_back(flag);
      items.push_back(flag);
      break;
    default:
      items.push_back(value);
      items.push_back(value);
      break;
  }
}

}  // namespace

index::SizeEstimate estimate_brin(TableSample& sample, const Hypothetical& index) {
  pg::Memory const memory("deal_advisor BRIN sample");
  pg::InContext const in_memory(memory.context());
  std::vector<bool> const kept(static_cast<size_t>(sample.sampled_rows()), true);
  std::vector<index::StoredItem> items;
  for (int key = 0; key < index.keys; ++key)
    append_summary(sample, index, key, kept, items);
  index::BrinShape shape;
  shape.table_pages = static_cast<double>(sample.table_blocks());
  shape.pages_per_range = index.pages_per_range;
  shape.summary_bytes = index::laid_out(items);
  return index::estimate_brin(shape);
}

namespace {

/// Mean bytes of the columns of a GiST or SP-GiST tuple from `first` on, with alignment to 8.
double further_bytes(TableSample& sample, const Hypothetical& index, int first,
                     const std::vector<bool>& kept) {
  std::vector<index::StoredItem> items;
  for (int column = first; column < index.columns; ++column) {
    SampledValues const values = sample.values_of(index, column);
    if (column >= index.keys || index.method != GIST_AM_OID) {
      items.push_back(mean_item(stored_values(sample, values), kept));
      continue;
    }
    DefinitionScope const scope(index.table);
    GistOpclass opclass(index, column);
    std::vector<Datum> stored;
    for (int r = 0; r < sample.sampled_rows() && stored.size() < kSimulatedRows; ++r)
      if (kept[static_cast<size_t>(r)] && !values.null(r))
        stored.push_back(opclass.leaf(values.value(r)).stored);
    std::vector<uint8_t> const none(stored.size(), 0);
    items.push_back(mean_item(store(stored.data(), reinterpret_cast<const bool*>(none.data()),
                                    static_cast<int>(stored.size()), 1, opclass.stored_type()),
                              std::vector<bool>(stored.size(), true)));
  }
  return index::laid_out(items);
}

/// Rows for a simulated build, in the table's order, from all of the sample.
std::vector<int> simulated_rows(TableSample& sample, const SampledValues& values,
                                const std::vector<bool>& kept) {
  std::vector<int> rows;
  for (int r = 0; r < sample.sampled_rows(); ++r)
    if (kept[static_cast<size_t>(r)] && !values.null(r)) rows.push_back(r);
  if (rows.size() <= kSimulatedRows) return rows;
  std::vector<int> some;
  for (size_t i = 0; i < kSimulatedRows; ++i)
    some.push_back(rows[i * rows.size() / kSimulatedRows]);
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
  std::vector<bool> const kept = sample.predicate_rows(index);
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

namespace {

/// What the inner levels of a radix tree take from texts: the bytes that each shares with the fifty or so
/// others that end in its leaf, and the one after.
double radix_prefix_bytes(std::vector<std::string_view> texts, double sampled_share) {
  constexpr double kLeafTuples = 50;
  if (texts.size() < 2) return 0;
  std::sort(texts.begin(), texts.end());
  auto const reach = static_cast<size_t>(std::max(1.0, std::round(kLeafTuples * sampled_share)));
  auto const common = [&](size_t a, size_t b) {
    size_t length = 0;
    while (length < std::min(texts[a].size(), texts[b].size()) && texts[a][length] == texts[b][length])
      ++length;
    return length;
  };
  double total = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    size_t shared = 0;
    if (i >= reach) shared = common(i - reach, i);
    if (i + reach < texts.size()) shared = std::max(shared, common(i, i + reach));
    total += static_cast<double>(std::min(shared + 1, texts[i].size()));
  }
  return total / static_cast<double>(texts.size());
}

double prefix_bytes(TableSample& sample, const SampledValues& values, const std::vector<bool>& kept) {
  pg::Memory const memory("deal_advisor SP-GiST sample");
  pg::InContext const in_memory(memory.context());
  std::vector<std::string_view> texts;
  for (int r = 0; r < sample.sampled_rows(); ++r) {
    if (!kept[static_cast<size_t>(r)] || values.null(r)) continue;
    auto* const text = pg::call([&] {
      return pg_detoast_datum_packed(reinterpret_cast<varlena*>(DatumGetPointer(values.value(r))));
    });
    texts.emplace_back(VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
  }
  double const share = static_cast<double>(sample.sampled_rows()) / std::max<double>(1, sample.table_rows());
  return radix_prefix_bytes(std::move(texts), share);
}

}  // namespace

index::SizeEstimate estimate_spgist(TableSample& sample, const Hypothetical& index) {
  pg::Memory const memory("deal_advisor SP-GiST sample");
  pg::InContext const in_memory(memory.context());
  std::vector<bool> const kept = sample.predicate_rows(index);
  SampledValues const values = sample.values_of(index, 0);
  index::SpaceTreeShape shape;
  shape.rows = rows_in_index(sample, kept);
  shape.leaf_bytes = mean_item(stored_values(sample, values), kept).bytes;
  Oid const kind = pg::call([&] { return support_function(index, 0, SPGIST_CONFIG_PROC); });
  if (kind == F_SPG_KD_CONFIG) shape.fill = 0.66;  // cut in two at a time
  if (kind == F_INET_SPG_CONFIG) shape.fill = 0.69;
  if (kind == F_SPG_TEXT_CONFIG)
    shape.leaf_bytes = std::fmax(1, shape.leaf_bytes - prefix_bytes(sample, values, kept));
  shape.includes = further_bytes(sample, index, 1, kept);
  if (share_of_rows(sample, kept, values) == 0) shape.leaf_bytes = 0;
  return index::estimate_spgist(shape);
}

}  // namespace deal::server
