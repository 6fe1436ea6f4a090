/// Findings made in one way: identity, fingerprint, and the usual fixes with their rollback and verification.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/review/registry.hpp"

namespace deal::review {

/// Names that tell a finding from every other of its check; part of the fingerprint.
using Facts = std::initializer_list<std::string_view>;

/// A finding about a table; the table's name is the first fact.
Finding about_table(const Check& check, const Table& table, Facts more = {});
/// A finding about an index.
Finding about_index(const Check& check, const Catalog& catalog, const Index& index, Facts more = {});
/// A finding about a constraint; the facts say which, its name is not one of them.
Finding about_constraint(const Check& check, const Table& table, const Constraint& constraint,
                         std::string_view facts);
/// A finding about the whole database; also for checks that could not run, with a reason.
Finding about_database(const Check& check, const Catalog& catalog);
Finding skipped(const Check& check, const Catalog& catalog, std::string reason);

/// The place in a rollback where `add_definitions` puts the statement that builds the index again.
inline constexpr const char* kDefinitionHere = "";

/// Fix: DROP INDEX, without blocking wherever the server can. Rollback: the index's definition, which
/// `add_definitions` fills in. Verified when the index is gone.
void fix_by_dropping(Finding& finding, const Catalog& catalog, const Index& index);

/// Fix: an index on the columns, built without blocking writes, also over the partitions of a partitioned
/// table. Rollback: drops it.
void fix_by_index(Finding& finding, const Catalog& catalog, const Table& table,
                  const std::vector<std::string>& columns);

/// A name for a new index that no relation of the table's schema has.
std::string free_index_name(const Catalog& catalog, const Table& table,
                            const std::vector<std::string>& columns);

/// What a statement that reads the whole table and writes as much takes, in seconds, at 10 to 200 MB/s; none
/// when the size is not known.
std::optional<std::pair<double, double>> scan_seconds(const Catalog& catalog, const Table& table);

/// A query that gives a row for as long as the check finds this: for what no plain catalog query can tell.
std::string verified_by_review(const Check& check, const Finding& finding);

/// Adds row count and size of a table, where known.
void add_size(Evidence& evidence, const Catalog& catalog, const Table& table);

/// Index definitions by number, as pg_get_indexdef gives them.
using Definitions = std::unordered_map<ObjectId, std::string>;
/// The numbers of the indexes whose definitions the findings' rollbacks need.
std::vector<ObjectId> wanted_definitions(const std::vector<Finding>& findings);
/// Puts the statement that builds the index again where kDefinitionHere stands.
void add_definitions(std::vector<Finding>& findings, const Definitions& definitions);

}  // namespace deal::review
