#include <algorithm>
#include <cmath>

#include "core/base/random.hpp"
#include "server/index/access_method.hpp"
#include "server/index/method_sample.hpp"
#include "server/index/row_expressions.hpp"
#include "server/index/sampled_columns.hpp"

extern "C" {
#include "access/gin.h"
#include "access/reloptions.h"
#include "catalog/pg_collation.h"
}

namespace deal::server {

namespace {

constexpr int kExtractBatch = 256;  ///< values whose keys are in memory at once
constexpr uint32_t kListHeader = 8;

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
  std::vector<bool> const& kept = sample.predicate_rows(index);
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

}  // namespace deal::server
