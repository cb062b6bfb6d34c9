-- Renews the leases of a member, and gives it free partitions up to its share. In a takeover, every partition
-- is free, and the share is all of them. Returns a row for each partition
-- that it has won or lost, and a last row with the number of partitions beyond its share.
create function :"schema".turn_1(
  grp_ text, member_ text, n_partitions integer, held integer[], held_epochs bigint[], lease_micros bigint,
  is_takeover boolean
) returns table (outcome text, number integer, epoch bigint, was_abandoned boolean, ledger text)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  at      timestamptz;
  until   timestamptz;
  kept    integer[];
  share   integer;
  has_won boolean := false;
begin
  perform pg_advisory_xact_lock(:'schema'::regnamespace::oid::integer, hashtext(grp_));
  -- The time is taken after the wait.
  at := clock_timestamp();
  until := at + lease_micros * interval '1 microsecond';

  insert into :"schema".partition (grp, number)
  select grp_, g from generate_series(0, n_partitions - 1) g
   where (select count(*) from :"schema".partition p where p.grp = grp_) < n_partitions
      on conflict do nothing;

  delete from :"schema".member m where m.grp = grp_ and (m.alive_until <= at or m.name = member_);
  insert into :"schema".member values (grp_, member_, until);
  -- The clock was set back. Without the cut, the leases of the dead would last until it is there again.
  update :"schema".member m set alive_until = until where m.grp = grp_ and m.alive_until > until;
  update :"schema".partition p set held_until = until where p.grp = grp_ and p.held_until > until;
  share := case when is_takeover then n_partitions
    else (select ceil(n_partitions::numeric / count(*)) from :"schema".member m where m.grp = grp_) end;

  with renewed as (
    -- A lease is renewed even after its end, because nobody has taken the partition.
    update :"schema".partition p set held_until = until
      from unnest(held, held_epochs) as x(number, epoch)
     where p.grp = grp_ and p.number = x.number and p.epoch = x.epoch and p.owner is not null
    returning p.number
  )
  select coalesce(array_agg(r.number), '{}') into kept from renewed r;
  return query select 'lost', x, null::bigint, null::boolean, null::text
    from unnest(held) x where x <> all (kept) order by x;

  if cardinality(kept) < share then
    return query
      -- The lock waits for the commits under the old epoch.
      with free as materialized (
        select p.number as no, p.owner as old_owner from :"schema".partition p
         where p.grp = grp_ and p.number < n_partitions and p.number <> all (kept)
           and (is_takeover or (p.owner = member_ and p.number <> all (held))
                or coalesce(p.held_until <= at, true))
         order by p.number limit share - cardinality(kept)
           for update
      ), won as (
        update :"schema".partition p set epoch = p.epoch + 1, owner = member_, held_until = until
          from free where p.grp = grp_ and p.number = free.no
        returning p.number, p.epoch, free.old_owner is not null and not is_takeover as was_abandoned, p.ledger::text as ledger
      )
      select 'won', w.number, w.epoch, w.was_abandoned, w.ledger from won w order by w.number;
    has_won := found;
  end if;

  -- A renewal that is lost in a crash is made again. An epoch that is lost would be given twice.
  if not has_won then
    perform set_config('synchronous_commit', 'off', true);
  end if;
  return query select 'surplus', greatest(cardinality(kept) - share, 0), null::bigint, null::boolean, null::text;
end $$;
