/// Sealing an audit log, and comparing it with its seals.
#pragma once

#include <string>

#include "server/audit/log_place.hpp"
#include "server/bridge/rows.hpp"

namespace deal::server {

/// What sealing has done.
struct Sealing {
  int64 rows = 0;      ///< that no seal had covered
  int64 seal = 0;      ///< number of the newest seal; 0: there is none
  std::string digest;  ///< its digest in hexadecimal; what people keep elsewhere
  int seals = 0;       ///< that were made
};

/// Seals what no seal covers yet of the transactions that are over. `most_rows`: about how many rows one seal
/// takes; what is more goes to further seals. The caller has been checked. Errors: 25006 read only; 42809
/// relations that are not those of a log.
Sealing seal_log(const LogPlace& log, int64 most_rows);
/// The same only if the log has seals: for what must not stay unsealed.
Sealing seal_if_sealed(const LogPlace& log);

/// The rows of audit_verify. Errors: as above; none for what is wrong with the log.
void verify_log(const LogPlace& log, const std::string& anchor, pg::RowSet& rows);

}  // namespace deal::server
