/// The statements that index_verify takes, read.
#pragma once

#include <string>
#include <vector>

#include "server/bridge/call.hpp"

namespace deal::server {

enum class IndexCommand : uint8_t { create, drop, attach };

/// One statement on one index.
struct VerifiedCommand {
  IndexCommand kind = IndexCommand::create;
  std::string sql;         ///< as it was given
  std::string definition;  ///< CREATE INDEX without CONCURRENTLY, as long as `sql`
  Oid table = InvalidOid;  ///< that is indexed
  Oid index = InvalidOid;  ///< that is dropped
  bool only = false;       ///< on a partitioned table alone: the parent's part, without its partitions
  size_t name_begin = 0;   ///< where the table's name stands in `definition`
  size_t name_end = 0;
};

/// Reads one statement; DROP INDEX of several indexes gives as many commands, none where IF EXISTS says so.
/// Takes AccessShareLock on the tables. Errors: the server's for names and syntax, 42809 for other relations
/// than tables and indexes, 0A000 for any other statement.
std::vector<VerifiedCommand> read_index_command(const std::string& sql);

/// The definition with another table, whose name is quoted already.
std::string definition_on(const VerifiedCommand& command, const std::string& table);

}  // namespace deal::server
