-- A retailer's warehouse as a snowflake: sales and returns of two channels around their dimensions. Only the dimensions
-- have keys: every other index is what the advisor proposes. Each column has its table's prefix; dates of facts are
-- keys of the calendar, yyyymmdd.
\set ON_ERROR_STOP on
create schema star;

create table star.calendar (
  cal_id        integer primary key,
  cal_date      date not null,
  cal_year      smallint not null,
  cal_quarter   smallint not null,
  cal_month     smallint not null,
  cal_day       smallint not null,
  cal_weekday   smallint not null,  -- 1 is Monday
  cal_week_seq  integer not null,   -- weeks and months since the calendar's first
  cal_month_seq integer not null,
  cal_holiday   boolean not null
);

create table star.item (
  it_id           integer primary key,
  it_code         char(12) not null,
  it_name         text not null,
  it_category     text not null,
  it_class        text not null,
  it_brand        text not null,
  it_manufacturer smallint not null,
  it_manager      smallint not null,
  it_color        text not null,
  it_size         text not null,
  it_price        numeric(9, 2) not null,
  it_cost         numeric(9, 2) not null
);

create table star.address (
  ad_id         integer primary key,
  ad_street     text not null,
  ad_city       text not null,
  ad_county     text not null,
  ad_state      char(2) not null,
  ad_zip        char(5) not null,
  ad_utc_offset smallint not null
);

create table star.household (
  hh_id          integer primary key,
  hh_income_band smallint not null,
  hh_potential   text not null,
  hh_dependents  smallint not null,
  hh_vehicles    smallint not null
);

create table star.customer (
  cu_id          integer primary key,
  cu_code        char(16) not null,
  cu_first_name  text not null,
  cu_last_name   text not null,
  cu_address     integer not null,
  cu_household   integer not null,
  cu_gender      char(1) not null,
  cu_marital     char(1) not null,
  cu_education   text not null,
  cu_birth_year  smallint not null,
  cu_birth_month smallint not null,
  cu_preferred   boolean not null,
  cu_email       text
);

create table star.store (
  st_id         smallint primary key,
  st_name       text not null,
  st_address    integer not null,
  st_city       text not null,
  st_county     text not null,
  st_state      char(2) not null,
  st_zip        char(5) not null,
  st_utc_offset smallint not null,
  st_market     smallint not null,
  st_employees  smallint not null
);

create table star.promotion (
  pr_id        smallint primary key,
  pr_name      text not null,
  pr_month_seq integer not null,
  pr_email     boolean not null,
  pr_tv        boolean not null,
  pr_mail      boolean not null,
  pr_cost      numeric(9, 2) not null
);

create table star.store_sales (
  ss_date        integer not null,
  ss_hour        smallint not null,
  ss_store       smallint not null,
  ss_promotion   smallint,
  ss_item        integer not null,
  ss_customer    integer,           -- null: nobody showed a card
  ss_household   integer,
  ss_address     integer,
  ss_ticket      integer not null,
  ss_quantity    smallint not null,
  ss_wholesale   numeric(9, 2) not null,
  ss_list_price  numeric(9, 2) not null,
  ss_sales_price numeric(9, 2) not null,
  ss_discount    numeric(9, 2) not null,
  ss_net_paid    numeric(9, 2) not null,
  ss_net_profit  numeric(9, 2) not null
);

create table star.web_sales (
  wb_date        integer not null,
  wb_ship_date   integer,           -- null: not shipped yet, or never
  wb_site        smallint not null,
  wb_warehouse   smallint not null,
  wb_ship_mode   smallint not null,
  wb_promotion   smallint,
  wb_item        integer not null,
  wb_customer    integer not null,
  wb_address     integer not null,
  wb_order       integer not null,
  wb_quantity    smallint not null,
  wb_wholesale   numeric(9, 2) not null,
  wb_list_price  numeric(9, 2) not null,
  wb_sales_price numeric(9, 2) not null,
  wb_discount    numeric(9, 2) not null,
  wb_shipping    numeric(9, 2) not null,
  wb_net_paid    numeric(9, 2) not null,
  wb_net_profit  numeric(9, 2) not null
);

create table star.store_returns (
  sr_date     integer not null,
  sr_item     integer not null,
  sr_customer integer,
  sr_ticket   integer not null,
  sr_store    smallint not null,
  sr_reason   smallint not null,
  sr_quantity smallint not null,
  sr_amount   numeric(9, 2) not null,
  sr_loss     numeric(9, 2) not null
);

create table star.web_returns (
  wr_date     integer not null,
  wr_item     integer not null,
  wr_customer integer not null,
  wr_order    integer not null,
  wr_reason   smallint not null,
  wr_quantity smallint not null,
  wr_amount   numeric(9, 2) not null,
  wr_loss     numeric(9, 2) not null
);
