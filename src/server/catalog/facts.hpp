/// Facts about the server and the list of schemas that the caller may see.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/model/catalog.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

/// Reads what any role may know of the server and the current database.
ServerFacts read_facts(pg::Spi& spi);

/// User schemas, by number.
struct Schemas {
  std::map<ObjectId, std::string> names;
  bool all = false;                 ///< every schema was asked for and may be seen
  std::vector<std::string> hidden;  ///< the caller has no USAGE on them and is no member of pg_monitor
};

/// The schemas named in `wanted`, or all. Raises 3F000 and 42501 as read_catalog says.
Schemas read_schemas(pg::Spi& spi, const std::vector<std::string>& wanted);

/// Numbers in a vector's or array's text, such as "1 2" or "{1,2}".
std::vector<std::int64_t> numbers_in(const std::string& text);

}  // namespace deal::server
