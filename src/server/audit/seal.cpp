#include "server/audit/seal.hpp"

#include <algorithm>

#include "core/audit/log_schema.hpp"
#include "core/audit/seal_builder.hpp"
#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/log_scan.hpp"
#include "server/audit/seal_store.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"

extern "C" {
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "utils/snapmgr.h"
}

namespace deal::server {

namespace {

constexpr int64 kMostRows = 1'000'000;
constexpr int64 kClockStep = audit::kDayLength;  // that the clock may have been set back

/// All transactions before this are over, for the active snapshot.
uint64 finished_transactions() {
  return pg::call([] {
    TransactionId const oldest = GetActiveSnapshot()->xmin;
    FullTransactionId const next = ReadNextFullTransactionId();
    uint32 epoch = EpochFromFullTransactionId(next);
    if (oldest > XidFromFullTransactionId(next)) --epoch;
    return U64FromFullTransactionId(FullTransactionIdFromEpochAndXid(epoch, oldest));
  });
}

int64 clock_now() {
  return pg::call([] { return GetCurrentTimestamp(); });
}

/// Makes one seal.
class Sealer {
 public:
  Sealer(const LogPlace& log, std::string by, int64 most_rows)
      : log_(log), store_(log.schema), by_(std::move(by)), most_rows_(most_rows) {}

  /// What is to be sealed now; false when that is nothing. `again`: there is more for a further seal.
  bool make(Sealing& done, bool& again) {
    pg::LatestSnapshot const snapshot;
    std::vector<audit::Seal> const last = store_.seals(true);
    if (!last.empty()) former_ = last.front();
    choose_transactions();
    audit::SealBuilder builder(seal_.to_xid, static_cast<std::size_t>(most_rows_));
    collect(builder);
    if (builder.divided()) {
      seal_.to_xid = builder.to_xid();
      again = true;
    }
    seal_.parts = builder.parts(relations_.names, sha256);
    add_numbered();
    bool const empty = seal_.parts.empty() && seal_.layouts.empty() &&
                       seal_.erased.up_to == former_.erased.up_to &&
                       seal_.pruned.up_to == former_.pruned.up_to;
    if (empty && !opens_ && !closes_) {
      done.seal = former_.number;
      done.digest = former_.number == 0 ? "" : audit::hex_of(former_.digest);
      return false;
    }
    again = again || closes_;
    write();
    done.rows += seal_.rows();
    done.seal = seal_.number;
    done.digest = audit::hex_of(seal_.digest);
    ++done.seals;
    return true;
  }

 private:
  /// Which cluster's transactions, and which of them. Numbers start anew in another cluster, so what came
  /// from there by dump and restore is sealed to its end first, by time: the first layout noted here is older
  /// than any row.
  void choose_transactions() {
    uint64 const system = pg::call([] { return GetSystemIdentifier(); });
    bool const closed = former_.to_xid == UINT64_MAX;
    bool const foreign =
        former_.number == 0 ? store_.has_other_system(system) : former_.system != static_cast<int64>(system);
    seal_.number = former_.number + 1;
    seal_.system = static_cast<int64>(system);
    seal_.began = former_.began;
    seal_.from_xid = former_.to_xid;
    seal_.to_xid = finished_transactions();
    if (closed) {
      opens_ = true;
      seal_.began = former_.after;
      seal_.from_xid = 0;
    } else if (foreign) {
      closes_ = true;
      seal_.system = former_.system;
      seal_.to_xid = UINT64_MAX;
      boundary_ = store_.first_of_system(system).value_or(clock_now());
    }
    seal_.to_xid = std::max(seal_.to_xid, seal_.from_xid);
    window_.from_xid = seal_.from_xid;
    window_.from = seal_.began;
    window_.to = boundary_;
  }

