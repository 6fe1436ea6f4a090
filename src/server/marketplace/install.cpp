#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/options.hpp"
#include "core/base/quote.hpp"
#include "core/marketplace/script.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"
#include "server/marketplace/marketplace.hpp"
#include "server/marketplace/registry.hpp"
#include "server/marketplace/upkeep.hpp"

namespace deal::server {

namespace {

using marketplace::Part;

struct InstallOptions {
  std::vector<Part> parts;
  marketplace::ScriptValues values;
  bool named = false;  ///< the modules were asked for by name
  bool audit = false;
};

/// The schema of an extension; none if it isn't there.
std::optional<std::string> extension_schema(pg::Spi& spi, const std::string& extension) {
  pg::SqlResult const rows = spi.query(
      "select n.nspname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = "
      "e.extnamespace where e.extname = $1",
      {extension});
  if (rows.empty()) return std::nullopt;
  return rows.text(0, 0);
}

/// A text search configuration's name with its schema. Errors: 42704.
std::string text_search_name(pg::Spi& spi, const std::string& name) {
  return spi
      .query(
          "select pg_catalog.format('%I.%I', n.nspname, c.cfgname) from pg_catalog.pg_ts_config c join "
          "pg_catalog.pg_namespace n on n.oid = c.cfgnamespace where c.oid = $1::pg_catalog.regconfig",
          {name})
      .text(0, 0);
}

std::string read_currency(Options& options) {
  std::string currency = options.text("currency", "EUR");
  bool const letters = std::ranges::all_of(currency, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (currency.size() == 3 && letters) return currency;
  throw Error("22023", "option currency must be three capital letters, not \"" + currency + "\"")
      .hint("As in EUR or USD.");
}

std::string read_step(Options& options) {
  std::string step = options.text("partition_step", "month");
  if (step == "month" || step == "year") return step;
  throw Error("22023", "option partition_step must be month or year, not \"" + step + "\"");
}

InstallOptions read_options(const std::string& schema, const std::string& json) {
  Options options("marketplace_install", json);
  InstallOptions read;
  std::vector<std::string> const modules = options.texts("modules");
  read.named = !modules.empty();
  read.parts = marketplace::parts_of(modules);
  read.values.schema = schema;
  read.values.currency = read_currency(options);
  read.values.step = read_step(options);
  for (const char* const flag : {"triggers", "row_security"})
    if (options.boolean(flag, true)) read.values.flags.emplace_back(flag);
  read.audit = options.boolean("audit", false);
  std::string const text_search = options.text("text_search", "pg_catalog.english");
  bool const encryption = options.boolean("encryption", false);
  options.finish();
  pg::Spi spi;
  read.values.text_search = text_search_name(spi, text_search);
  if (extension_schema(spi, "pg_trgm")) read.values.flags.emplace_back("trigram");
  read.values.crypto = extension_schema(spi, "pgcrypto").value_or("");
  if (!encryption) return read;
  if (read.values.crypto.empty())
    throw Error("0A000", "option encryption needs extension pgcrypto")
        .hint("create extension pgcrypto; first.");
  read.values.flags.emplace_back("encryption");
  return read;
}

/// Modules whose extension isn't there are left out, unless they were asked for.
void leave_out_what_lacks_an_extension(pg::Spi& spi, InstallOptions& wanted) {
  std::string told;
  std::erase_if(wanted.parts, [&](const Part& part) {
    if (part.extension == nullptr || extension_schema(spi, part.extension)) return false;
    std::string const message = fmt::format("module {} needs extension {}", part.module, part.extension);
    std::string const hint =
        fmt::format("create extension {}; then call marketplace_install again.", part.extension);
    if (wanted.named) throw Error("0A000", message).hint(hint);
    if (told != part.module) pg::notice(message + ", and is left out", hint);
    told = part.module;
    return true;
  });
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

/// Only the parts that are not there yet.
std::vector<Part> missing_parts(const std::vector<Part>& parts, const Marketplace& known) {
  std::vector<Part> missing = parts;
  std::erase_if(missing, [&](const Part& part) {
    return std::ranges::find(known.modules, part.module) != known.modules.end();
  });
  return missing;
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
  leave_out_what_lacks_an_extension(spi, wanted);
  lock_marketplace(spi, schema);
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
      return "schema " + name + " has this marketplace already: modules " +
             fmt::format("{}", fmt::join(known->modules, ", "));
    InstallOptions const first =
        read_options(schema, known->options);  // new modules are as those that are there
    wanted.values = first.values;
    wanted.audit = first.audit;
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
  keep_partitions(spi, schema, wanted.values.step);
  if (wanted.audit) audit_edited_tables(spi, schema);
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
  if (known && !marketplace_roles(schema).empty())
    pg::notice("the roles of this marketplace have no rights on what is new",
               fmt::format("select * from deal_advisor.marketplace_create_roles({}); gives them.",
                           quote_literal(schema)));
  return fmt::format("schema {} has a marketplace: modules {}", name, fmt::join(made.modules, ", "));
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
