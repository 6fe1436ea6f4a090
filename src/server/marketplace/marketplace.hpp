/// Making, checking and removing marketplaces.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pg {
class RowSet;
}

namespace deal::server {

/// Makes a marketplace in a schema, or adds modules to the one that is there; what was done, in words.
/// `options`: JSON. All in the caller's transaction and with its rights. Errors: 55000 the schema holds
/// something else or lost its marketplace; 42501 schemas of others; 22023 options.
std::string install_marketplace(const std::string& schema, const std::string& options);

/// Brings it to this build's version. Errors: 42704, 42501; 55000 it is newer.
std::string upgrade_marketplace(const std::string& schema);

/// What differs from what was installed: rows of deal_advisor.marketplace_state. `schema`: only this one
/// (42704: none there).
void marketplace_status(const std::optional<std::string>& schema, pg::RowSet& rows);

/// Drops the schema with all that is in it. `confirm`: its name. Errors: 22023; 2BP01 others depend on it;
/// 42704; 42501; 55P03.
std::string uninstall_marketplace(const std::string& schema, const std::string& confirm);

/// Names of the database roles that were made for a marketplace and are there, though the schema may be gone.
std::vector<std::string> marketplace_roles(const std::string& schema);

/// Makes the roles that are missing and gives each what it lacks: rows of
/// deal_advisor.marketplace_role_state. `prefix`: of their names. Errors: 42704, 42501; 42710 somebody else's
/// role has one of the names; 55000 they have another prefix, or the schema is gone.
void create_marketplace_roles(const std::string& schema, const std::optional<std::string>& prefix,
                              pg::RowSet& rows);

/// Drops them with their rights in the schema; it may be gone. Errors: 42704, 42501; 42710 another role has a
/// name; 2BP01 rights elsewhere.
void drop_marketplace_roles(const std::string& schema, pg::RowSet& rows);

}  // namespace deal::server
