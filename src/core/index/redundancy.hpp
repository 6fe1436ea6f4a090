/// Indexes that another index makes superfluous.
#pragma once

#include <string>
#include <vector>

#include "core/model/catalog.hpp"

namespace deal::index {

enum class RedundancyKind : std::uint8_t {
  duplicate,  ///< the same key (perhaps read backwards) and nothing that the other lacks
  covered     ///< the key begins the other's key, or the other carries more INCLUDE columns
};

/// One index that may go because another stays.
struct Redundancy {
  int drop = 0;  ///< position in Catalog::indexes
  int keep = 0;  ///< position in Catalog::indexes; itself never dropped in the same list
  RedundancyKind kind = RedundancyKind::duplicate;
  bool backward = false;  ///< the kept one must be scanned backwards to give the dropped one's order
  std::string why;        ///< one or two sentences
};

/// Finds duplicates and covered indexes, each dropped index once, by name. Of equals the first by name stays:
/// the same before and after dump and restore.
///
/// Only valid indexes of one table, access method and predicate are compared, key by key with opclass, its
/// parameters and collation; direction and nulls order must be the same throughout or the exact reverse
/// throughout. INCLUDE columns must be carried by the index that stays. Only B-trees cover by prefix; other
/// access methods know duplicates only (BRIN with the same options). An index with a duty of its own goes
/// only if the other does that duty too: uniqueness (at least as strict about nulls, checked as early) and
/// constraints; the target of a foreign key, the replica identity, the index to cluster by, the primary key
/// and an index attached to a partitioned one always stay. Indexes whose expressions couldn't be read are
/// left alone.
std::vector<Redundancy> find_redundant(const Catalog& catalog);

/// An index that somebody thinks of creating, without uniqueness.
struct IndexProposal {
  std::string method = "btree";
  std::vector<IndexColumn> columns{};  ///< keys first
  int key_count = 0;
  std::string predicate{};  ///< deparsed as in Catalog; empty: not partial
};

/// Position in Catalog::indexes of a valid index of the table that already serves all that the proposal
/// would, by the rules of find_redundant; -1 if there is none. Of several the one with the fewest pages, of
/// these the first by name.
int existing_cover(const Catalog& catalog, const Table& table, const IndexProposal& proposal);

}  // namespace deal::index
