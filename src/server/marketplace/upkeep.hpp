/// What the extension does for a marketplace's tables from the day they are made.
#pragma once

#include <string>

namespace pg {
class Spi;
}

namespace deal::server {

/// Partitions of tables by time, made ahead by partition maintenance; tables that are cared for already stay
/// as they are. Without it the schema's own ensure_partitions() can do it. `step`: month or year.
void keep_partitions(pg::Spi& spi, const std::string& schema, const std::string& step);

/// Ends that for all tables of the schema.
void forget_partitions(pg::Spi& spi, const std::string& schema);

/// Row history for the tables that people edit (they have updated_by). Prices have a history of their own.
void audit_edited_tables(pg::Spi& spi, const std::string& schema);

}  // namespace deal::server
