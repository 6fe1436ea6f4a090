/// One run of the scheduled worker in one database: a dynamic background worker that connects, does what is
/// due there, and goes, so that nothing keeps the database busy between runs.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// What is run in each database, if the extension is there: `statement` is one CALL of a procedure in C.
struct Visit {
  const char* extension;
  const char* statement;
};

/// What a visit tells the launcher, in a shared segment.
struct VisitReport {
  static constexpr uint32_t kMagic = 0x0DEA1AD8;
  uint32_t magic;
  Oid database;
  bool connected;  ///< the rest is set
  int repeat_s;    ///< deal_advisor.maintenance_repeat as it is set for this database
};

/// The worker's main function; `argument` is the handle of the shared segment with the report.
void visit_main(Datum argument, const Visit& visit);

}  // namespace pg
