#include "core/audit/seal_check.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace deal::audit {

namespace {

/// Where the seals of the cluster that `seal` counts in end.
std::int64_t end_of_cluster(std::span<const Seal> seals, const Seal& seal) {
  for (Seal const& later : seals)
    if (later.number > seal.number && later.began > seal.began) return later.began;
  return INT64_MAX;
}

SealProblem of_seal(const Seal& seal, std::string problem, std::string detail) {
  return {seal.number, {}, std::nullopt, std::move(problem), std::move(detail)};
}

void check_link(const Seal* former, const Seal& seal, std::vector<SealProblem>& problems) {
  std::int64_t const number = former == nullptr ? 1 : former->number + 1;
  if (seal.number != number)
    problems.push_back(of_seal(seal, "seals are missing", fmt::format("seal {} was expected here", number)));
  Digest const previous = former == nullptr ? Digest{} : former->digest;
  if (seal.number == number && seal.previous != previous)
    problems.push_back(
        of_seal(seal, "the seal does not follow the one before", "its previous digest is another"));
  bool const same_cluster = former != nullptr && former->began == seal.began;
  std::uint64_t const from = same_cluster ? former->to_xid : 0;
  // Another cluster's seals begin when the former one's are all made.
  bool const follows = same_cluster || former == nullptr
                           ? former != nullptr || seal.began == kAlways
                           : former->to_xid == UINT64_MAX && former->after == seal.began;
  if (seal.number == number && (seal.from_xid != from || seal.to_xid < from || !follows))
    problems.push_back(of_seal(seal, "the seal leaves transactions out",
                               fmt::format("it begins at {} instead of {}", seal.from_xid, from)));
}

}  // namespace

std::vector<SealProblem> check_chain(std::span<const Seal> seals, const std::string& anchor, Hasher hasher) {
  std::vector<SealProblem> problems;
  const Seal* former = nullptr;
  for (Seal const& seal : seals) {
    check_link(former, seal, problems);
    if (hasher(seal_bytes(seal)) != seal.digest)
      problems.push_back(of_seal(seal, "the seal was changed", "its digest is not that of its contents"));
    former = &seal;
  }
  if (anchor.empty()) return problems;
  bool const known =
      std::ranges::any_of(seals, [&](const Seal& seal) { return hex_of(seal.digest) == anchor; });
  if (!known)
    problems.push_back({0,
                        {},
                        std::nullopt,
                        "the anchor is no seal of this log",
                        "seals were cut off at the end, or the whole chain was replaced"});
  return problems;
}

const Seal* covering_seal(std::span<const Seal> seals, std::int64_t at, std::uint64_t xid) {
  // The newest cluster that had begun by then; of its seals the first that ends after the transaction.
  auto const after = std::ranges::upper_bound(seals, at, {}, &Seal::began);
  if (after == seals.begin()) return nullptr;
  std::int64_t const began = std::prev(after)->began;
  auto const first = std::ranges::lower_bound(seals.begin(), after, began, {}, &Seal::began);
  auto const seal = std::ranges::upper_bound(first, after, xid, {}, &Seal::to_xid);
  return seal == after || xid < seal->from_xid ? nullptr : &*seal;
}

SealCheck::SealCheck(std::span<const Seal> seals, const std::vector<std::string>& relations,
                     const std::vector<PrunedRange>& pruned, Hasher hasher, std::int64_t until)
    : seals_(seals), relations_(relations), pruned_(pruned), hasher_(hasher), until_(until) {
  for (std::size_t i = 0; i < seals.size(); ++i)
    for (SealPart const& part : seals[i].parts) {
      auto const name = std::ranges::find(relations_, part.relation);
      if (name == relations_.end()) relations_.push_back(part.relation);  // a table that is gone
      auto const relation = std::ranges::find(relations_, part.relation) - relations_.begin();
      part_of(i, static_cast<int>(relation), part.day).sealed = &part;
    }
}

SealCheck::Part& SealCheck::part_of(std::size_t seal, int relation, std::int64_t day) {
  auto const [place, is_new] = parts_.try_emplace({seal, {relation, day}});
  Part& part = place->second;
  if (!is_new) return part;
  Seal const& of = seals_[seal];
  part.seal = seal;
  part.relation = relation;
  part.day = day;
  part.from_xid = of.from_xid;
  part.to_xid = of.to_xid;
  part.begin = std::max(day * kDayLength, of.began);
  part.end = std::min({(day + 1) * kDayLength, end_of_cluster(seals_, of), until_});
  part.sealed = nullptr;
  return part;
}

void SealCheck::find(int relation, std::int64_t at, std::uint64_t xid) {
  const Seal* const seal = at < until_ ? covering_seal(seals_, at, xid) : nullptr;
  last_ = seal == nullptr ? nullptr
                          : &part_of(static_cast<std::size_t>(seal - seals_.data()), relation, day_of(at));
  if (seal == nullptr) ++counts_.unsealed;
}

void SealCheck::take(Part& part, const LoggedRow& row) {
  ++part.found;
  if (part.sealed == nullptr || part.found > part.sealed->rows) return;
  part.rows.push_back(row);
  if (part.found < part.sealed->rows) return;
  part.differs = digest_of_rows(part.rows, hasher_) != part.sealed->digest;
  part.rows = {};
}

bool SealCheck::is_pruned(const SealPart& part) const {
  std::int64_t const from = part.day * kDayLength;
  return std::ranges::any_of(pruned_, [&](const PrunedRange& range) {
    return range.relation == part.relation && range.from <= from && range.to >= from + kDayLength;
  });
}

void SealCheck::judge(const Part& part, std::vector<SealProblem>& problems) {
  std::int64_t const expected = part.sealed == nullptr ? 0 : part.sealed->rows;
  counts_.sealed += std::min(expected, part.found);
  SealProblem problem{
      seals_[part.seal].number, relations_[static_cast<std::size_t>(part.relation)], part.day, {}, {}};
  if (part.found < expected) {
    if (part.found == 0 && is_pruned(*part.sealed)) {
      counts_.pruned += expected;
      return;
    }
    problem.problem = "rows are missing";
    problem.detail = fmt::format("{} of {} sealed rows are there", part.found, expected);
  } else if (part.found > expected) {
    problem.problem = "rows were added";
    problem.detail = fmt::format("{} rows are there, {} were sealed", part.found, expected);
  } else if (part.differs) {
    problem.problem = "rows were changed";
    problem.detail = fmt::format("among {} rows there are some that are not as they were sealed", expected);
  } else {
    return;
  }
  problems.push_back(std::move(problem));
}

std::vector<SealProblem> SealCheck::finish() {
  std::vector<SealProblem> problems;
  for (auto const& [key, part] : parts_)
    judge(part, problems);
  return problems;
}

}  // namespace deal::audit