  void collect(audit::SealBuilder& builder) {
    SettingsForHashing const settings;
    relations_ = read_log_relations(log_);
    seal_.after = former_.after;
    int64 const oldest = seal_.after == audit::kAlways ? seal_.after : seal_.after - kClockStep;
    for (LogLeaf const& leaf : relations_.leaves) {
      bool const is_transactions =
          relations_.names[static_cast<size_t>(leaf.relation)] == audit::kTransactions;
      if (!leaf.readable)
        throw Error("42809", leaf.name + " can't be sealed")
            .detail("It is no ordinary table of this server.");
      if (leaf.until <= oldest) continue;
      LeafScan scan(leaf, is_transactions);
      window_.to_xid = builder.to_xid();
      for (auto* rows = &scan.next(window_); !rows->empty(); rows = &scan.next(window_)) {
        pg::check_for_interrupts();
        for (ScannedRow const& row : *rows) {
          builder.add(leaf.relation, row.at, row.row);
          if (row.started != DT_NOBEGIN) started_.emplace_back(row.row.xid, row.started);
        }
        window_.to_xid = builder.to_xid();
      }
    }
    note_started(builder.to_xid());
    // The next cluster's seals begin where this one's end.
    if (closes_ && !builder.divided()) seal_.after = boundary_;
  }

  /// Later rows are of transactions that got their number after those sealed now, so after these had begun.
  void note_started(uint64 to_xid) {
    for (auto const& [xid, started] : started_)
      if (xid < to_xid) seal_.after = std::max(seal_.after, started);
  }

  void add_numbered() {
    seal_.layouts = store_.unsealed_layouts();
    if (!seal_.layouts.empty()) seal_.layouts_digest = store_.layouts(seal_.layouts).digest.digest;
    seal_.erased = after(former_.erased, store_.erasures(former_.erased.up_to));
    seal_.pruned = after(former_.pruned, store_.prunings(former_.pruned.up_to));
  }

  static audit::SealedNumbers after(const audit::SealedNumbers& former, const NumberedRows& rows) {
    return rows.rows.empty() ? audit::SealedNumbers{former.up_to, {}} : rows.digest;
  }

  void write() {
    SettingsForHashing const settings;
    seal_.sealed_at = clock_now();
    seal_.sealed_by = by_;
    seal_.previous = former_.digest;
    seal_.digest = sha256(audit::seal_bytes(seal_));
    store_.add(seal_);
  }

  const LogPlace& log_;
  SealStore store_;
  std::string by_;
  int64 most_rows_;
  audit::Seal former_;
  audit::Seal seal_;
  LogRelations relations_;
  RowWindow window_;
  int64 boundary_ = INT64_MAX;
  bool opens_ = false;   ///< the first seal of this cluster after another's
  bool closes_ = false;  ///< the last of another cluster's
  std::vector<std::pair<uint64, TimestampTz>> started_;
};

Sealing seal_as_owner(const LogPlace& log, const std::string& by, int64 most_rows) {
  SealStore const store(log.schema);
  store.ensure(log.owner);
  store.lock();
  Sealing done;
  for (bool again = true; again;) {
    again = false;
    pg::call([] { CommandCounterIncrement(); });
    if (!Sealer(log, by, most_rows).make(done, again)) break;
  }
  return done;
}

}  // namespace

Sealing seal_log(const LogPlace& log, int64 most_rows) {
  std::string const by = pg::role_name(pg::current_role());
  pg::AsRole const owner(log.owner);
  return seal_as_owner(log, by, most_rows);
}

Sealing seal_if_sealed(const LogPlace& log) {
  std::string const by = pg::role_name(pg::current_role());
  pg::AsRole const owner(log.owner);
  SealStore const store(log.schema);
  if (!store.exists()) return {};
  {
    pg::call([] { CommandCounterIncrement(); });
    pg::LatestSnapshot const snapshot;
    if (store.seals(true).empty()) return {};
  }
  return seal_as_owner(log, by, kMostRows);
}

}  // namespace deal::server
