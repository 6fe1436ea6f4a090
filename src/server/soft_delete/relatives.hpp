/// The tables around one with soft deletes: which refer to it, and which it refers to.
#pragma once

#include <string>
#include <vector>

#include "core/model/finding.hpp"
#include "server/catalog/table_change.hpp"

namespace deal::server {

/// The trigger function, as regprocedure reads it.
constexpr const char* kSoftDeleteFunction = "deal_advisor.soft_delete()";

/// A foreign key that refers to a table.
struct Referring {
  ObjectId child = 0;
  ObjectId owner = 0;      ///< of the child
  std::string child_name;  ///< quoted
  std::string constraint;  ///< not quoted
  char on_delete = 0;
  bool soft = false;  ///< the child has soft deletes
};
std::vector<Referring> tables_referring_to(ObjectId relation);

/// The mark's column of a table; empty when it has no soft deletes.
std::string mark_of_table(ObjectId relation);

/// The statements that give a table the trigger for its references to tables with soft deletes, or take it
/// away when there are none. `changed` is a table that is about to get (`soft`) or lose them, with this mark.
std::vector<OwnedStatement> reference_trigger_anew(ObjectId relation, ObjectId changed, bool soft,
                                                   const std::string& mark);

}  // namespace deal::server
