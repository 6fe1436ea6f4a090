#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/options.hpp"
#include "core/base/quote.hpp"
#include "core/marketplace/script.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"
#include "server/marketplace/marketplace.hpp"
#include "server/marketplace/registry.hpp"

namespace deal::server {

namespace {

using marketplace::Part;

struct InstallOptions {
  std::vector<Part> parts;
  marketplace::ScriptValues values;
};

bool has_trigram(pg::Spi& spi) {
  return !spi.query("select from pg_catalog.pg_extension where extname = 'pg_trgm'").empty();
}

InstallOptions read_options(const std::string& schema, const std::string& json) {
  Options options("marketplace_install", json);
  InstallOptions read;
  read.parts = marketplace::parts_of(options.texts("modules"));
  read.values.schema = schema;
  read.values.currency = options.text("currency", "EUR");
  for (const char* const flag : {"triggers", "row_security"})
    if (options.boolean(flag, true)) read.values.flags.emplace_back(flag);
  options.finish();
  bool const letters = std::ranges::all_of(read.values.currency, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (read.values.currency.size() != 3 || !letters)
    throw Error("22023",
                "option currency must be three capital letters, not \"" + read.values.currency + "\"")
        .hint("As in EUR or USD.");
  pg::Spi spi;
  if (has_trigram(spi)) read.values.flags.emplace_back("trigram");
  return read;
}

/// The schema is there afterwards, empty and the caller's.
void ensure_schema(pg::Spi& spi, const std::string& schema) {
  std::string const name = quote_identifier(schema);
  Oid const oid = schema_oid(schema);
  if (oid == InvalidOid) {
    spi.execute("create schema " + name);
    return;
  }
  require_schema_owner(schema, oid);
  if (spi.query("select from pg_catalog.pg_depend where refclassid = "
                "'pg_catalog.pg_namespace'::pg_catalog.regclass and refobjid = $1::pg_catalog.oid limit 1",
                {std::to_string(oid)})
          .empty())
    return;
  throw Error("55000", "schema " + name + " holds something else")
      .hint("Name a schema that doesn't exist, or an empty one.");
}

void run_part(pg::Spi& spi, const Part& part, const marketplace::ScriptValues& values) {
  pg::SqlResult const text = spi.query("select deal_advisor.marketplace_part($1)", {std::string(part.name)});
  if (text.is_null(0, 0))
    throw Error("XX000", fmt::format("part {} of the marketplace is missing", part.name));
  spi.execute(marketplace::expand_script(text.text(0, 0), values));
}

/// Months of prices are made ahead by partition maintenance; without it the schema's own function can.
void keep_partitions(pg::Spi& spi, const std::string& schema) {
  spi.execute(
      "select deal_advisor.partition_enable($1::pg_catalog.regclass, 'observed_at', '1 month', premake => 4)",
      {quote_qualified(schema, "price_history")});
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::string const& word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// Only the parts that are not there yet.
std::vector<Part> missing_parts(const std::vector<Part>& parts, const Marketplace& known) {
  std::vector<Part> missing = parts;
  std::erase_if(missing, [&](const Part& part) {
    return std::ranges::find(known.modules, part.module) != known.modules.end();
  });
  return missing;
}

/// Two sessions that make the same one wait for each other.
void lock_name(pg::Spi& spi, const std::string& schema) {
  spi.query(
      "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('deal_advisor.marketplace ' || "
      "$1, 0))",
      {schema});
}

/// What the scripts made or changed; what had drifted before goes on to be drift.
void add_made_objects(SchemaObjects& objects, const SchemaObjects& before, const SchemaObjects& after) {
  for (auto const& [name, digest] : after) {
    auto const was = before.find(name);
    if (was == before.end() || was->second != digest) objects[name] = digest;
  }
}

}  // namespace

std::string install_marketplace(const std::string& schema, const std::string& options) {
  InstallOptions wanted = read_options(schema, options);
  pg::Spi spi;
  lock_name(spi, schema);
  pg::FreshSnapshot const now;
  std::optional<Marketplace> known = find_marketplace(schema);
  std::string const name = quote_identifier(schema);
  std::vector<Part> parts = wanted.parts;
  if (known) {
    known = require_marketplace(schema);
    if (schema_oid(schema) == InvalidOid)
      throw Error("55000", "the marketplace in schema " + name + " is gone")
          .hint(fmt::format(
              "select deal_advisor.marketplace_uninstall({0}, {0}) forgets it; then install it anew.",
              quote_literal(schema)));
    parts = missing_parts(wanted.parts, *known);
    if (parts.empty())
      return "schema " + name + " has this marketplace already: modules " + joined(known->modules);
    wanted.values = read_options(schema, known->options).values;  // new modules are as those that are there
  } else {
    ensure_schema(spi, schema);
  }
  SchemaObjects const before = read_objects(schema);
  std::string announced;
  for (Part const& part : parts) {
    if (announced != part.module) pg::notice(fmt::format("making module {} ...", part.module));
    announced = part.module;
    run_part(spi, part, wanted.values);
  }
  if (std::ranges::any_of(parts, [](const Part& part) { return std::string_view(part.module) == "pricing"; }))
    keep_partitions(spi, schema);
  Marketplace made = known.value_or(Marketplace{});
  made.schema = schema;
  made.version = kMarketplaceVersion;
  for (std::string const& module : marketplace::modules_of(parts))
    made.modules.push_back(module);
  if (!known) made.options = options;
  if (!known) made.server_major = PG_VERSION_NUM / 10000;
  pg::FreshSnapshot const after;
  add_made_objects(made.objects, before, read_objects(schema));
  save_marketplace(made);
  return fmt::format("schema {} has a marketplace: modules {}", name, joined(made.modules));
}

std::string upgrade_marketplace(const std::string& schema) {
  Marketplace const known = require_marketplace(schema);
  std::string const name = quote_identifier(schema);
  if (known.version > kMarketplaceVersion)
    throw Error("55000", fmt::format("the marketplace in schema {} has version {}, the extension knows {}",
                                     name, known.version, kMarketplaceVersion))
        .hint("ALTER EXTENSION deal_advisor UPDATE first.");
  return fmt::format("the marketplace in schema {} has version {}, the newest", name, known.version);
}

}  // namespace deal::server
