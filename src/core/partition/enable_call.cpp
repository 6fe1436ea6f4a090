#include "core/partition/enable_call.hpp"

#include <fmt/format.h>

#include "core/base/json.hpp"
#include "core/base/quote.hpp"

namespace deal::partition {

namespace {

template <class Value>
void add(Json& json, const char* name, const Value& value, const Value& usual) {
  if (value != usual) json[name] = value;
}

/// What stands in the argument `options`; only what is not the default.
Json options_of(const Set& set) {
  const Set usual;
  Json json = Json::object();
  if (set.grid.kind == KeyKind::epoch_s || set.grid.kind == KeyKind::epoch_ms ||
      set.grid.kind == KeyKind::epoch_us)
    json["kind"] = name_of(set.grid.kind);
  add(json, "archive_schema", set.archive_schema, usual.archive_schema);
  add(json, "export_path", set.export_path, usual.export_path);
  add(json, "detach_concurrently", set.detach_concurrently, usual.detach_concurrently);
  add(json, "enabled", set.enabled, usual.enabled);
  add(json, "analyze", set.analyze, usual.analyze);
  add(json, "privileges", set.leaf.privileges, usual.leaf.privileges);
  add(json, "row_security", set.leaf.row_security, usual.leaf.row_security);
  add(json, "tablespace", set.leaf.tablespace, usual.leaf.tablespace);
  add(json, "storage", set.leaf.storage, usual.leaf.storage);
  add(json, "unlogged", set.leaf.unlogged, usual.leaf.unlogged);
  add(json, "lock_timeout_ms", set.lock_timeout_ms, usual.lock_timeout_ms);
  add(json, "max_tries", set.max_tries, usual.max_tries);
  return json;
}

}  // namespace

std::string enable_call(const Set& set) {
  const Set usual;
  std::string call =
      fmt::format("SELECT deal_advisor.partition_enable({}, {}, {}",
                  quote_literal(quote_qualified(set.schema, set.table)), quote_literal(set.column),
                  quote_literal(to_string(set.grid.kind, set.grid.step)));
  auto const argument = [&](const char* name, const std::string& value) {
    call += fmt::format(", {} => {}", name, value);
  };
  auto const span = [&](const Step& step) { return quote_literal(to_string(set.grid.kind, step)); };
  if (set.premake != usual.premake) argument("premake", fmt::format("{}", set.premake));
  if (set.retention) argument("retention", span(*set.retention));
  if (set.retire != usual.retire) argument("retire", quote_literal(name_of(set.retire)));
  if (has_zone(set.grid.kind) && set.grid.zone.name != "UTC")
    argument("zone", quote_literal(set.grid.zone.name));
  if (set.horizon) argument("horizon", span(*set.horizon));
  if (set.use_default) argument("use_default", "true");
  if (Json const options = options_of(set); !options.empty())
    argument("options", quote_literal(options.dump()));
  return call + ")";
}

}  // namespace deal::partition
