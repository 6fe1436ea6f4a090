create function deal_test.live() returns int8 language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_live';
create function deal_test.made() returns int8 language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_made';
create function deal_test.emptied_at() returns timestamptz
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_emptied_at';

create function deal_test.throw_error(sqlstate text, message text, detail text default null, hint text default null)
  returns int language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_throw_error';
create function deal_test.throw_kind(kind text) returns int8
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_throw_kind';
create function deal_test.throw_plain() returns int language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_throw_plain';
create function deal_test.divide() returns int language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_divide';
create function deal_test.relay(sql text) returns int8 language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_relay';
create function deal_test.describe(sql text) returns text[]
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_describe';
create function deal_test.storm(errors int8, subtransaction bool, thrower regproc default 'deal_test.throw_plain',
    divider regproc default 'deal_test.divide', out caught int8, out resident int8, out allocated int8,
    out contexts int8, out live int8)
  returns setof record language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_storm';
create function deal_test.resident() returns int8 language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_resident';

create function deal_test.attempt(sql text, commit bool) returns text
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_attempt';
create function deal_test.rolled_back(sql text, throwing text default null) returns text[]
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_rolled_back';
create function deal_test.state_after(sql text) returns text[]
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_state_after';
create function deal_test.session_goes_on(failing text, final text) returns text
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_session_goes_on';
create function deal_test.advisor_error_in_session() returns text[]
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_advisor_error_in_session';
create function deal_test.query(sql text) returns text language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_query';
create function deal_test.as_role(role text, sql text, read_only bool default false) returns text
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_as_role';
create function deal_test.with_setting(name text, value text, sql text) returns text
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_with_setting';
create function deal_test.limited(milliseconds int8, sql text default null) returns text
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_limited';
create function deal_test.nested_limits() returns text
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_nested_limits';
create function deal_test.late_limit(cancel_too bool) returns bool
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_late_limit';

create function deal_test.pass(int4) returns int4 language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_pass';
create function deal_test.pass_bare(int4) returns int4
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_pass_bare';
create function deal_test.time_calls(function regprocedure, calls int8) returns float8
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_time_calls';
create function deal_test.echo_text(text) returns text language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_echo_text';
create function deal_test.echo_json(jsonb) returns jsonb
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_echo_json';
create function deal_test.parse_json(text) returns jsonb
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_parse_json';
create function deal_test.echo_array(text[]) returns text[]
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_echo_array';
create function deal_test.echo_array(name[]) returns text[]
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_echo_array';
create function deal_test.echo_array(int[]) returns text[]
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_echo_array';
create function deal_test.as_name(text) returns name language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_as_name';
create function deal_test.milliseconds(interval) returns int8
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_milliseconds';
create function deal_test.setting(text) returns text language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_setting';

create function deal_test.rows(count int, width int default 5)
  returns table (a int, b text, c jsonb, d text[], e float8)
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_rows';
create function deal_test.not_a_set(count int, width int default 5, out a int, out b text, out c jsonb,
    out d text[], out e float8)
  returns record language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_rows';
create function deal_test.anonymous_rows(count int, width int default 5) returns setof record
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_rows';
create function deal_test.numbers(count int) returns setof int
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_column';

create function deal_test.work(seed int) returns void
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_work';
create function deal_test.short_locks(statements text[], timeout_ms int, most_tries int, pause_ms int) returns bool
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_short_locks';
create procedure deal_test.short_locks_run(statements text[], timeout_ms int, most_tries int, pause_ms int)
  language c as 'MODULE_PATHNAME', 'deal_advisor_test_short_locks_run';
create procedure deal_test.run(variadic statements text[])
  language c as 'MODULE_PATHNAME', 'deal_advisor_test_run';

-- columns: attribute numbers (null: all); treatments: a letter for each live column (null: all plain): plain, ignored, redacted, hashed.
create function deal_test.encode(value record, columns int[] default null, treatments text default null,
    salt text default '', expand bool default false) returns jsonb
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_encode';
create function deal_test.encode_rows(relation regclass, columns int[] default null, treatments text default null,
    salt text default '') returns setof jsonb
  language c volatile as 'MODULE_PATHNAME', 'deal_advisor_test_encode_rows';
create function deal_test.jsonb_bytes(jsonb) returns bytea
  language c strict immutable as 'MODULE_PATHNAME', 'deal_advisor_test_jsonb_bytes';

-- The stacked diagnostics of an error or a cancel, caught by PL/pgSQL; nothing if there is none.
create function deal_test.diagnose(sql text, out state text, out message text, out detail text, out hint text,
    out context text, out table_name text, out constraint_name text, out column_name text)
  language plpgsql as $$
begin
  execute sql;
exception when others or query_canceled then
  get stacked diagnostics state = returned_sqlstate, message = message_text, detail = pg_exception_detail,
    hint = pg_exception_hint, context = pg_exception_context, table_name = table_name,
    constraint_name = constraint_name, column_name = column_name;
end
$$;
