/// A catalog made by hand, for tests of checks.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/quote.hpp"
#include "core/review/registry.hpp"

namespace deal::review {

/// Builds a catalog table by table; everything of a table is added before the next one.
class Model {
 public:
  Model() {
    catalog_.server.database = "test";
    catalog_.server.now = 100 * kDay;
    catalog_.server.stats_since = kDay;
    catalog_.server.statements_loaded = catalog_.server.statements_created = true;
  }

  Model& table(const std::string& name, std::initializer_list<const char*> columns, double rows = -1) {
    Table table;
    table.oid = static_cast<ObjectId>(100 + catalog_.tables.size());
    table.schema = "shop";
    table.name = name;
    table.identity = quote_qualified("shop", name);
    table.rows = rows;
    catalog_.tables.push_back(table);
    int number = 0;
    for (const char* const column : columns)
      catalog_.columns.push_back({last(), ++number, column, "integer", true, false});
    return *this;
  }

  Model& index(const std::string& name, std::vector<int> keys, const std::string& method = "btree",
               const std::string& predicate = "") {
    Index index;
    index.oid = static_cast<ObjectId>(1000 + catalog_.indexes.size());
    index.table = last();
    index.name = name;
    index.identity = quote_qualified("shop", name);
    index.method = method;
    index.key_count = static_cast<int>(keys.size());
    index.predicate = predicate;
    index.partial = !predicate.empty();
    index.columns.begin = static_cast<int>(catalog_.index_columns.size());
    for (int const key : keys) {
      IndexColumn column;
      column.number = key;
      catalog_.index_columns.push_back(column);
    }
    index.columns.end = static_cast<int>(catalog_.index_columns.size());
    catalog_.indexes.push_back(index);
    return *this;
  }

  Model& constraint(char type, std::vector<int> columns, const std::string& name = "made") {
    Constraint constraint;
    constraint.table = last();
    constraint.name = name;
    constraint.type = type;
    constraint.columns = std::move(columns);
    if (type == 'f') constraint.referenced_oid = 100, constraint.referenced = "shop.parent";
    catalog_.constraints.push_back(constraint);
    return *this;
  }

  Index& last_index() { return catalog_.indexes.back(); }
  Constraint& last_constraint() { return catalog_.constraints.back(); }
  Table& last_table() { return catalog_.tables.back(); }
  Catalog& catalog() { return catalog_; }

  std::vector<Finding> run(const std::string& id) {
    catalog_.link();
    Selection selection;
    selection.checks = {id};
    validate(selection);
    return run_checks(catalog_, selection, foreseen);
  }

  Foreseen foreseen;

  static constexpr std::int64_t kDay = 86'400'000'000;

 private:
  int last() const { return static_cast<int>(catalog_.tables.size()) - 1; }
  Catalog catalog_;
};

}  // namespace deal::review
