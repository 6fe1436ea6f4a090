/// The tables that a workload uses and the indexes they have, as the search sees them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/index/search.hpp"
#include "server/index/extent.hpp"
#include "server/index/vocabulary.hpp"

namespace deal::server {

/// One existing index. `candidate` describes it to the search.
struct ExistingIndex {
  Oid oid;
  std::string name;  ///< schema-qualified and quoted
  index::CandidateIndex candidate;
  bool backs_constraint;   ///< primary key, unique or exclusion constraint, or target of a foreign key
  std::string definition;  ///< pg_get_indexdef
};

/// One table that could get an index.
struct IndexedTable {
  Oid oid = 0;
  std::string schema;
  std::string name;
  bool partitioned = false;
  TableExtent extent{0, 0};
  std::vector<std::string> columns;  ///< by attribute number - 1; empty for dropped columns
  std::vector<bool> sortable;        ///< by attribute number - 1: the type has a B-tree opclass
  std::vector<int32_t> widths;       ///< by attribute number - 1: bytes on average, as statistics say
  std::vector<bool> indexed;         ///< by attribute number - 1: an update that changes it is not heap-only
  int64_t updates = 0;               ///< rows updated since the statistics began
  int64_t heap_only_updates = 0;     ///< of these, without a new index entry
  std::vector<ExistingIndex> indexes;

  std::string qualified() const;
};

/// Numbers the tables of a workload; reads each once.
class TableRegistry {
 public:
  /// Expressions and predicates of existing indexes get their numbers in `words`.
  explicit TableRegistry(Vocabulary& words) : words_(words) {}

  /// Number of the table in `tables()`; reads it on first sight. Takes AccessShareLock.
  int number_of(Oid table);
  const std::vector<IndexedTable>& tables() const { return tables_; }

 private:
  Vocabulary& words_;
  std::map<Oid, int> numbers_;
  std::vector<IndexedTable> tables_;
};

}  // namespace deal::server
