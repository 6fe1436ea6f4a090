/// What a conversion would do to a table: findings and steps.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/partition/conversion.hpp"
#include "server/partition/convert_progress.hpp"
#include "server/partition/enable.hpp"

namespace deal::server {

/// The arguments of partition_convert and partition_convert_plan.
struct ConvertRequest {
  ObjectId relation = 0;
  std::string key_column;
  std::string step;
  std::string options = "{}";
};

/// What the options say beside the set itself.
struct ConvertOptions {
  bool copy = false;  ///< mode copy; else attach
  std::string cutoff;
  bool dry_run = false;
  bool deep = true;  ///< read the table for NULLs and the greatest key
  std::vector<std::string> accept;
  int batch_rows = 1000;
  int pause_ms = 0;
  EnableRequest enable;  ///< the rest
};
/// Errors: 22023 for unknown options and values out of range.
ConvertOptions convert_options(const ConvertRequest& request);

struct PlannedConversion {
  ObjectId relation = 0;
  ObjectId owner = 0;
  ConvertOptions options;
  partition::ConvertedTable table;
  partition::Conversion conversion;
  partition::ConversionNames names;
  std::vector<partition::ConversionFinding> findings;
  std::vector<partition::ConversionStep> steps;  ///< up to the swap; none if a finding is an error
  std::string recipe;
};

/// Plans from the table as it is. `stored`: the conversion that is to be continued, whose names and cutoff
/// hold. Changes nothing; keeps no lock. `own_leaves`: partitions of the parent that is there already, whose
/// names are no obstacle. Errors: 42501 unless the caller may act as the owner; those of partition_enable.
PlannedConversion plan_conversion(const ConvertRequest& request, const StoredConversion* stored);

/// The conversion's set with its names filled in: for the steps after the swap.
partition::Conversion conversion_of(const ConvertOptions& options, const StoredConversion& stored);

/// Throws 55000 with the findings that are errors, if there are.
void refuse_errors(const PlannedConversion& planned);

}  // namespace deal::server
