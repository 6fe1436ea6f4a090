-- What holds for every object of a marketplace.
begin;
set local client_min_messages = warning;
create extension if not exists pgcrypto;
create extension if not exists pg_trgm;
select deal_advisor.marketplace_install('mp') \g /dev/null
select plan(16);
create temp view relation as select c.* from pg_class c where c.relnamespace = 'mp'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition;
create temp view routine as select p.*, l.lanname from pg_proc p join pg_language l on l.oid = p.prolang where p.pronamespace = 'mp'::regnamespace;
select is_empty($$select relname from relation where obj_description(oid, 'pg_class') is null$$, 'every table has a comment');
select is_empty($$select r.relname, a.attname from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped where col_description(r.oid, a.attnum) is null$$, 'every column has one');
select is_empty($$select oid::regprocedure from routine where obj_description(oid, 'pg_proc') !~ 'Errors: .*Example: ' or obj_description(oid, 'pg_proc') is null$$, 'every function says its errors and has an example');
select is_empty($$select typname from pg_type where typnamespace = 'mp'::regnamespace and typtype in ('e', 'd') and obj_description(oid, 'pg_type') is null$$, 'every type has a comment');
select is_empty($$select relname from relation r where relname not in ('retailers', 'categories', 'brands', 'tenants', 'database_roles', 'auth_settings', 'permissions', 'personal_data', 'price_feed') and not exists (select from pg_index i where i.indrelid = r.oid and i.indisprimary and (select attname from pg_attribute where attrelid = r.oid and attnum = i.indkey[0]) = 'tenant_id')$$, 'what belongs to a tenant has its number first in the key');
select is_empty($$select conname from pg_constraint k where k.contype = 'f' and k.conrelid in (select oid from relation) and k.confrelid in (select oid from relation where relname not in ('retailers', 'categories', 'brands', 'tenants', 'permissions')) and (select attname from pg_attribute where attrelid = k.conrelid and attnum = k.conkey[1]) <> 'tenant_id'$$, 'foreign keys stay within the tenant');
select is_empty($$select relname from relation where relname not in ('retailers', 'categories', 'brands') and (not relrowsecurity or relforcerowsecurity)$$, 'row security is on and not forced');
select is_empty($$select oid::regprocedure from routine where lanname = 'plpgsql' and prokind <> 'p' and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)$$, 'PL/pgSQL functions fix their search_path (procedures that commit can''t)');
select is_empty($$select oid::regprocedure from routine where lanname = 'sql' and prosqlbody is null and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)$$, 'SQL functions do, or are bound when they are made');
select is_empty($$select oid::regprocedure from routine where prosecdef and lanname = 'sql'$$, 'functions with their owner''s rights are not inlined');
select is_empty($$select r.relname || '.' || a.attname from relation r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped where a.atttypid in ('money'::regtype, 'float8'::regtype, 'float4'::regtype, 'timestamp'::regtype)$$, 'no column has a type that loses something');
select is_empty($$select oid::regprocedure from routine where prosrc ~ 'deal_advisor\.' and proname not in ('price_stats', 'prior_price', 'discount_check', 'deal_scores', 'score_listings', 'record_directly', 'match_directly')$$, 'nothing but what judges prices, record_directly and match_directly calls the extension');
select is_empty($$select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum >= 0 and not a.attisdropped where c.relnamespace = 'mp'::regnamespace and c.relkind = 'm' and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') !~ 'refresh materialized view concurrently')$$, 'materialised views and their columns have comments that say how to refresh them');
select is_empty($$select c.relname from pg_class c where c.relnamespace = 'mp'::regnamespace and c.relkind = 'm' and (exists (select from aclexplode(c.relacl) a where a.grantee <> c.relowner) or not exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indpred is null and i.indexprs is null))$$, 'they are nobody''s but their owner''s, and can be refreshed while they are read');
select is_empty($$select i.indexrelid::regclass from pg_index i join relation r on r.oid = i.indrelid join pg_attribute a on a.attrelid = r.oid and a.attname = 'tenant_id' where i.indisunique and r.relname <> 'database_roles' and not a.attnum = any (i.indkey::int2[])$$, 'unique keys hold the tenant, as a table that is distributed by it wants');
select is_empty($$select oid::regprocedure from routine p where prosecdef and prorettype = 'trigger'::regtype and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)$$, 'nobody puts a trigger function with its owner''s rights on a table of their own');
select * from finish();
rollback;
