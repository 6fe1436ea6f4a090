/// Findings as rows of the SQL type.

#include <fmt/format.h>

#include <algorithm>

#include "server/review/engine.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

constexpr int64_t kEpochShift = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;

/// A value of any type from its text.
pg::Value parsed(TupleDesc row_type, size_t column, const std::string& text) {
  Datum const datum = pg::call([&] {
    Oid input = InvalidOid;
    Oid element = InvalidOid;
    Oid const type = TupleDescAttr(row_type, static_cast<int>(column))->atttypid;
    getTypeInputInfo(type, &input, &element);
    return OidInputFunctionCall(input, pstrdup(text.c_str()), element, -1);
  });
  return {datum, false};
}

pg::Value text_or_null(const std::string& text) {
  return text.empty() ? pg::Value{} : pg::value(text);
}

pg::Value list_or_null(const std::vector<std::string>& list) {
  return list.empty() ? pg::Value{} : pg::value(list);
}

}  // namespace

std::vector<pg::Value> finding_row(const Finding& finding, TupleDesc row_type) {
  constexpr size_t kSeverity = 0;
  constexpr size_t kSeconds = 19;
  std::vector<pg::Value> row;
  row.push_back(parsed(row_type, kSeverity, std::string(severity_name(finding.severity))));
  row.push_back(pg::value(finding.check_id));
  row.push_back(pg::value(finding.object));
  row.push_back(pg::value(finding.title));
  row.push_back(text_or_null(finding.schema));
  row.push_back(pg::value(finding.object_class));
  row.push_back(pg::value(finding.category));
  row.push_back(pg::value(status_name(finding.status)));
  row.push_back(text_or_null(finding.skip_reason));
  row.push_back(pg::value(static_cast<float>(finding.confidence)));
  row.push_back(pg::value(finding.why));
  row.push_back(pg::json_value(finding.evidence.json()));
  row.push_back(finding.stats_since.value_or(0) != 0 ? pg::timestamp_value(*finding.stats_since - kEpochShift)
                                                     : pg::Value{});
  row.push_back(text_or_null(finding.impact));
  row.push_back(pg::value(int32_t{finding.count}));
  row.push_back(list_or_null(finding.fix));
  row.push_back(finding.fix.empty() ? pg::Value{} : pg::value(finding.fix_transactional));
  row.push_back(text_or_null(finding.lock_level));
  row.push_back(text_or_null(finding.blocks));
  row.push_back(finding.est_seconds ? parsed(row_type, kSeconds,
                                             fmt::format("[{:.1f},{:.1f}]", finding.est_seconds->first,
                                                         std::max(finding.est_seconds->second, 0.1)))
                                    : pg::Value{});
  row.push_back(list_or_null(finding.rollback));
  row.push_back(text_or_null(finding.verify));
  row.push_back(pg::value(finding.doc));
  row.push_back(pg::value(finding.fingerprint));
  return row;
}

}  // namespace deal::server
