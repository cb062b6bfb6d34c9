-- A field of a row as JSON. PostgreSQL cannot read U+0000 in a JSON text, so it is replaced. The
-- replacement keeps the order of texts: U+0001 followed by U+0001, and U+0001 itself by U+0002.
create function :"schema".field_1(value json, name text) returns json
language plpgsql immutable parallel safe as $$
begin
  if strpos(value::text, '\u000') = 0 then
    return value -> name;
  end if;
  return regexp_replace(regexp_replace(value::text,
    '(?<!\\)((?:\\\\)*)\\u0001', '\1\\u0001\\u0002', 'g'),
    '(?<!\\)((?:\\\\)*)\\u0000', '\1\\u0001\\u0001', 'g')::json -> name;
end $$;

-- The place of the kind of a value in a sort. A missing field is null.
create function :"schema".rank_1(field json) returns integer language sql immutable parallel safe as $$
  select case json_typeof(field) when 'boolean' then 1 when 'number' then 2 when 'string' then 3
    when 'array' then 4 when 'object' then 5 else 0 end
$$;

-- A number, or null for other kinds. Its text has no limit, but the type has: a number with an exponent of five
-- digits is infinite, or as close to zero as the type can say.
create function :"schema".number_1(field json) returns numeric language sql immutable parallel safe as $$
  select case when json_typeof(field) <> 'number' then null
    when t ~ '[eE]' then case
      when t ~ '^-?[0.]+[eE]' then 0
      when t ~ '[eE]-0*[1-9][0-9]{4}' then case when t like '-%' then -1e-16383 else 1e-16383 end
      when t ~ '[eE]\+?0*[1-9][0-9]{4}' then case when t like '-%' then '-Infinity'::numeric else 'Infinity' end
      else t::numeric end
    else t::numeric end
  from (select field #>> '{}' as t) x
$$;

-- A text or a boolean, or null for other kinds.
create function :"schema".text_1(field json) returns text language sql immutable parallel safe as $$
  select case when json_typeof(field) in ('string', 'boolean') then field #>> '{}' end collate "C"
$$;

-- An array or an object in a form that can be compared, or null for other kinds.
create function :"schema".nested_1(field json) returns jsonb language sql immutable parallel safe as $$
  select case when json_typeof(field) in ('array', 'object') then field::jsonb end
$$;
