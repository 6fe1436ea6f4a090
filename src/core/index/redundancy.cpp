#include "core/index/redundancy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <tuple>

#include "core/base/quote.hpp"

namespace deal::index {

namespace {

using Columns = std::span<const IndexColumn>;

constexpr int kBothDirections = 3;  // descending and nulls first, both turned round

// What an index can do for a query.
struct Service {
  std::string_view method;
  std::string_view predicate;
  std::string_view options;
  Columns keys;
  Columns included;
};

enum class Match { none, forward, backward };

Service service_of(const Catalog& catalog, const Index& index) {
  const Columns columns = catalog.columns_of(index);
  const auto keys = static_cast<std::size_t>(index.key_count);
  return {index.method, index.predicate, index.options, columns.first(keys), columns.subspan(keys)};
}

bool same_expression(const IndexColumn& a, const IndexColumn& b) {
  return a.number == b.number && (a.number != 0 || (!a.expression.empty() && a.expression == b.expression));
}

bool same_key(const IndexColumn& a, const IndexColumn& b) {
  return same_expression(a, b) && a.opclass == b.opclass && a.collation == b.collation &&
         a.parameters == b.parameters;
}

// Whether the first keys of `wide` are those of `narrow`, all in the same direction or all in the opposite
// one.
Match match_keys(Columns wide, Columns narrow, bool ordered) {
  if (wide.size() < narrow.size()) return Match::none;
  bool forward = true;
  bool backward = ordered;
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    if (!same_key(wide[i], narrow[i])) return Match::none;
    forward = forward && wide[i].options == narrow[i].options;
    backward = backward && wide[i].options == (narrow[i].options ^ kBothDirections);
  }
  if (forward) return Match::forward;
  return backward ? Match::backward : Match::none;
}

bool carries(const Service& wide, const IndexColumn& included) {
  const auto same = [&](const IndexColumn& column) { return same_expression(column, included); };
  return std::any_of(wide.included.begin(), wide.included.end(), same) ||
         std::any_of(wide.keys.begin(), wide.keys.end(), same);
}

Match match(const Service& wide, const Service& narrow) {
  if (wide.method != narrow.method || wide.predicate != narrow.predicate) return Match::none;
  const bool ordered = wide.method == "btree";
  if (!ordered && wide.keys.size() != narrow.keys.size()) return Match::none;
  // How many pages a range summarises decides what a BRIN index can do; fillfactor and the like decide
  // nothing.
  if (wide.method == "brin" && wide.options != narrow.options) return Match::none;
  const bool all = std::all_of(narrow.included.begin(), narrow.included.end(),
                               [&](const IndexColumn& column) { return carries(wide, column); });
  return all ? match_keys(wide.keys, narrow.keys, ordered) : Match::none;
}

bool comparable(const Index& index) {
  return index.valid && index.ready && index.deparsed;
}

bool must_stay(const Index& index) {
  return index.primary || index.key_target || index.replica_identity || index.clustered || index.exclusion ||
         index.parent != 0;
}

// Whether `keep` does all that `drop` does besides serving queries.
bool takes_over_duties(const Index& keep, const Index& drop) {
  if (must_stay(drop)) return false;
  if (drop.constraint && !keep.constraint) return false;
  if (!drop.unique) return true;
  return keep.unique && keep.key_count == drop.key_count && (keep.immediate || !drop.immediate) &&
         (keep.nulls_not_distinct || !drop.nulls_not_distinct || keep.primary);
}

// Of two twins the one with more duties stays.
int strength(const Index& index) {
  return (must_stay(index) ? 16 : 0) + (index.primary ? 8 : 0) + (index.constraint ? 4 : 0) +
         (index.unique && index.immediate ? 2 : 0) + (index.nulls_not_distinct ? 1 : 0);
}

std::string column_list(const Catalog& catalog, const Index& index, Columns columns) {
  const Table& table = catalog.tables[static_cast<std::size_t>(index.table)];
  std::string list;
  for (const IndexColumn& column : columns) {
    if (!list.empty()) list += ", ";
    const Column* known = catalog.column(table, column.number);
    list += column.number == 0 || known == nullptr ? column.expression : quote_identifier(known->name);
    if ((column.options & 1) != 0) list += " desc";
  }
  return list;
}

std::string duties(const Index& keep, const Index& drop) {
  if (keep.primary) return " It is the primary key.";
  if (keep.constraint && !drop.constraint) return " It also backs a constraint.";
  if (keep.unique && !drop.unique) return " It also enforces uniqueness.";
  return "";
}

class Finder {
 public:
  explicit Finder(const Catalog& catalog) : catalog_(catalog), dropped_(catalog.indexes.size(), 0) {}

  std::vector<Redundancy> find() {
    for (const Table& table : catalog_.tables) {
      std::vector<int> order = comparable_of(table);
      find_duplicates(order);
      // The longest first: whether an index stays is settled before it is asked to cover another.
      std::stable_sort(order.begin(), order.end(), [this](int a, int b) { return width(a) > width(b); });
      for (const int narrow : order)
        find_cover(order, narrow);
    }
    std::sort(found_.begin(), found_.end(), [this](const Redundancy& a, const Redundancy& b) {
      return at(a.drop).identity < at(b.drop).identity;
    });
    return std::move(found_);
  }

