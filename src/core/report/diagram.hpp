/// Entity-relationship diagrams in Mermaid's notation.
#pragma once

#include <string>

#include "core/model/catalog.hpp"

namespace deal::report {

/// A diagram, and what it could not show.
struct Diagram {
  std::string text;  ///< empty when no table has a foreign key
  int tables = 0;    ///< in the diagram
  int left_out = 0;  ///< tables with foreign keys beyond the limit
};

/// Tables that foreign keys join, with their key columns; at most `max_tables` of them, the most connected
/// first. Partitions are left out, their parents stand for them.
Diagram entity_diagram(const Catalog& catalog, int max_tables);

}  // namespace deal::report
