/// SQL entry points that make list and hash partitions.

#include "core/base/json.hpp"
#include "core/base/options.hpp"
#include "server/bridge/bridge.hpp"
#include "server/partition/create.hpp"
#include "server/partition/enable.hpp"

namespace {

deal::partition::LeafOptions leaf_options(const char* function, const std::string& json) {
  deal::Options options(function, json);
  deal::partition::LeafOptions leaf = deal::server::read_leaf_options(options);
  options.finish();
  return leaf;
}

/// A value of the key as text: JSON null is NULL.
std::optional<std::string> value_of(const deal::Json& json) {
  if (json.is_null()) return std::nullopt;
  return json.is_string() ? json.get<std::string>() : json.dump();
}

std::vector<deal::server::ListPartition> list_partitions(const std::string& text) {
  deal::Json const json = deal::Json::parse(text);
  if (!json.is_object() || json.empty())
    throw deal::Error("22023", "partitions must be a JSON object of names and values")
        .hint(
            "As in '{\"dach\": [\"de\", \"at\", \"ch\"], \"other\": null}'; null is the default partition.");
  std::vector<deal::server::ListPartition> result;
  for (auto const& [name, values] : json.items()) {
    deal::server::ListPartition partition{name, {}};
    if (values.is_array() && values.empty())
      throw deal::Error("22023", "partition \"" + name + "\" has no values")
          .hint("Write null for the default partition.");
    if (values.is_array()) {
      for (auto const& value : values)
        partition.values.push_back(value_of(value));
    } else if (!values.is_null()) {
      partition.values.push_back(value_of(values));
    }
    result.push_back(std::move(partition));
  }
  return result;
}

Datum names(pg::RowSet& rows, const std::vector<std::string>& made) {
  for (auto const& name : made)
    rows.add({pg::value(name)});
  return rows.result();
}

}  // namespace

DEAL_FUNCTION(deal_advisor_partition_create_hash) {
  pg::RowSet rows(args);
  return names(rows,
               deal::server::create_hash_partitions(
                   args.oid(0), args.int4(1), leaf_options("partition_create_hash", args.json_or_empty(2))));
}

DEAL_FUNCTION(deal_advisor_partition_create_list) {
  pg::RowSet rows(args);
  return names(rows, deal::server::create_list_partitions(
                         args.oid(0), list_partitions(args.json(1)),
                         leaf_options("partition_create_list", args.json_or_empty(2))));
}
