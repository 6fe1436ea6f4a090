#include "server/marketplace/ingest_products.hpp"

#include <algorithm>

extern "C" {
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

using namespace deal::marketplace;

constexpr size_t kStretch = 256;

struct BestPrice {
  int64_t price;
  int64_t listing;
};

/// True if the listing's new price may make another best price.
bool moves(const BestPrice& best, const MovedListing& moved) {
  if (best.price != no_price && moved.listing == best.listing) return moved.price != best.price;
  if (moved.price == no_price) return false;
  return best.price == no_price ||
         std::pair(moved.price, moved.listing) < std::pair(best.price, best.listing);
}

struct Products {
  IngestTables* tables;
  int64_t tenant;
  CommandId command;
  TupleTableSlot* newest;
  std::vector<int64_t>* open;

  /// Locks the product and reads its best price; false if it is gone.
  bool lock(int64_t product, BestPrice* best) const {
    IngestTable& table = tables->products;
    Datum const key[] = {Int64GetDatum(tenant), Int64GetDatum(product)};
    if (!look_up(table, key)) return false;
    ItemPointerData place = table.found->tts_tid;
    TM_FailureData failure;
    if (table_tuple_lock(table.relation, &place, GetActiveSnapshot(), newest, command,
                         LockTupleNoKeyExclusive, LockWaitBlock, TUPLE_LOCK_FLAG_FIND_LAST_VERSION,
                         &failure) != TM_Ok)
      return false;
    auto const number = [&](int column, int64_t if_null) {
      bool null = false;
      Datum const value = slot_getattr(newest, table.columns[column], &null);
      return null ? if_null : DatumGetInt64(value);
    };
    *best = {number(product_column::price, no_price), number(product_column::listing, 0)};
    return true;
  }

  void judge(std::span<const MovedListing> of_product) const {
    BestPrice best{no_price, 0};
    bool const known = lock(of_product[0].product, &best);
    bool const may_move =
        !known || std::ranges::any_of(of_product, [&](const MovedListing& m) { return moves(best, m); });
    if (may_move) open->push_back(of_product[0].product);
  }
};

}  // namespace

std::vector<int64_t> products_to_refresh(IngestTables& tables, int64_t tenant,
                                         std::vector<MovedListing>& moved) {
  std::vector<int64_t> open;
  if (moved.empty()) return open;
  std::ranges::sort(moved, {}, [](const MovedListing& m) { return std::pair(m.product, m.listing); });
  Products products{&tables, tenant, 0, nullptr, &open};
  pg::call([&] {
    MemoryContextSwitchTo(tables.context);
    begin_lookup(tables.products, 2);
    products.newest = table_slot_create(tables.products.relation, nullptr);
    products.command = GetCurrentCommandId(true);
  });
  std::span<const MovedListing> rest = moved;
  while (!rest.empty()) {
    pg::call([&] {
      for (size_t n = 0; n < kStretch && !rest.empty(); ++n) {
        size_t count = 1;
        while (count < rest.size() && rest[count].product == rest[0].product)
          ++count;
        products.judge(rest.first(count));
        rest = rest.subspan(count);
      }
      CHECK_FOR_INTERRUPTS();
    });
  }
  pg::call([&] {
    ExecDropSingleTupleTableSlot(products.newest);
    end_lookup(tables.products);
  });
  return open;
}

}  // namespace deal::server
