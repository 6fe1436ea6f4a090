#include "server/review/foresee.hpp"

#include "core/base/quote.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/index/advice.hpp"
#include "server/workload/read.hpp"

namespace deal::server {

namespace {

/// The first statement builds the index: what stands behind its name.
std::string definition_of(const AdviceRow& row) {
  std::string text = row.ddl.front();
  std::string const name = quote_identifier(row.index_name) + " ";
  if (auto const place = text.find(name); !row.index_name.empty() && place != std::string::npos)
    text.erase(place, name.size());
  return text;
}

std::string qualified_index(const AdviceRow& row) {
  return row.index_name.empty() ? "" : quote_qualified(row.schema, row.index_name);
}

review::MissingIndex missing_of(const AdviceRow& row) {
  return {row.relation,
          qualified_index(row),
          definition_of(row),
          row.why,
          row.est_bytes,
          row.benefit_pct,
          row.write_cost,
          row.cost_before,
          static_cast<int>(row.queries.size()),
          row.confidence,
          row.ddl,
          row.rollback};
}

}  // namespace

review::Foreseen foresee(const std::vector<std::string>& schemas) {
  review::Foreseen foreseen;
  foreseen.asked = true;
  auto const failure = pg::attempt(pg::OnSuccess::roll_back, [&] {
    AdviceRequest request;
    request.workload = read_workload();
    request.schemas = schemas;
    for (auto const& row : index_advice(request).rows)
      if ((row.action == "create" || row.action == "replace") && row.priced)
        foreseen.missing_indexes.push_back(missing_of(row));
  });
  if (failure) {
    foreseen.missing_indexes.clear();
    foreseen.unknown = failure->message;
  }
  return foreseen;
}

}  // namespace deal::server
