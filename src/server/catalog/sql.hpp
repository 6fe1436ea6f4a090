/// Pieces of SQL that several catalog readers share.
#pragma once

/// Relations (column `relation`) under an ACCESS EXCLUSIVE lock of another session: deparsing or measuring
/// them would wait for it.
#define LOCKED_RELATIONS                                                                                  \
  "select l.relation from pg_catalog.pg_locks l where l.locktype = 'relation' and l.granted and "         \
  "l.mode = 'AccessExclusiveLock' and l.pid <> pg_catalog.pg_backend_pid() and l.database = (select oid " \
  "from pg_catalog.pg_database where datname = pg_catalog.current_database())"
