-- Ends a commit that names a stale version or epoch. The detail is for the program.
create function :"schema".refuse_1(what text, idx integer, expected bigint, at bigint) returns void
language plpgsql as $$
begin
  raise exception 'the % at % is not at the expected version', what, idx using errcode = 'FD001',
    detail = json_build_object('what', what, 'idx', idx - 1, 'expected', expected, 'found', at)::text;
end $$;

-- The space of the advisory locks on positions: 23 bits for the schema, 40 bits for the position.
create function :"schema".lock_space_1() returns bigint language sql stable as $$
  select (:'schema'::regnamespace::oid::bigint & 8388607) << 40
$$;

-- Writes everything or nothing. The caller sorts fences, streams and states, so that two commits lock
-- them in the same order. Returns the versions of the events, and then their positions.
create function :"schema".commit_1(
  relaxed boolean,
  f_group text[], f_partition integer[], f_epoch bigint[], f_ledger text[],
  -- A stream without an expected version may have any. `s_n` is the number of its events.
  s_category text[], s_id text[], s_slot smallint[], s_expected bigint[], s_n bigint[],
  -- `e_stream` is an index in the streams, and `e_nth` counts the events of each stream.
  e_stream integer[], e_nth bigint[], e_id uuid[], e_type text[], e_metadata text[], e_payload text[],
  w_kind text[], w_name text[], w_id text[], w_expected bigint[], w_value text[], w_keys text[],
  c_id uuid[],
  -- `o_event` is an index in the events. Such a row has no metadata and payload of its own.
  o_kind text[], o_category text[], o_stream text[], o_id uuid[], o_due bigint[], o_event integer[],
  o_metadata text[], o_payload text[]
) returns bigint[] language plpgsql volatile as $$
declare
  base bigint[] := '{}';
  pos  bigint[] := '{}';
  ver  bigint[] := '{}';
  v    bigint;
begin
  if relaxed then
    perform set_config('synchronous_commit', 'off', true);
  end if;

  for i in 1 .. cardinality(f_epoch) loop
    -- The lock holds up a new owner until this commit ends. It does not hold up other commits.
    select p.epoch into v from :"schema".partition p
     where p.grp = f_group[i] and p.number = f_partition[i] for key share;
    if not found or v <> f_epoch[i] then
      perform :"schema".refuse_1('fence', i, f_epoch[i], v);
    end if;
    if f_ledger[i] is not null then
      update :"schema".partition p set ledger = f_ledger[i]::json
       where p.grp = f_group[i] and p.number = f_partition[i];
    end if;
  end loop;

  for i in 1 .. cardinality(s_id) loop
    if s_n[i] = 0 then
      -- The row of an empty stream is made, because only a row can be locked.
      if s_expected[i] = 0 then
        insert into :"schema".stream values (s_category[i], s_id[i], 0) on conflict do nothing;
      end if;
      select s.version into v from :"schema".stream s
       where s.category = s_category[i] and s.id = s_id[i] for share;
      if not found or v <> s_expected[i] then
        perform :"schema".refuse_1('stream', i, s_expected[i], coalesce(v, 0));
      end if;
    elsif s_expected[i] > 0 then
      update :"schema".stream s set version = s.version + s_n[i]
       where s.category = s_category[i] and s.id = s_id[i] and s.version = s_expected[i]
       returning s.version into v;
    else
      insert into :"schema".stream as s values (s_category[i], s_id[i], s_n[i])
          on conflict (category, id) do update set version = s.version + s_n[i]
       where s_expected[i] is null or s.version = 0
       returning s.version into v;
    end if;

    if not found then
      select s.version into v from :"schema".stream s where s.category = s_category[i] and s.id = s_id[i];
      perform :"schema".refuse_1('stream', i, s_expected[i], coalesce(v, 0));
    end if;
    base := base || (v - s_n[i]);
  end loop;

  for i in 1 .. cardinality(w_id) loop
    if w_value[i] is null then
      update :"schema".state s set version = s.version + 1, value = null, keys = null, ended = now()
       where s.kind = w_kind[i] and s.name = w_name[i] and s.id = w_id[i] and s.value is not null
         and (w_expected[i] is null or s.version = w_expected[i]);
      continue when found or w_expected[i] is null;
    elsif w_expected[i] > 0 then
      update :"schema".state s
         set version = s.version + 1, value = w_value[i]::json, keys = w_keys[i]::json,
             ended = case when w_kind[i] in ('inbox', 'process_history') then now() end
       where s.kind = w_kind[i] and s.name = w_name[i] and s.id = w_id[i] and s.value is not null
         and s.version = w_expected[i];
    else
      insert into :"schema".state as s
      values (w_kind[i], w_name[i], w_id[i], 1, w_value[i]::json, w_keys[i]::json,
              case when w_kind[i] in ('inbox', 'process_history') then now() end)
          on conflict (kind, name, id) do update
         set version = s.version + 1, value = excluded.value, keys = excluded.keys, ended = excluded.ended
       where w_expected[i] is null or s.value is null;
    end if;

    if not found then
      select s.version into v from :"schema".state s
       where s.kind = w_kind[i] and s.name = w_name[i] and s.id = w_id[i] and s.value is not null;
      -- A deletion that expects nothing finds nothing.
      continue when not found and w_expected[i] = 0;
      perform :"schema".refuse_1('state', i, w_expected[i], coalesce(v, 0));
    end if;
  end loop;

  if cardinality(c_id) > 0 then
    delete from :"schema".outbox
     where message_id = any (c_id) and ended is null and (position is null or due is not null)
       and held_until is null and n_failures = 0;
  end if;

  if cardinality(e_id) > 0 then
    -- Before the first position is drawn: readers stop here until this transaction ends.
    perform pg_advisory_xact_lock_shared(:"schema".lock_space_1() | p.last_value)
       from :"schema".event_position p;
    for i in 1 .. cardinality(e_id) loop
      pos := pos || nextval(:'schema.event_position');
      ver := ver || (base[e_stream[i]] + e_nth[i]);
    end loop;

    insert into :"schema".event
      (position, category, stream_id, version, slot, message_id, type, metadata, payload)
    select pos[x.i], s_category[x.s], s_id[x.s], ver[x.i], s_slot[x.s], x.id, x.type,
           x.metadata::json, x.payload::json
      from unnest(e_stream, e_id, e_type, e_metadata, e_payload)
           with ordinality as x(s, id, type, metadata, payload, i);
  end if;

  if cardinality(o_id) > 0 then
    insert into :"schema".outbox
      (kind, category, stream_id, message_id, due, waiting, position, metadata, payload)
    select x.kind, x.category, x.stream, x.id, x.due, x.due is not null, pos[x.event],
           x.metadata::json, x.payload::json
      from unnest(o_kind, o_category, o_stream, o_id, o_due, o_event, o_metadata, o_payload)
           with ordinality as x(kind, category, stream, id, due, event, metadata, payload, i)
     order by x.i;
  end if;

  return ver || pos;
end $$;
