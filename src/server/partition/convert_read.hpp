/// A live table as conversion must know it, read from the catalog.
#pragma once

#include <set>
#include <string>

#include "core/model/finding.hpp"
#include "core/partition/conversion.hpp"

namespace deal::server {

/// Reads everything that conversion has to carry over, bind anew or refuse. `own`: names of constraints and
/// indexes that the conversion itself made, left out. Reads catalogs only; takes no lock.
partition::ConvertedTable read_converted_table(ObjectId relation, const std::set<std::string>& own);

/// Adds what is bound to the table's identity from elsewhere: dependents, publications, obstacles.
void read_followers(ObjectId relation, partition::ConvertedTable& table);

/// Names of relations and types in the schema.
std::unordered_set<std::string> taken_names(const std::string& schema);

}  // namespace deal::server
