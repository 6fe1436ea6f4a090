-- Two sessions that write prices until they are told to stop, and what they and the table had.
create table demo.writers (
  number int primary key,
  inserted bigint not null,
  updated bigint not null,
  failed bigint not null,
  longest_ms float8 not null
);
create table demo.stop (told bool);
create table demo.before_conversion as select count(*) as rows from shop.price_history;

create procedure demo.write_prices(number int) language plpgsql as $$
declare
  done demo.writers;
  began timestamptz;
  listings bigint := (select max(id) from shop.listings);
  changed bigint;
begin
  done := (number, 0, 0, 0, 0);
  while not exists (select from demo.stop) loop
    began := clock_timestamp();
    begin
      insert into shop.price_history (listing_id, observed_at, price_minor, currency, in_stock)
        values (1 + floor(random() * listings), clock_timestamp(), 1000 + floor(random() * 9000), 'EUR', true)
        returning id into changed;
      changed := changed - floor(random() * 100);
      update shop.price_history set in_stock = false where id = changed;
      done.inserted := done.inserted + 1;
      if found then done.updated := done.updated + 1; end if;
    exception when others then
      done.failed := done.failed + 1;
      raise warning 'a write failed: %', sqlerrm;
    end;
    commit;
    done.longest_ms := greatest(done.longest_ms, extract(epoch from clock_timestamp() - began) * 1000);
    perform pg_sleep(0.005);
  end loop;
  insert into demo.writers values (done.*);
end $$;
