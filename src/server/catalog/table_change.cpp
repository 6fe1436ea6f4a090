#include "server/catalog/table_change.hpp"

#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

pg::LockPatience read_patience(Options& options) {
  pg::LockPatience patience;
  patience.timeout_ms = static_cast<int>(options.integer("lock_timeout_ms", patience.timeout_ms, 1, 60'000));
  patience.most_tries = static_cast<int>(options.integer("max_tries", patience.most_tries, 1, 100'000));
  return patience;
}

void run_as_owners(const pg::LockPatience& patience, const std::vector<OwnedStatement>& statements) {
  pg::with_short_locks(patience, pg::pause, [&] {
    for (auto const& statement : statements) {
      pg::AsRole const owner(statement.owner);
      pg::Spi spi;
      spi.execute(statement.sql);
    }
  });
}

std::vector<std::string> drop_triggers(ObjectId relation, const std::string& function, Argument which,
                                       const std::string& first) {
  pg::Spi spi;
  // Arguments are stored with a zero byte after each.
  pg::SqlResult const rows = spi.query(
      "select pg_catalog.format('drop trigger %I on %I.%I', t.tgname, n.nspname, c.relname), "
      "pg_catalog.substring(t.tgargs, 1, pg_catalog.length(f.argument)) = f.argument from "
      "pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace "
      "n on n.oid = c.relnamespace cross join (select pg_catalog.convert_to($3, 'SQL_ASCII') || "
      "pg_catalog.decode('00', 'hex') as argument) f where t.tgrelid = $1::oid and t.tgfoid = "
      "$2::pg_catalog.regprocedure and t.tgparentid = 0 order by t.tgname",
      {std::to_string(relation), function, first});
  std::vector<std::string> statements;
  for (size_t i = 0; i < rows.size(); ++i)
    if (which == Argument::any || rows.boolean(i, 1) == (which == Argument::is))
      statements.push_back(rows.text(i, 0));
  return statements;
}

}  // namespace deal::server
