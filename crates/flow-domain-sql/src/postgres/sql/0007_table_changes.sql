-- The sum of the versions of a table. Each write and each deletion of a row adds one.
create function :"schema".table_version_1(of_kind text, of_name text) returns bigint language sql stable as $$
  select coalesce(sum(s.version), 0)::bigint from :"schema".state s where s.kind = of_kind and s.name = of_name
$$;

create function :"schema".clear_table_1(of_kind text, of_name text) returns void language sql volatile as $$
  delete from :"schema".state s where s.kind = of_kind and s.name = of_name
$$;

-- Moves the rows of the table `by` to another table, instead of the rows that are there. Rows that are equal stay.
create function :"schema".replace_table_1(
  idx integer, of_kind text, of_name text, expected bigint, by_kind text, by_name text
) returns void language plpgsql volatile as $$
declare
  n_written bigint;
  n_all     bigint := 0;
  v         bigint;
begin
  update :"schema".state s set version = s.version + 1, value = null, keys = null, ended = now()
   where s.kind = of_kind and s.name = of_name and s.value is not null and not exists (
     select from :"schema".state r
      where r.kind = by_kind and r.name = by_name and r.id = s.id and r.value is not null);
  get diagnostics n_written = row_count;
  n_all := n_all + n_written;

  insert into :"schema".state as s (kind, name, id, version, value, keys)
  select of_kind, of_name, r.id, 1, r.value, r.keys from :"schema".state r
   where r.kind = by_kind and r.name = by_name and r.value is not null
   order by r.id
      on conflict (kind, name, id) do update
     set version = s.version + 1, value = excluded.value, keys = excluded.keys, ended = null
   where s.value::text is distinct from excluded.value::text or s.keys::text is distinct from excluded.keys::text;
  get diagnostics n_written = row_count;
  n_all := n_all + n_written;

  -- Each write above has added one. The rest is the version that the table had before, and what others have
  -- committed until now. Who has a row locked waits for this transaction, and then finds another version.
  v := :"schema".table_version_1(of_kind, of_name) - n_all;
  if v <> expected then
    perform :"schema".refuse_1('table', idx, expected, v);
  end if;
  perform :"schema".clear_table_1(by_kind, by_name);
end $$;
