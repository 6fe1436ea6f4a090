/// The checks: what each is called, how much it matters, and the function that looks.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/index/redundancy.hpp"
#include "core/model/catalog.hpp"
#include "core/model/finding.hpp"
#include "core/review/missing_index.hpp"

namespace deal::review {

/// What the caller wants reviewed.
struct Selection {
  std::vector<std::string> areas;      ///< empty: all
  std::vector<std::string> checks;     ///< ids; empty: all of the areas
  double min_stats_age = 7 * 86400.0;  ///< seconds that usage counters must cover to say "unused"
};

struct Check;

/// What a check is given, and where its findings go.
struct Review {
  const Catalog& catalog;
  const Selection& selection;
  std::vector<Finding>& findings;
  const Foreseen& foreseen;
  std::vector<index::Redundancy> redundancies;  ///< found once, for the several checks that report them
};

/// One check. Ids never change their meaning.
struct Check {
  std::string_view id;
  std::string_view area;
  Severity severity;  ///< usual severity; a check may give less or more to one finding and says why
  std::string_view category;
  std::string_view title;
  std::string_view why;  ///< one or two sentences for people who don't know the problem
  void (*run)(const Check&, Review&);
};

/// All checks, in the order of their ids.
std::span<const Check> checks();
/// Names of the areas that have checks, in order.
std::vector<std::string_view> areas();
/// The check with this id; nullptr if there is none.
const Check* find_check(std::string_view id);

/// Throws Error 22023, with the valid ones in the HINT, if the selection names an unknown area or check.
void validate(const Selection& selection);

/// True if the selection takes the check.
bool selected(const Check& check, const Selection& selection);

/// Runs the selected checks over the model and what was foreseen. Pure: no server, no clock.
std::vector<Finding> run_checks(const Catalog& catalog, const Selection& selection,
                                const Foreseen& foreseen = {});

// The checks themselves, by area (audit.cpp, index.cpp, missing_index.cpp, partition_*.cpp, redundancy.cpp,
// schema.cpp, server.cpp).
void check_coverage(const Check& check, Review& review);
void check_audit_triggers(const Check& check, Review& review);
void check_audit_space(const Check& check, Review& review);
void check_audit_coverage(const Check& check, Review& review);
void check_audit_seals(const Check& check, Review& review);
void check_audit_owner(const Check& check, Review& review);
void check_redundant_indexes(const Check& check, Review& review);
void check_invalid_indexes(const Check& check, Review& review);
void check_missing_indexes(const Check& check, Review& review);
void check_unused_indexes(const Check& check, Review& review);
void check_partition_runway(const Check& check, Review& review);
void check_default_rows(const Check& check, Review& review);
void check_partition_count(const Check& check, Review& review);
void check_leaf_indexes(const Check& check, Review& review);
void check_pending_detach(const Check& check, Review& review);
void check_partition_gaps(const Check& check, Review& review);
void check_leaf_keys(const Check& check, Review& review);
void check_set_tables(const Check& check, Review& review);
void check_set_maintenance(const Check& check, Review& review);
void check_default_constraint(const Check& check, Review& review);
void check_set_retention(const Check& check, Review& review);
void check_leaf_rights(const Check& check, Review& review);
void check_parent_statistics(const Check& check, Review& review);
void check_primary_keys(const Check& check, Review& review);
void check_foreign_key_indexes(const Check& check, Review& review);
void check_not_valid_constraints(const Check& check, Review& review);
void check_statement_statistics(const Check& check, Review& review);

}  // namespace deal::review
