/// The marketplaces that were installed: rows of deal_advisor.marketplace, keyed by name.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/bridge/call.hpp"

namespace pg {
class Spi;
}

namespace deal::server {

/// The version of the scripts that this build has.
inline constexpr int kMarketplaceVersion = 1;

/// Objects of a schema by kind and name, with a digest of each one's definition.
using SchemaObjects = std::map<std::string, std::string>;

struct Marketplace {
  std::string schema;  ///< not quoted
  int version = 0;
  std::vector<std::string> modules;
  std::string options = "{}";  ///< as given
  int server_major = 0;        ///< on which the digests were made
  SchemaObjects objects;
};

/// All, by name, or the one of a schema.
std::vector<Marketplace> read_marketplaces();
std::optional<Marketplace> find_marketplace(const std::string& schema);
/// The one of a schema that the caller owns. Errors: 42704, 42501.
Marketplace require_marketplace(const std::string& schema);

/// Writes or replaces the row. The caller has checked that the schema is its own.
void save_marketplace(const Marketplace& marketplace);
void forget_marketplace(const std::string& schema);

/// Two sessions that make something of the same one wait for each other, until the transaction's end.
void lock_marketplace(pg::Spi& spi, const std::string& schema);

/// A schema's OID, InvalidOid if there is none; whether the calling role may act as its owner.
Oid schema_oid(const std::string& schema);
void require_schema_owner(const std::string& schema, Oid oid);

/// A table of a marketplace to be found by name.
struct NamedTable {
  const char* name;
  Oid* oid;
};
/// Finds them in a schema, as what has been committed by now has them; false if one is not there.
bool find_tables(const std::string& schema, std::initializer_list<NamedTable> tables);

/// What is in a schema now, as far as a marketplace is made of it: not its partitions and what is theirs.
SchemaObjects read_objects(const std::string& schema);

}  // namespace deal::server
