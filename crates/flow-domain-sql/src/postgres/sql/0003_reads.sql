-- Returns a position up to which every event is visible to the next statement, or will never exist.
--
-- A commit locks the last position before it draws its own. So a position p that was drawn before the first
-- look here had a lock on a smaller one. If its commit is still open, the second look finds the lock. If it
-- has ended, its events are visible: PostgreSQL shows a transaction before it frees its locks. The events
-- must be read in a later statement, because the snapshot of this one is older than the second look.
create function :"schema".horizon_1() returns bigint language plpgsql volatile as $$
declare
  space bigint := :"schema".lock_space_1();
  drawn bigint;
  open  bigint;
begin
  if pg_is_in_recovery() then
    raise exception 'a standby does not show the locks of the commits' using errcode = 'FD002',
      hint = 'connect the store to the primary';
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'events must be read at the isolation level "read committed"' using errcode = 'FD002',
      hint = 'set default_transaction_isolation of the connection to "read committed"';
  end if;

  select p.last_value into drawn from :"schema".event_position p;
  select min(((l.classid::bigint & 255) << 32) | l.objid::bigint) into open from pg_locks l
   where l.locktype = 'advisory' and l.objsubid = 1 and (l.classid::bigint >> 8) = (space >> 40)
     and l.database = (select d.oid from pg_database d where d.datname = current_database());
  return least(drawn, open);
end $$;

create function :"schema".last_position_1() returns bigint language plpgsql volatile as $$
declare
  safe bigint := :"schema".horizon_1();
begin
  return (select coalesce(max(e.position), 0) from :"schema".event e where e.position <= safe);
end $$;

-- Reads events of some partitions, each after its own position. `places` has an element for each partition;
-- null leaves the partition out. The first row has only `last`: the last position that can be read now.
create function :"schema".read_1(categories text[], n_partitions integer, places bigint[], n bigint)
returns table (last bigint, "position" bigint, version bigint, metadata text, payload text)
language plpgsql volatile as $$
declare
  safe  bigint := :"schema".horizon_1();
  start bigint := (select min(p) from unnest(places) p);
begin
  return query
    select coalesce(max(e.position), 0), null::bigint, null::bigint, null::text, null::text
      from :"schema".event e where e.position <= safe;

  if categories is null then
    return query
      select null::bigint, e.position, e.version, e.metadata::text, e.payload::text
        from :"schema".event e
       where e.position > start and e.position <= safe
         and e.position > places[e.slot * n_partitions / 1024 + 1]
       order by e.position limit n;
  else
    return query
      select null::bigint, e.position, e.version, e.metadata::text, e.payload::text
        from unnest(categories) c,
     lateral (select x.* from :"schema".event x
               where x.category = c and x.position > start and x.position <= safe
                 and x.position > places[x.slot * n_partitions / 1024 + 1]
               order by x.position limit n) e
       order by e.position limit n;
  end if;
end $$;
