#include "server/index/gist_opclass.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "server/index/access_method.hpp"
#include "server/index/table_sample.hpp"

extern "C" {
#include "access/reloptions.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_index.h"
#include "storage/bufpage.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/sortsupport.h"
}

namespace deal::server {

namespace {

bool find_support(const Hypothetical& index, int key, int number, FmgrInfo& function) {
  Oid const oid = support_function(index, key, number);
  if (!OidIsValid(oid)) return false;
  fmgr_info(oid, &function);
  set_fn_opclass_options(&function, index.opclass_options[key]);
  return true;
}

GistEntryVector* entry_vector(size_t count) {
  auto* const made = static_cast<GistEntryVector*>(palloc0(GEVHDRSZ + sizeof(GISTENTRY) * (count + 1)));
  made->n = static_cast<int32>(count);
  return made;
}

/// What opclasses look up in an entry's relation: btree_gist wants the number of columns.
Relation stand_in(const Hypothetical& index) {
  auto* const made = static_cast<Relation>(palloc0(sizeof(RelationData)));
  made->rd_att = CreateTemplateTupleDesc(index.columns);
  made->rd_rel = static_cast<Form_pg_class>(palloc0(sizeof(FormData_pg_class)));
  made->rd_rel->relkind = RELKIND_INDEX;
  made->rd_rel->relnatts = static_cast<int16>(index.columns);
  made->rd_rel->relam = index.method;
  made->rd_index = static_cast<Form_pg_index>(palloc0(sizeof(FormData_pg_index)));
  made->rd_index->indrelid = index.table;
  made->rd_index->indnatts = static_cast<int16>(index.columns);
  made->rd_index->indnkeyatts = static_cast<int16>(index.keys);
  made->rd_opfamily = index.opfamilies;
  made->rd_opcintype = index.input_types;
  made->rd_indcollation = index.collations;
  return made;
}

int compare_leaves(const void* a, const void* b, void* argument) {
  auto* const support = static_cast<SortSupport>(argument);
  return ApplySortComparator(static_cast<const GistOpclass::Leaf*>(a)->stored, false,
                             static_cast<const GistOpclass::Leaf*>(b)->stored, false, support);
}

}  // namespace

GistOpclass::GistOpclass(const Hypothetical& index, int key)
    : collation_(OidIsValid(index.collations[key]) ? index.collations[key] : DEFAULT_COLLATION_OID),
      stored_type_(index.stored_types[key]) {
  pg::call([&] {
    compresses_ = find_support(index, key, GIST_COMPRESS_PROC, compress_);
    decompresses_ = find_support(index, key, GIST_DECOMPRESS_PROC, decompress_);
    find_support(index, key, GIST_PENALTY_PROC, penalty_);
    find_support(index, key, GIST_UNION_PROC, union_);
    find_support(index, key, GIST_PICKSPLIT_PROC, split_);
    sort_function_ = support_function(index, key, GIST_SORTSUPPORT_PROC);
    relation_ = stand_in(index);
    page_ = static_cast<char*>(palloc0(BLCKSZ));
    PageInit(page_, BLCKSZ, sizeof(GISTPageOpaqueData));
    GistPageGetOpaque(page_)->flags = F_LEAF;
  });
}

GISTENTRY GistOpclass::entry_of(Datum key, bool leaf) const {
  GISTENTRY entry;
  gistentryinit(entry, key, relation_, page_, FirstOffsetNumber, leaf);
  return entry;
}

/// Runs inside pg::call.
static Datum through(FmgrInfo& function, bool present, Oid collation, GISTENTRY entry) {
  if (!present) return entry.key;
  auto* const result = reinterpret_cast<GISTENTRY*>(
      DatumGetPointer(FunctionCall1Coll(&function, collation, PointerGetDatum(&entry))));
  return result->key;
}

GistOpclass::Leaf GistOpclass::leaf(Datum value) {
  return pg::call([&] {
    Datum const stored = through(compress_, compresses_, collation_, entry_of(value, true));
    return Leaf{stored, through(decompress_, decompresses_, collation_, entry_of(stored, true))};
  });
}

index::GistItem GistOpclass::sealed(Datum key) {
  struct Sealed {
    Datum stored;
    Datum key;
  };
  Sealed const made = pg::call([&] {
    Datum const stored = through(compress_, compresses_, collation_, entry_of(key, false));
    return Sealed{stored, through(decompress_, decompresses_, collation_, entry_of(stored, false))};
  });
  bool const null = false;
  StoredColumn const size = store(&made.stored, &null, 1, 1, stored_type_);
  return {made.key, std::ceil((8.0 + size.size[0]) / 8) * 8 + overhead_};
}

void GistOpclass::sort(std::vector<Leaf>& leaves) {
  pg::call([&] {
    SortSupportData support{};
    support.ssup_cxt = CurrentMemoryContext;
    support.ssup_collation = collation_;
    OidFunctionCall1(sort_function_, PointerGetDatum(&support));
    qsort_arg(leaves.data(), leaves.size(), sizeof(Leaf), compare_leaves, &support);
  });
}

std::size_t GistOpclass::choose(std::span<const index::GistItem> entries, const index::GistItem& item) {
  return pg::call([&] {
    CHECK_FOR_INTERRUPTS();
    size_t best = 0;
    float best_penalty = -1;
    bool keep = false;
    for (size_t i = 0; i < entries.size(); ++i) {
      GISTENTRY entry = entry_of(entries[i].key, false);
      GISTENTRY added = entry_of(item.key, false);
      float penalty = 0;
      FunctionCall3Coll(&penalty_, collation_, PointerGetDatum(&entry), PointerGetDatum(&added),
                        PointerGetDatum(&penalty));
      if (std::isnan(penalty) || penalty < 0) penalty = 0;
      if (best_penalty < 0 || penalty < best_penalty) {
        best = i;
        best_penalty = penalty;
        keep = random_.below(2) == 0;
      } else if (penalty == best_penalty && !keep) {
        best = i;
        keep = random_.below(2) == 0;
      }
      if (best_penalty == 0 && keep) break;
    }
    return best;
  });
}

index::GistItem GistOpclass::join(const index::GistItem& entry, const index::GistItem& item) {
  index::GistItem const both[] = {entry, item};
  return cover(both);
}

index::GistItem GistOpclass::cover(std::span<const index::GistItem> items) {
  Datum const key = pg::call([&] {
    // At least two, as the server passes them: opclasses count on it.
    size_t const count = std::max<size_t>(items.size(), 2);
    GistEntryVector* const vector = entry_vector(count);
    for (size_t i = 0; i < count; ++i)
      vector->vector[i] = entry_of(items[std::min(i, items.size() - 1)].key, false);
    int size = 0;
    return FunctionCall2Coll(&union_, collation_, PointerGetDatum(vector), PointerGetDatum(&size));
  });
  return sealed(key);
}

std::vector<bool> GistOpclass::split(std::span<const index::GistItem> items) {
  struct Right {
    OffsetNumber* offsets;
    int count;
  };
  Right const right = pg::call([&] {
    GistEntryVector* const vector = entry_vector(items.size() + 1);
    for (size_t i = 0; i < items.size(); ++i)
      vector->vector[i + 1] = entry_of(items[i].key, false);
    auto* const halves = static_cast<GIST_SPLITVEC*>(palloc0(sizeof(GIST_SPLITVEC)));
    FunctionCall2Coll(&split_, collation_, PointerGetDatum(vector), PointerGetDatum(halves));
    return Right{halves->spl_right, halves->spl_nright};
  });
  std::vector<bool> flags(items.size(), false);
  for (int i = 0; i < right.count; ++i) {
    OffsetNumber const offset = right.offsets[i];
    if (offset >= 1 && offset <= items.size()) flags[offset - 1u] = true;
  }
  return flags;
}

}  // namespace deal::server
