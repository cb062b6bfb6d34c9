create table stream (
  category text not null,
  id       text not null,
  version  integer not null,
  primary key (category, id)
) without rowid;

create table event (
  position   integer primary key autoincrement,
  category   text not null,
  stream_id  text not null,
  version    integer not null,
  slot       integer not null,
  message_id text not null,
  type       text not null,
  metadata   text not null,
  payload    text not null,
  unique (category, stream_id, version)
);
create index event_by_category on event (category, position);

-- States, rows, and the data of engines. A deleted value is null, and its version stays.
create table state (
  kind    text not null,
  name    text not null,
  id      text not null,
  version integer not null,
  value   text,
  keys    text,
  -- When the value was deleted, or when the row of an inbox or a process history was written. Such rows are
  -- forgotten later.
  ended   integer,
  primary key (kind, name, id)
);
create index state_ended on state (ended) where ended is not null;

-- Times are microseconds since 1970, as the app says them.
create table outbox (
  number     integer primary key autoincrement,
  kind       text not null,
  category   text not null,
  stream_id  text not null,
  message_id text not null,
  due        integer,
  -- A row whose time had not come at the last claim. Claims do not read it.
  waiting    integer not null,
  -- An event of this commit is in the table `event`; any other message is here.
  position   integer,
  metadata   text,
  payload    text,
  worker     text,
  held_until integer,
  n_failures integer not null default 0,
  error      text,
  ended      integer,
  abandoned  integer not null default 0
);
create index outbox_open on outbox (number) where ended is null and not waiting;
create index outbox_waiting on outbox (due) where ended is null and waiting;
-- Only for cancellations. An event of the table `event` without a due time is never cancelled.
create index outbox_message on outbox (message_id)
 where ended is null and (position is null or due is not null);
create index outbox_ended on outbox (ended) where ended is not null;

create view outgoing as
select o.number, o.kind, o.category, o.stream_id, o.message_id,
       coalesce(o.metadata, e.metadata) as metadata, coalesce(o.payload, e.payload) as payload,
       o.due, o.n_failures, o.error, o.ended,
       case when o.ended is not null and o.abandoned then 'abandoned'
            when o.ended is not null then 'published'
            when o.held_until is not null then 'processing'
            when o.n_failures > 0 then 'failed'
            else 'pending' end as state
  from outbox o left join event e on e.position = o.position;

-- The members of a group, and the partitions that they own. These times are the time of the machine.
create table member (
  grp         text not null,
  name        text not null,
  alive_until integer not null,
  primary key (grp, name)
) without rowid;

create table partition (
  grp        text not null,
  number     integer not null,
  epoch      integer not null default 0,
  owner      text,
  held_until integer,
  ledger     text,
  primary key (grp, number)
);
