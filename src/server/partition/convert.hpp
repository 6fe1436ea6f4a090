/// Converting a live table into a partitioned set, step by step, and back.
#pragma once

#include "server/bridge/arguments.hpp"
#include "server/partition/convert_plan.hpp"

namespace deal::server {

/// Converts the table, or goes on with what an earlier call began. Commits after each step; needs a top-level
/// CALL. Errors: 25001, 25006; 42501 not the owner; 55000 what stands in the way (DETAIL, HINT), or another
/// session that works on the same table; 55P03 when a lock can't be had in all tries.
void convert_table(const pg::Arguments& args, const ConvertRequest& request);

/// Takes a conversion back, or goes on with that. Errors as above; 42704 unknown id; 23505 when rows of
/// later partitions break a key of the old table.
void roll_back_conversion(const pg::Arguments& args, std::int64_t id);

/// The conversions that the calling role may see.
std::vector<StoredConversion> status_of_conversions();

}  // namespace deal::server
