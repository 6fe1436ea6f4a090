-- What deal_advisor needs to know of a database to advise on it elsewhere: definitions, sizes, planner statistics,
-- settings and the statements that ran. For servers that admit no C code. Needs psql and a role that may read the
-- tables (pg_monitor or pg_read_all_stats to see other roles' statements); no extension of ours, no superuser.
-- Only SELECTs in read-only transactions, no lock beyond one SELECT's; PostgreSQL 13 to 18.
--
--   psql -X -d shop -f deal_advisor_export.sql > shop.jsonl
--   psql -X -d shop -v schemas=shop,billing -v sample_rows=0 -f deal_advisor_export.sql > shop.jsonl
--
--   schemas      only these, separated by commas (default: all but the system's)
--   sample_rows  rows per table of which it is noted which are equal and how wide they are: index sizes come from
--                that (default 30000; 0: none)
--   statistic_rows  further rows per table, spread over as many blocks: statistics of expressions come from that
--                (default 10000, what index_advice takes; 0: none)
--   functions    off leaves out the definitions of functions
--
-- The file holds one JSON document a line. Of the data it holds what pg_stats shows (common values, histogram bounds)
-- and the statements' texts; of the sampled rows no value, only equality, widths, the place in the histogram, and what
-- many texts begin with.
\set QUIET on
\set ON_ERROR_STOP off
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset tuples_only on
\pset pager off
\encoding UTF8
\if :{?schemas}
\else
  \set schemas ''
\endif
\if :{?sample_rows}
\else
  \set sample_rows 30000
\endif
\if :{?statistic_rows}
\else
  \set statistic_rows 10000
\endif
\if :{?functions}
\else
  \set functions on
\endif

-- Names and values are written so that they read the same everywhere.
\set begin 'begin transaction isolation level read committed read only; set local search_path = pg_catalog, pg_temp; set local datestyle = ''ISO, YMD''; set local intervalstyle = ''postgres''; set local timezone = ''UTC''; set local extra_float_digits = 1; set local bytea_output = ''hex''; set local quote_all_identifiers = off; set local lock_timeout = ''2s'';'
\set is_ours 'n.nspname !~ \'^pg_\' and n.nspname not in (\'information_schema\', \'deal_advisor\', \'deal_advisor_data\') and (:\'schemas\' = \'\' or n.nspname = any (string_to_array(:\'schemas\', \',\')))'
\set own_relation 'not exists (select from pg_depend as d where d.classid = \'pg_class\'::regclass and d.objid = c.oid and d.deptype = \'e\')'

:begin

select current_setting('server_version_num')::int >= 140000 as has_tid_hash,
       current_setting('server_version_num')::int >= 170000 as has_ranges,
       current_setting('server_version_num')::int >= 180000 as has_virtual \gset
select (select quote_ident(n.nspname) from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace
         where e.extname = 'pg_stat_statements') as statements_schema \gset

select jsonb_build_object('kind', 'export', 'format', 2, 'database', current_database(),
         'server_version_num', current_setting('server_version_num')::int, 'server_version', version(),
         'block_size', current_setting('block_size')::int, 'encoding', current_setting('server_encoding'),
         'collation', d.datcollate, 'exported_at', now(), 'now_us', (extract(epoch from now()) * 1000000)::bigint,
         'stats_since_us', (extract(epoch from coalesce(pg_stat_get_db_stat_reset_time(d.oid),
                                                        pg_stat_get_bgwriter_stat_reset_time())) * 1000000)::bigint,
         'standbys', (select count(*) from pg_stat_get_wal_senders()),
         'offers_trigrams', exists (select from pg_available_extensions where name = 'pg_trgm' and installed_version is null), 'exported_by', current_user, 'schemas', :'schemas')
  from pg_database as d where d.datname = current_database();

select jsonb_build_object('kind', 'setting', 'name', name, 'value', current_setting(name))
  from pg_settings
 where (category like 'Query Tuning%' and name not in ('plan_cache_mode', 'recursive_worktable_factor'))
    or name in ('work_mem', 'hash_mem_multiplier', 'maintenance_work_mem', 'max_parallel_workers_per_gather',
                'parallel_leader_participation', 'effective_io_concurrency', 'default_text_search_config')
 order by name;

-- Definitions, in an order in which most of them can be created (the import tries again what came too early).
select jsonb_build_object('kind', 'ddl', 'class', 'schema', 'object', quote_ident(n.nspname),
         'sql', format('create schema %I', n.nspname))
  from pg_namespace as n
 where :is_ours and n.nspname <> 'public'
   and not exists (select from pg_depend as d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
 order by n.nspname;

select jsonb_build_object('kind', 'ddl', 'class', 'extension', 'object', quote_ident(e.extname),
         'sql', format('create extension if not exists %I', e.extname)
                || case when r.relocatable and n.nspname !~ '^pg_' then format(' schema %I', n.nspname) else '' end)
  from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace
  cross join lateral (select e.extrelocatable as relocatable) as r
 where e.extname not in ('plpgsql', 'pg_stat_statements', 'deal_advisor')
   and exists (select from pg_depend as d where d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
                 and d.deptype = 'e' and d.classid in ('pg_type'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass))
 order by e.oid;

select jsonb_build_object('kind', 'ddl', 'class', 'type', 'object', format('%I.%I', n.nspname, t.typname), 'sql',
         case t.typtype
           when 'e' then format('create type %I.%I as enum (%s)', n.nspname, t.typname,
             (select string_agg(quote_literal(l.enumlabel), ', ' order by l.enumsortorder) from pg_enum as l where l.enumtypid = t.oid))
           when 'd' then format('create domain %I.%I as %s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod))
           when 'r' then format('create type %I.%I as range (subtype = %s)', n.nspname, t.typname,
             (select format_type(r.rngsubtype, null) from pg_range as r where r.rngtypid = t.oid))
           else format('create type %I.%I as (%s)', n.nspname, t.typname,
             (select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
                from pg_attribute as a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)) end)
  from pg_type as t join pg_namespace as n on n.oid = t.typnamespace
  left join pg_class as c on c.oid = t.typrelid
 where :is_ours and (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c'))
   and not exists (select from pg_depend as d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
 order by t.oid;

\if :functions
select jsonb_build_object('kind', 'ddl', 'class', 'function', 'object', p.oid::regprocedure::text, 'sql', pg_get_functiondef(p.oid))
  from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace join pg_language as l on l.oid = p.prolang
 where :is_ours and p.prokind = 'f' and l.lanname in ('sql', 'plpgsql')
   and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
   and not exists (select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
 order by p.oid;
\endif

select jsonb_build_object('kind', 'ddl', 'class', 'sequence', 'object', format('%I.%I', n.nspname, c.relname),
         'sql', format('create sequence %I.%I', n.nspname, c.relname))
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
 where :is_ours and :own_relation and c.relkind = 'S'
 order by c.oid;

select jsonb_build_object('kind', 'ddl', 'class', 'table', 'object', format('%I.%I', n.nspname, c.relname), 'sql',
         format('create table %I.%I ', n.nspname, c.relname)
         || case when c.relispartition then
              (select format('partition of %s ', i.inhparent::regclass) from pg_inherits as i where i.inhrelid = c.oid)
              || pg_get_expr(c.relpartbound, c.oid)
            else format('(%s)',
              (select string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                        || case when a.attcollation <> 0 and a.attcollation <> t.typcollation
                             then (select format(' collate %I.%I', cn.nspname, co.collname)
                                     from pg_collation as co join pg_namespace as cn on cn.oid = co.collnamespace
                                    where co.oid = a.attcollation) else '' end
                        || case when a.attgenerated = 'v'
                             then (select format(' generated always as (%s) virtual', pg_get_expr(g.adbin, g.adrelid))
                                     from pg_attrdef as g where g.adrelid = c.oid and g.adnum = a.attnum) else '' end
                        || case when a.attnotnull then ' not null' else '' end, ', ' order by a.attnum)
                 from pg_attribute as a join pg_type as t on t.oid = a.atttypid
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped))
              || coalesce((select format(' inherits (%s)', string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno))
                             from pg_inherits as i where i.inhrelid = c.oid having count(*) > 0), '') end
         || case when c.relkind = 'p' then format(' partition by %s', pg_get_partkeydef(c.oid)) else '' end
         || coalesce((select format(' with (%s)', o) from unnest(c.reloptions) as o where o like 'parallel_workers=%'), ''))
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
 where :is_ours and :own_relation and c.relkind in ('r', 'p') and c.relpersistence <> 't'
 order by c.relispartition, c.oid;

-- How many rows ANALYZE samples.
select jsonb_build_object('kind', 'ddl', 'class', 'statistics target', 'object', format('%I.%I.%I', n.nspname, c.relname, a.attname),
         'sql', format('alter table only %I.%I alter column %I set statistics %s', n.nspname, c.relname, a.attname, a.attstattarget))
  from pg_attribute as a join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace
 where :is_ours and :own_relation and c.relkind in ('r', 'p') and c.relpersistence <> 't' and a.attnum > 0 and not a.attisdropped
   and a.attstattarget >= 0
 order by c.oid, a.attnum;

-- Constraints and indexes of partitions before those of their parents, which then take them over.
select jsonb_build_object('kind', 'ddl', 'class', 'constraint', 'object', format('%I on %s', o.conname, c.oid::regclass),
         'sql', format('alter table %I.%I add constraint %I %s', n.nspname, c.relname, o.conname, pg_get_constraintdef(o.oid)))
  from pg_constraint as o join pg_class as c on c.oid = o.conrelid join pg_namespace as n on n.oid = c.relnamespace
 where :is_ours and :own_relation and c.relkind in ('r', 'p') and c.relpersistence <> 't'
   and (o.contype in ('p', 'u', 'x') or (o.contype = 'c' and o.coninhcount = 0))
 order by c.relkind = 'p', (select count(*) from pg_partition_ancestors(c.oid)) desc, o.contype = 'c', o.oid;

select jsonb_build_object('kind', 'ddl', 'class', 'index', 'object', i.indexrelid::regclass::text,
         'sql', case when left(d.text, length(d.head)) = d.head
                  then left(d.text, length(d.head) - 5) || substr(d.text, length(d.head)) else d.text end)
  from pg_index as i join pg_class as c on c.oid = i.indrelid join pg_namespace as n on n.oid = c.relnamespace
  join pg_class as ic on ic.oid = i.indexrelid
  cross join lateral (select pg_get_indexdef(i.indexrelid) as text,
    format('CREATE %sINDEX %I ON ONLY ', case when i.indisunique then 'UNIQUE ' else '' end, ic.relname) as head) as d
 where :is_ours and :own_relation and c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't' and i.indisvalid
   and not exists (select from pg_constraint as o where o.conindid = i.indexrelid and o.contype in ('p', 'u', 'x'))
 order by c.relkind = 'p', (select count(*) from pg_partition_ancestors(c.oid)) desc, i.indexrelid;

select jsonb_build_object('kind', 'ddl', 'class', 'index use', 'object', i.indexrelid::regclass::text, 'sql',
         format('alter table %I.%I ', n.nspname, c.relname)
         || format(case when i.indisreplident then 'replica identity using index %I' else 'cluster on %I' end, ic.relname))
  from pg_index as i join pg_class as c on c.oid = i.indrelid join pg_namespace as n on n.oid = c.relnamespace
  join pg_class as ic on ic.oid = i.indexrelid
 where :is_ours and :own_relation and c.relkind = 'r' and (i.indisreplident or i.indisclustered)
 order by i.indexrelid;

select jsonb_build_object('kind', 'ddl', 'class', 'foreign key', 'object', format('%I on %s', o.conname, c.oid::regclass),
         'sql', format('alter table %I.%I add constraint %I %s', n.nspname, c.relname, o.conname, pg_get_constraintdef(o.oid)))
  from pg_constraint as o join pg_class as c on c.oid = o.conrelid join pg_namespace as n on n.oid = c.relnamespace
 where :is_ours and :own_relation and o.contype = 'f' and o.conparentid = 0
 order by o.oid;

select jsonb_build_object('kind', 'ddl', 'class', 'view', 'object', format('%I.%I', n.nspname, c.relname), 'sql',
         format('create %s %I.%I', case c.relkind when 'm' then 'materialized view' else 'view' end, n.nspname, c.relname)
         || case when c.relkind = 'v' then coalesce((select format(' with (%s)', string_agg(o, ', ')) from unnest(c.reloptions) as o
                                                      where o ~ '^(security_barrier|security_invoker|check_option)=' having count(*) > 0), '') else '' end
         || ' as ' || rtrim(pg_get_viewdef(c.oid), ';') || case c.relkind when 'm' then ' with no data' else '' end)
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
 where :is_ours and :own_relation and c.relkind in ('v', 'm') and c.relpersistence <> 't'
 order by c.oid;

select jsonb_build_object('kind', 'ddl', 'class', 'row security', 'object', format('%I.%I', n.nspname, c.relname), 'sql',
         format('alter table %I.%I enable row level security, force row level security', n.nspname, c.relname))
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
 where :is_ours and :own_relation and c.relrowsecurity
 order by c.oid;

select jsonb_build_object('kind', 'ddl', 'class', 'policy', 'object', format('%I on %s', p.polname, c.oid::regclass), 'sql',
         format('create policy %I on %I.%I as %s for %s to %s', p.polname, n.nspname, c.relname,
           case when p.polpermissive then 'permissive' else 'restrictive' end,
           case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
           case when 0 = any (p.polroles) then 'public'
                else (select string_agg(quote_ident(r.rolname), ', ' order by r.rolname) from pg_roles as r where r.oid = any (p.polroles)) end)
         || coalesce(' using (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
         || coalesce(' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''))
  from pg_policy as p join pg_class as c on c.oid = p.polrelid join pg_namespace as n on n.oid = c.relnamespace
 where :is_ours and :own_relation
 order by p.oid;

-- Sizes, and how much is written.
select jsonb_build_object('kind', 'relation', 'schema', n.nspname, 'name', c.relname, 'relkind', c.relkind,
         'rows', c.reltuples, 'pages', c.relpages, 'all_visible', c.relallvisible,
         'bytes', case when c.relkind in ('r', 'm', 'i') then pg_relation_size(c.oid) else 0 end,
         'inserted', pg_stat_get_tuples_inserted(c.oid), 'updated', pg_stat_get_tuples_updated(c.oid),
         'hot_updated', pg_stat_get_tuples_hot_updated(c.oid), 'deleted', pg_stat_get_tuples_deleted(c.oid),
         'scans', pg_stat_get_numscans(c.oid))
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
 where :is_ours and :own_relation and c.relkind in ('r', 'p', 'm', 'i', 'I') and c.relpersistence <> 't'
 order by n.nspname, c.relname;

-- Statistics: pg_stats shows them for columns that the exporting role may read.
\if :has_ranges
  \set range_statistics '|| jsonb_strip_nulls(jsonb_build_object(\'range_length_histogram\', s.range_length_histogram::text, \'range_empty_frac\', s.range_empty_frac, \'range_bounds_histogram\', s.range_bounds_histogram::text))'
\else
  \set range_statistics ''
\endif
select jsonb_strip_nulls(jsonb_build_object('kind', 'column', 'schema', n.nspname, 'name', s.tablename, 'column', s.attname,
         'inherited', s.inherited, 'null_frac', s.null_frac, 'avg_width', s.avg_width, 'n_distinct', s.n_distinct,
         'most_common_vals', s.most_common_vals::text, 'most_common_freqs', s.most_common_freqs::text,
         'histogram_bounds', s.histogram_bounds::text, 'correlation', s.correlation,
         'most_common_elems', s.most_common_elems::text, 'most_common_elem_freqs', s.most_common_elem_freqs::text,
         'elem_count_histogram', s.elem_count_histogram::text)) :range_statistics
  from pg_stats as s join pg_namespace as n on n.nspname = s.schemaname
 where :is_ours
 order by n.nspname, s.tablename, s.attname, s.inherited;

select jsonb_build_object('kind', 'hidden', 'schema', n.nspname, 'name', c.relname,
         'columns', jsonb_agg(a.attname order by a.attnum), 'row_security', row_security_active(c.oid))
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where :is_ours and :own_relation and c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't'
   and (row_security_active(c.oid) or not has_column_privilege(c.oid, a.attnum, 'select'))
 group by n.nspname, c.relname, c.oid
 order by n.nspname, c.relname;

\if :{?statements_schema}
select jsonb_build_object('kind', 'statement', 'query', s.query, 'calls', s.calls, 'mean_ms', m.ms,
         'role', r.rolname, 'query_id', s.queryid::text, 'search_path', replace(coalesce(
           (select substr(v, 13) from pg_db_role_setting as x, unnest(x.setconfig) as v
             where v like 'search\_path=%' and x.setrole in (0, s.userid) and x.setdatabase in (0, s.dbid)
             order by x.setrole <> 0 desc, x.setdatabase <> 0 desc limit 1),
           (select reset_val from pg_settings where name = 'search_path')), '"$user"', quote_ident(r.rolname)))
  from :statements_schema.pg_stat_statements as s
  join pg_database as d on d.oid = s.dbid and d.datname = current_database()
  left join pg_roles as r on r.oid = s.userid
 cross join lateral (select coalesce(to_jsonb(s) ->> 'mean_exec_time', to_jsonb(s) ->> 'mean_time')::float8 as ms) as m  -- by version
 where s.calls > 0 and s.query not like '%deal_advisor_export%'
 order by s.calls * m.ms desc, s.queryid;
\else
  \warn 'There is no pg_stat_statements in this database: the file holds no workload.'
\endif
commit;

\if :has_tid_hash
  \set row_hash 'hashtidextended(t.ctid, 20250101)'
\else
  -- The same hash of the same six bytes.
  \set row_hash 'hashmacaddrextended((select lpad(to_hex(((b >> 16) & 255) * 1099511627776 + ((b >> 24) & 255) * 4294967296 + ((b & 255) << 24) + (((b >> 8) & 255) << 16) + ((o & 255) << 8) + (o >> 8)), 12, \'0\')::macaddr from (select (t.ctid::text::point)[0]::bigint as b, (t.ctid::text::point)[1]::bigint as o) as place), 20250101)'
\endif
-- The sampled rows, table by table, each in a transaction of its own that holds its lock no longer: whole blocks, which
-- tell how equal values lie together, and single rows from many blocks. The very same are sampled where the extension
-- is. Of a row's value it is noted how many rows back it was first seen (0: it is new, -1: null); of a new one its bytes
-- and its place in pg_stats: n for the n-th common value, -1-n for bucket n of the histogram, 0 for none; and of a text how
-- many characters it begins with as the lower bound of its bucket does (negative: as the upper one), where twenty
-- sampled values do so: up to eight, never all it has.
\set beginning ', k, beginning, starts_with(low, beginning) as as_low, starts_with(high, beginning) as as_high'
\set each_length ' cross join lateral (select bounds[bucket] as low, bounds[bucket + 1] as high, value::text as text from (select greatest(1, least(-1 - bin, cardinality(h.bounds) - 1)) as bucket, h.bounds from (select %s as bounds) as h) as h offset 0) as b left join lateral (select k, left(text, k) collate "C" as beginning from generate_series(1, case when bin < 0 then least(8, length(text) - 1) end) as k offset 0) as k on starts_with(low, beginning) or starts_with(high, beginning)'
\set sharing ', count(*) over (partition by beginning) as sharing'
\set alike 'case when max(k) filter (where sharing >= 20 and as_low) >= coalesce(max(k) filter (where sharing >= 20 and as_high), 0) then max(k) filter (where sharing >= 20 and as_low) else -max(k) filter (where sharing >= 20 and as_high) end'
select :'begin', t.sample, 'commit' from (
select format($text$
with picked as materialized ( -- deal_advisor_export
  select row_number() over () as n, (t.ctid::text::point)[0]::bigint as block, (t.ctid::text::point)[1]::int as place%s
    from only %I.%I as t tablesample system (%s) repeatable (20250101)
   where %s limit 200000)
select jsonb_strip_nulls(jsonb_build_object('kind', %L, 'schema', %L, 'name', %L, 'table_blocks', %s, 'wanted_blocks', %s,
         'blocks', coalesce(jsonb_agg(jsonb_build_array(block, rows) order by block), '[]'),
         'offsets', (select jsonb_agg(place order by n) from picked where %L)))
  from (select block, count(*) as rows from picked group by block) as b
%s$text$,
         string_agg(format(', t.%I as c%s', a.attname, a.attnum), '' order by a.attnum),
         c.nspname, c.relname, round(least(100, 100.0 * s.wanted / c.blocks)::numeric, 6), s.condition,
         s.kind, c.nspname, c.relname, c.blocks, s.wanted, s.by_row,
         string_agg(format($text$
union all
select jsonb_strip_nulls(jsonb_build_object('kind', %L || 'd', 'schema', %L, 'name', %L, 'column', %L,
         'back', case when not bool_and(coalesce(first = n, false)) then jsonb_agg(coalesce(n - first, -1) order by n) end,
         'bytes', case when min(bytes) = max(bytes) then to_jsonb(min(bytes)) else jsonb_agg(bytes order by n) filter (where first = n) end,
         'bins', jsonb_agg(bin order by n) filter (where first = n),
         'alike', case when bool_or(alike <> 0) then jsonb_agg(coalesce(alike, 0) order by n) filter (where first = n) end))
  from (select n, min(first) as first, min(bytes) as bytes, min(bin) as bin, %s as alike
          from (select *%s from (select n, first, bytes, bin%s
                  from (select *, case when first = n then %s end as bin
                          from (select n, value, pg_column_size(value) as bytes,
                                       case when value is not null then min(n) over (partition by md5(format('%%s', value))) end as first
                                  from (select n, c%s as value from picked) as p) as p) as p%s offset 0) as p) as p
         group by n) as q$text$,
           s.kind, c.nspname, c.relname, a.attname, case when a.bounds is null then '0' else :'alike' end,
           case when a.bounds is not null then :'sharing' end, case when a.bounds is not null then :'beginning' end, a.place, a.attnum,
           case when a.bounds is not null then format(:'each_length', a.bounds) end), '' order by a.attnum))
from (select c.oid, n.nspname, c.relname, b.blocks, d.density, p.parts
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        join pg_am as m on m.oid = c.relam and m.amname = 'heap'
       cross join lateral (select pg_relation_size(c.oid) / current_setting('block_size')::int as blocks) as b
       cross join lateral (select case when c.relpages > 0 and c.reltuples > 0 then c.reltuples / c.relpages else 50 end as density) as d
       cross join lateral (select case when c.relispartition then
         (select count(*) from pg_partition_tree(pg_partition_root(c.oid)) as p where p.isleaf) else 1 end as parts) as p
       where :is_ours and :own_relation and c.relkind in ('r', 'm') and c.relpersistence <> 't' and b.blocks >= 16 and :sample_rows > 0
         and not row_security_active(c.oid) and not (c.relpersistence = 'u' and pg_is_in_recovery()) and c.relispopulated) as c
cross join lateral (
  select 'sample' as kind, false as by_row, 'true' as condition,
         least(c.blocks, 8192, greatest(64, ceil(:sample_rows / greatest(1, c.density) / least(8, c.parts)))) as wanted
  union all
  select 'row_sample', true, format('(%s & 4294967295) < %s', :'row_hash', round(4294967296 * round(least(1, r.rows / (w.blocks * c.density))::numeric, 6))), w.blocks
    from (select case when c.parts > 8 then greatest(least(300, :statistic_rows), :statistic_rows / c.parts * 8) else :statistic_rows end as rows) as r
   cross join lateral (select least(c.blocks, r.rows) as blocks) as w
   where :statistic_rows > 0) as s
join lateral (
  select a.attnum, a.attname,
         case when s.most_common_vals is null then '' else format(
           'coalesce(array_position((select s.most_common_vals::text::text[] from pg_stats as s where %s), format(''%%s'', value)), ', x.key) end
         || case when s.histogram_bounds is null or t.typcategory in ('A', 'R') then '0' else format(
           '-1 - width_bucket(value::%s, (select s.histogram_bounds::text::%s[] from pg_stats as s where %s))', y.name, y.name, x.key) end
         || case when s.most_common_vals is null then '' else ')' end as place,
         case when s.histogram_bounds is not null and y.type in ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) then format(
           '(select s.histogram_bounds::text::text[] from pg_stats as s where %s)', x.key) end as bounds
    from pg_attribute as a join pg_type as t on t.oid = a.atttypid
    left join pg_stats as s on s.schemaname = c.nspname and s.tablename = c.relname and s.attname = a.attname and not s.inherited
   cross join lateral (select format('s.schemaname = %L and s.tablename = %L and s.attname = %L and not s.inherited',
                                     s.schemaname, s.tablename, s.attname) as key) as x
   cross join lateral (select case t.typtype when 'd' then t.typbasetype else t.oid end as type,
                              case t.typtype when 'd' then format_type(t.typbasetype, t.typtypmod)
                                             else format_type(a.atttypid, a.atttypmod) end as name) as y
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and t.typtype <> 'c' and coalesce(s.avg_width, 0) <= 2000
     and has_column_privilege(c.oid, a.attnum, 'select')) as a on true
group by c.oid, c.nspname, c.relname, c.blocks, s.kind, s.by_row, s.condition, s.wanted
order by c.nspname, c.relname, s.kind desc) as t (sample) \gexec
\echo '{"kind": "end"}'