 private:
  const Index& at(int position) const { return catalog_.indexes[static_cast<std::size_t>(position)]; }
  Service service(int position) const { return service_of(catalog_, at(position)); }
  bool is_dropped(int position) const { return dropped_[static_cast<std::size_t>(position)] != 0; }
  std::pair<std::size_t, std::size_t> width(int position) const {
    const Service all = service(position);
    return {all.keys.size(), all.included.size()};
  }

  std::vector<int> comparable_of(const Table& table) const {
    std::vector<int> positions;
    for (int i = table.indexes.begin; i < table.indexes.end; ++i) {
      if (comparable(at(i))) positions.push_back(i);
    }
    // By name: what doesn't depend on object numbers is the same after dump and restore.
    std::sort(positions.begin(), positions.end(), [this](int a, int b) { return at(a).name < at(b).name; });
    return positions;
  }

  // Each index goes in favour of the strongest of its twins, of equals the first by name; the weakest goes
  // first.
  void find_duplicates(std::vector<int> positions) {
    std::sort(positions.begin(), positions.end(), [this](int a, int b) { return weaker(a, b); });
    for (std::size_t i = 0; i < positions.size(); ++i) {
      for (std::size_t j = positions.size() - 1; j > i; --j) {
        if (!twins(positions[i], positions[j]) || !takes_over_duties(at(positions[j]), at(positions[i])))
          continue;
        drop(positions[i], positions[j], RedundancyKind::duplicate);
        break;
      }
    }
  }

  bool weaker(int a, int b) const {
    const int strong_a = strength(at(a));
    const int strong_b = strength(at(b));
    return strong_a != strong_b ? strong_a < strong_b : at(a).name > at(b).name;
  }

  // Whether each could stand in for the other in queries.
  bool twins(int a, int b) const {
    return match(service(a), service(b)) != Match::none && match(service(b), service(a)) != Match::none;
  }

  void find_cover(const std::vector<int>& positions, int narrow) {
    if (is_dropped(narrow)) return;
    int best = -1;
    for (const int wide : positions) {
      if (wide == narrow || is_dropped(wide) || width(wide) <= width(narrow)) continue;
      if (match(service(wide), service(narrow)) == Match::none || !takes_over_duties(at(wide), at(narrow)))
        continue;
      if (best < 0 || at(wide).pages < at(best).pages) best = wide;
    }
    if (best >= 0) drop(narrow, best, RedundancyKind::covered);
  }

  void drop(int drop, int keep, RedundancyKind kind) {
    dropped_[static_cast<std::size_t>(drop)] = 1;
    const bool backward = match(service(keep), service(drop)) == Match::backward;
    found_.push_back({drop, keep, kind, backward, why(drop, keep, kind, backward)});
  }

  std::string why(int drop, int keep, RedundancyKind kind, bool backward) const {
    const Service gone = service(drop);
    const Service stays = service(keep);
    std::string text;
    if (kind == RedundancyKind::duplicate) {
      text = fmt::format("{} has the same key ({}).", at(keep).identity,
                         column_list(catalog_, at(keep), stays.keys));
    } else if (stays.keys.size() > gone.keys.size()) {
      text = fmt::format("Its key ({}) begins the key of {} ({}), which serves the same searches.",
                         column_list(catalog_, at(drop), gone.keys), at(keep).identity,
                         column_list(catalog_, at(keep), stays.keys));
    } else {
      text = fmt::format("{} has the same key ({}) and carries more columns.", at(keep).identity,
                         column_list(catalog_, at(keep), stays.keys));
    }
    if (backward) text += " Scanned backwards it gives the same order.";
    return text + duties(at(keep), at(drop));
  }

  const Catalog& catalog_;
  std::vector<char> dropped_;
  std::vector<Redundancy> found_;
};

}  // namespace

std::vector<Redundancy> find_redundant(const Catalog& catalog) {
  return Finder(catalog).find();
}

int existing_cover(const Catalog& catalog, const Table& table, const IndexProposal& proposal) {
  const Columns columns(proposal.columns);
  const auto keys = static_cast<std::size_t>(proposal.key_count);
  const Service wanted{proposal.method, proposal.predicate, "", columns.first(keys), columns.subspan(keys)};
  int best = -1;
  for (int i = table.indexes.begin; i < table.indexes.end; ++i) {
    const Index& index = catalog.indexes[static_cast<std::size_t>(i)];
    if (!comparable(index) || match(service_of(catalog, index), wanted) == Match::none) continue;
    if (best < 0) {
      best = i;
      continue;
    }
    const Index& other = catalog.indexes[static_cast<std::size_t>(best)];
    if (std::tie(index.pages, index.name) < std::tie(other.pages, other.name)) best = i;
  }
  return best;
}

}  // namespace deal::index
