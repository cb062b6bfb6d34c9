-- The rows as the program reads them: with the content of events, and with their state.
create view :"schema".outgoing_1 as
select o.number, o.kind, o.category, o.stream_id, o.message_id::text as message_id,
       coalesce(o.metadata, e.metadata)::text as metadata, coalesce(o.payload, e.payload)::text as payload,
       o.due, o.n_failures, o.error, o.ended,
       case when o.ended is not null and o.abandoned then 'abandoned'
            when o.ended is not null then 'published'
            when o.held_until is not null then 'processing'
            when o.n_failures > 0 then 'failed'
            else 'pending' end as state
  from :"schema".outbox o left join :"schema".event e on e.position = o.position;

-- Claims up to `n` rows, and returns their numbers. Claims wait for each other, so they agree on what is blocked.
-- A lease that ends after `until` has a time of a fast clock. It is cut, or nobody could claim its row for long.
-- They need no flush: after a crash, nobody is left who works on the rows.
create function :"schema".claim_1(by text, at bigint, until bigint, n bigint) returns bigint[]
language plpgsql volatile as $$
declare
  n_seen  bigint := least(n, 100000) * 10 + 100;
  n_found bigint;
  mine    bigint[];
  cut     bigint[];
begin
  perform pg_advisory_xact_lock(:'schema'::regnamespace::oid::integer, hashtext('outbox'));
  perform set_config('synchronous_commit', 'off', true);
  update :"schema".outbox set waiting = false where ended is null and waiting and due <= at;

  loop
    -- A new row that is not due is in nobody's way. Any other row that has to wait blocks the later rows of its
    -- stream: somebody works on it, or its next try is later.
    with seen as materialized (
      select o.number as no, o.kind as k, o.category as c, o.stream_id as s,
             coalesce(coalesce(o.held_until, o.due) > at, false) as has_to_wait,
             o.held_until is null and o.n_failures = 0 as is_new, o.held_until as ends
        from :"schema".outbox o where o.ended is null and not o.waiting
       order by o.number limit n_seen
    ), ranked as (
      select no, has_to_wait,
             bool_or(has_to_wait and not is_new) over (partition by k, c, s order by no) as is_blocked
        from seen
    ), ready as (
      select no from ranked where not has_to_wait and not is_blocked order by no limit n
    )
    select (select count(*) from seen), array(select no from ready), array(select no from seen where ends > until)
      into n_found, mine, cut;

    exit when n_found < n_seen or n <= cardinality(mine);
    n_seen := n_seen * 10;
  end loop;

  if cardinality(cut) > 0 then
    update :"schema".outbox o set held_until = until where o.number = any (cut);
  end if;
  update :"schema".outbox o set worker = by, held_until = until where o.number = any (mine);
  return mine;
end $$;

-- Applies the results of the rows that `by` holds.
create function :"schema".settle_1(
  by text, at bigint, numbers bigint[], results text[], errors text[], retries bigint[]
) returns void language plpgsql volatile as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  update :"schema".outbox o
     set worker = null, held_until = null,
         ended = case when x.result in ('published', 'abandoned') then at end,
         abandoned = x.result = 'abandoned',
         n_failures = o.n_failures + (x.result in ('failed', 'abandoned'))::integer,
         error = coalesce(x.error, o.error),
         due = coalesce(x.retry, o.due)
    from unnest(numbers, results, errors, retries) as x(number, result, error, retry)
   where o.number = x.number and o.worker = by and o.held_until is not null;
end $$;
