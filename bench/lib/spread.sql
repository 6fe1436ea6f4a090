-- Numbers that look random and are the same on every run and every PostgreSQL version: integer arithmetic modulo a prime,
-- never random() or a hash of the server. For data that a benchmark makes; include with \ir, the functions last as long as the session.
-- u(i, salt): a number in [0, 1) for row i, another sequence for each salt: Weyl's, (a i^2 + b i)/p mod 1.
create function pg_temp.u(i bigint, salt bigint) returns float8 language sql immutable return
  (((i * i % 2147483647) * (salt * 742938285 % 2147483647) + i * (salt * salt % 10007 * 950706376 % 2147483647))
    % 2147483647) / 2147483647.0::float8;
-- pick(n, x): 1..n, evenly for even x. Square or cube x for skew towards 1.
create function pg_temp.pick(n bigint, x float8) returns bigint language sql immutable return
  1 + floor(n * x)::bigint;
-- zipf(n, x): 1..n, rank r about 1/r as often as rank 1.
create function pg_temp.zipf(n bigint, x float8) returns bigint language sql immutable return
  floor(power((n + 1)::float8, x))::bigint;
-- word(rank): the word of a rank, pronounceable, the frequent ones short.
create function pg_temp.word(rank bigint) returns text language sql immutable return
  (array['ka', 'lo', 'mi', 'ren', 'so', 'tu', 'ver', 'wa', 'bel', 'cor', 'dan', 'fi', 'gor', 'hal', 'jun', 'pel'])[1 + rank % 16]
  || (array['ta', 'lin', 'mor', 'ne', 'pa', 'rix', 'sun', 'to', 'va', 'zen', 'der', 'gam', 'hol', 'kes', 'lum', 'bri'])
       [1 + rank / 16 % 16]
  || case when rank < 256 then '' else
       (array['a', 'ik', 'os', 'um', 'er', 'and', 'ell', 'ost', 'irr', 'upt', 'owe', 'ash', 'eld', 'ing', 'oth', 'yss'])
         [1 + rank / 256 % 16] end
  || case when rank < 4096 then '' else 'qu' || (rank / 4096)::text end;
