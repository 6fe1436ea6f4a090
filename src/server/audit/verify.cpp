#include <algorithm>

#include <fmt/format.h>

#include "core/audit/log_schema.hpp"
#include "core/audit/seal_check.hpp"
#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/erasures.hpp"
#include "server/audit/log_scan.hpp"
#include "server/audit/seal.hpp"
#include "server/audit/seal_store.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "storage/lmgr.h"
}

namespace deal::server {

namespace {

using audit::Seal;
using audit::SealProblem;

/// Compares one log with its seals.
class Verifier {
 public:
  explicit Verifier(const LogPlace& log) : log_(log), store_(log.schema) {}

  void run(const std::string& anchor) {
    if (store_.exists()) {
      relations_ = read_log_relations(log_);
      lock_leaves();
      pg::call([] { CommandCounterIncrement(); });
    }
    // After the locks: what a concurrent prune has taken is either in neither or told as pruned.
    pg::LatestSnapshot const snapshot;
    if (store_.exists()) seals_ = store_.seals();
    problems_ = audit::check_chain(seals_, anchor, sha256);
    if (seals_.empty()) {
      if (anchor.empty())
        problem("nothing is sealed", "so nothing can be compared; deal_advisor.audit_seal makes seals");
      return;
    }
    SettingsForHashing const settings;
    check_layouts();
    read_erasures();
    read_prunings();
    check_rows();
  }

  void report(pg::RowSet& rows) const {
    for (SealProblem const& one : problems_)
      rows.add({pg::value(false), pg::value(one.problem), one.seal == 0 ? pg::Value{} : pg::value(one.seal),
                one.relation.empty() ? pg::Value{} : pg::value(one.relation),
                one.day ? pg::value(audit::day_text(*one.day)) : pg::Value{}, pg::Value{},
                pg::value(one.detail)});
    std::string const detail =
        fmt::format("{} seals; {} sealed rows compared, {} pruned, {} erased; {} rows wait for the next seal",
                    seals_.size(), counts_.sealed, counts_.pruned, erasures_.count(), counts_.unsealed);
    rows.add({pg::value(problems_.empty()),
              problems_.empty() ? pg::Value{} : pg::value(fmt::format("{} problems", problems_.size())),
              seals_.empty() ? pg::Value{} : pg::value(seals_.back().number), pg::Value{}, pg::Value{},
              pg::value(counts_.sealed), pg::value(detail)});
  }

 private:
  void problem(std::string what, std::string detail) {
    problems_.push_back({0, {}, std::nullopt, std::move(what), std::move(detail)});
  }

  void lock_leaves() const {
    for (LogLeaf const& leaf : relations_.leaves)
      pg::call([&] { LockRelationOid(leaf.oid, AccessShareLock); });
  }

  void check_layouts() {
    for (Seal const& seal : seals_) {
      if (seal.layouts.empty() || store_.layouts(seal.layouts).digest.digest == seal.layouts_digest) continue;
      problems_.push_back({seal.number, audit::kLayouts, std::nullopt, "layouts were changed",
                           "what the names in the images stand for is not as it was sealed"});
    }
  }

  /// Of each seal the rows of its numbers; `sealed` of a seal: what it says.
  void check_numbered(const char* relation, const char* what, const NumberedRows& all,
                      audit::SealedNumbers Seal::*sealed,
                      NumberedRows (SealStore::*read)(int64, int64) const) {
    int64 from = 0;
    for (Seal const& seal : seals_) {
      audit::SealedNumbers const& numbers = seal.*sealed;
      audit::Digest const digest =
          numbers.up_to == from ? audit::Digest{} : (store_.*read)(from, numbers.up_to).digest.digest;
      if (digest != numbers.digest)
        problems_.push_back({seal.number, relation, std::nullopt, fmt::format("{} were changed", what),
                             "they are not as they were sealed"});
      from = std::max(from, numbers.up_to);
    }
    if (all.digest.up_to > from)
      problems_.push_back({0, relation, std::nullopt, fmt::format("{} without a seal", what),
                           fmt::format("number {} and later were not made by this extension", from + 1)});
  }

  void read_erasures() {
    NumberedRows const all = store_.erasures(0);
    check_numbered(kErasures, "erasures", all, &Seal::erased, &SealStore::erasures);
    erasures_.read(all, relations_.names);
  }

  void read_prunings() {
    NumberedRows const all = store_.prunings(0);
    check_numbered(kPrunings, "prunings", all, &Seal::pruned, &SealStore::prunings);
    for (auto const& texts : all.rows)
      prunings_.push_back({std::stoll(texts[0]), texts[1], std::stoll(texts[2]), std::stoll(texts[3])});
  }

  void check_rows() {
    uint64 const system = pg::call([] { return GetSystemIdentifier(); });
    bool const elsewhere = seals_.back().system != static_cast<int64>(system);
    audit::SealCheck check(seals_, relations_.names, prunings_, sha256,
                           elsewhere ? store_.first_of_system(system).value_or(INT64_MAX) : INT64_MAX);
    for (LogLeaf const& leaf : relations_.leaves) {
      if (!leaf.readable) {
        problems_.push_back({0, leaf.name, std::nullopt, "the table can't be read",
                             "it is no ordinary table of this server"});
        continue;
      }
      try {
        check_leaf(leaf, check);
      } catch (const Error& error) {
        problems_.push_back({0, leaf.name, std::nullopt, "the table can't be read", error.message()});
      }
    }
    std::vector<SealProblem> found = check.finish();
    problems_.insert(problems_.end(), found.begin(), found.end());
    counts_ = check.counts();
  }

  void check_leaf(const LogLeaf& leaf, audit::SealCheck& check) {
    LeafScan scan(leaf, relations_.names[static_cast<size_t>(leaf.relation)] == audit::kTransactions);
    for (auto* rows = &scan.next({}); !rows->empty(); rows = &scan.next({})) {
      pg::check_for_interrupts();
      for (ScannedRow& row : *rows) {
        if (row.erased) erasures_.stand_in(leaf.relation, row);
        check.add(leaf.relation, row.at, row.row);
      }
    }
  }

  const LogPlace& log_;
  SealStore store_;
  LogRelations relations_;
  std::vector<Seal> seals_;
  ErasedRows erasures_;
  std::vector<audit::PrunedRange> prunings_;
  std::vector<SealProblem> problems_;
  audit::SealCounts counts_;
};

}  // namespace

void verify_log(const LogPlace& log, const std::string& anchor, pg::RowSet& rows) {
  Verifier verifier(log);
  {
    pg::AsRole const owner(log.owner);
    verifier.run(anchor);
  }
  verifier.report(rows);
}

}  // namespace deal::server
