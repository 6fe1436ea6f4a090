-- Partition maintenance: the sets, what is to do, doing it.

create table deal_advisor.partition_set (
  schema_name name not null,
  table_name name not null,
  owner_name name not null,
  key_column name not null,
  key_kind text not null,
  step text not null,
  zone text not null,
  anchor bigint not null,
  premake integer not null,
  horizon text,
  retention text,
  retire text not null,
  use_default boolean not null,
  enabled boolean not null,
  options jsonb not null,
  primary key (schema_name, table_name)
);
comment on table deal_advisor.partition_set is
'How each partitioned table is kept: one row for each call of partition_enable. Written by partition_enable and partition_disable only; nobody has rights on it; keyed by name, so that dumps carry it. Example: select * from deal_advisor.partition_status();';
select pg_catalog.pg_extension_config_dump('deal_advisor.partition_set', '');
