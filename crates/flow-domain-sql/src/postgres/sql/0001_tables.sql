-- Positions start at 1. The first value, 0, is drawn here: see horizon_1. CACHE must stay 1.
create sequence :"schema".event_position as bigint minvalue 0 start 0 cache 1;
select nextval(:'schema.event_position');

create table :"schema".stream (
  category text collate "C" not null,
  id       text collate "C" not null,
  version  bigint not null,
  primary key (category, id)
) with (fillfactor = 80);

-- `json` keeps a text byte for byte. `jsonb` changes numbers and refuses U+0000.
create table :"schema".event (
  position   bigint primary key,
  category   text collate "C" not null,
  stream_id  text collate "C" not null,
  version    bigint not null,
  slot       smallint not null,
  message_id uuid not null,
  type       text collate "C" not null,
  metadata   json not null,
  payload    json not null,
  unique (category, stream_id, version)
);
create index event_by_category on :"schema".event (category, position);

-- States, rows, and the data of engines. A deleted value is null, and its version stays.
create table :"schema".state (
  kind    text collate "C" not null,
  name    text collate "C" not null,
  id      text collate "C" not null,
  version bigint not null,
  value   json,
  keys    json,
  -- When the value was deleted, or when the row of an inbox or a process history was written. Such rows are
  -- forgotten later.
  ended   timestamptz,
  primary key (kind, name, id)
) with (fillfactor = 80);
create index state_ended on :"schema".state (ended) where ended is not null;

-- Times are microseconds since 1970, as the app says them.
create table :"schema".outbox (
  number     bigint generated always as identity (cache 1) primary key,
  kind       text collate "C" not null,
  category   text collate "C" not null,
  stream_id  text collate "C" not null,
  message_id uuid not null,
  due        bigint,
  -- A row whose time had not come at the last claim. Claims do not read it.
  waiting    boolean not null,
  -- An event of this commit is in the table `event`; any other message is here.
  position   bigint,
  metadata   json,
  payload    json,
  -- A claim changes only columns without an index, so it writes no index.
  worker     text,
  held_until bigint,
  n_failures integer not null default 0,
  error      text,
  ended      bigint,
  abandoned  boolean not null default false
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create index outbox_open on :"schema".outbox (number) where ended is null and not waiting;
create index outbox_waiting on :"schema".outbox (due) where ended is null and waiting;
-- Only for cancellations. An event of the table `event` without a due time is never cancelled.
create index outbox_message on :"schema".outbox (message_id)
 where ended is null and (position is null or due is not null);
create index outbox_ended on :"schema".outbox (ended) where ended is not null;

-- The members of a group, and the partitions that they own. These times are the time of the server.
create table :"schema".member (
  grp         text collate "C" not null,
  name        text collate "C" not null,
  alive_until timestamptz not null,
  primary key (grp, name)
);
create table :"schema".partition (
  grp        text collate "C" not null,
  number     integer not null,
  epoch      bigint not null default 0,
  owner      text,
  held_until timestamptz,
  ledger     json,
  primary key (grp, number)
) with (fillfactor = 50);
