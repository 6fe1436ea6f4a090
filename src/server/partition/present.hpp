/// Where "now" is on a key's axis.
#pragma once

#include "server/partition/maintain.hpp"

namespace deal::server {

/// Fills in the present: the transaction's time, or, for integer keys, the greatest key in use, read with the
/// rights of the table's owner from the last partition that has a row.
void read_present(PlannedSet& planned);

}  // namespace deal::server
