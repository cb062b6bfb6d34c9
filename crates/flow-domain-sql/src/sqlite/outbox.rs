use std::collections::BTreeSet;

use flow_domain::{
    Error,
    clock::Timestamp,
    port::{Claim, Outbox, OutboxDue, OutboxRow, OutboxState, PortFuture, Settlement},
};
use rusqlite::{Connection, Params, params};

use crate::{
    encoding,
    outbox_columns::{self, COLUMNS, OutboxColumns},
    sqlite::{SqliteStore, errors::failure, rows},
};

impl Outbox for SqliteStore {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> PortFuture<'a, Vec<OutboxRow>> {
        let (worker, now, limit) = (claim.worker.to_owned(), claim.now, claim.limit);
        let until = now + claim.lease;
        PortFuture::boxed(self.writer.run("claim", move |connection| {
            loop {
                let times = (now.as_micros(), until.as_micros());
                let claimed = claim_columns(connection, &worker, times, limit)?;
                let (rows, unreadable) = outbox_columns::readable(&claimed, now);
                for settlement in &unreadable {
                    settle_row(connection, &worker, now, settlement).map_err(failure("claim"))?;
                }
                // Behind rows that cannot be read there may be others.
                if !rows.is_empty() || unreadable.is_empty() {
                    return Ok(rows);
                }
            }
        }))
    }

    fn settle<'a>(
        &'a self,
        worker: &'a str,
        now: Timestamp,
        settlements: &'a [Settlement],
    ) -> PortFuture<'a, ()> {
        let (worker, settlements) = (worker.to_owned(), settlements.to_vec());
        PortFuture::boxed(self.writer.run("settle", move |connection| {
            for settlement in &settlements {
                settle_row(connection, &worker, now, settlement).map_err(failure("settle"))?;
            }
            Ok(())
        }))
    }

    fn rows<'a>(
        &'a self,
        states: &'a [OutboxState],
        limit: usize,
    ) -> PortFuture<'a, Vec<OutboxRow>> {
        let states = states.to_vec();
        PortFuture::boxed(self.read("rows", move |connection| {
            // The published rows may be many. A listing without settled rows does not read them.
            let is_settled = |state: &OutboxState| {
                matches!(state, OutboxState::Published | OutboxState::Abandoned)
            };
            let condition = if states.iter().any(is_settled) {
                "true"
            } else {
                "ended is null"
            };
            let mut names = Vec::with_capacity(states.len());
            for state in &states {
                names.push(format!("'{}'", encoding::state_name(*state)?));
            }

            let names = names.join(", ");
            let sql = format!(
                "select {COLUMNS} from outgoing where {condition} and state in ({names}) \
                 order by number limit ?1"
            );
            let columns = outbox_columns(connection, &sql, [encoding::limit(limit)])?;
            columns.iter().map(OutboxColumns::decode_listed).collect()
        }))
    }

    fn next_due(&self, now: Timestamp) -> PortFuture<'_, OutboxDue> {
        PortFuture::boxed(self.read("next_due", move |connection| {
            let time = |sql: &str| -> rusqlite::Result<Option<Timestamp>> {
                let mut statement = connection.prepare_cached(sql)?;
                let micros: Option<i64> =
                    statement.query_row([now.as_micros()], |row| row.get(0))?;
                Ok(micros.map(Timestamp::from_micros))
            };

            let next_retry = time(
                "select min(coalesce(held_until, due)) from outbox \
                 where ended is null and not waiting and (held_until is not null or n_failures > 0) \
                 and coalesce(held_until, due) > ?1",
            );
            let waiting = time(
                "select min(due) from outbox where ended is null and waiting and due > ?1",
            );
            let early = time(
                "select min(due) from outbox where ended is null and not waiting \
                 and held_until is null and n_failures = 0 and due > ?1",
            );
            let failure = failure("next_due");
            let scheduled = [waiting.map_err(&failure)?, early.map_err(&failure)?];
            Ok(OutboxDue {
                next_retry: next_retry.map_err(&failure)?,
                next_scheduled: scheduled.into_iter().flatten().min(),
            })
        }))
    }

    fn reopen(&self, number: u64, now: Timestamp) -> PortFuture<'_, bool> {
        PortFuture::boxed(self.writer.run("reopen", move |connection| {
            let n_changed = connection
                .prepare_cached(
                    "update outbox set ended = null, abandoned = 0, n_failures = 0, due = ?2, \
                     waiting = 1 where number = ?1 and ended is not null and abandoned",
                )
                .and_then(|mut statement| {
                    statement.execute([encoding::integer(number), now.as_micros()])
                })
                .map_err(failure("reopen"))?;
            Ok(0 < n_changed)
        }))
    }

    fn clean_up(&self, state: OutboxState, before: Timestamp) -> PortFuture<'_, usize> {
        let is_abandoned = match state {
            OutboxState::Published => false,
            OutboxState::Abandoned => true,
            _ => return PortFuture::ready(Ok(0)),
        };

        PortFuture::boxed(self.writer.run("clean_up", move |connection| {
            connection
                .prepare_cached(
                    "delete from outbox where number in (select number from outbox \
                     where ended < ?2 and abandoned = ?1 order by ended limit 1000)",
                )
                .and_then(|mut statement| {
                    statement.execute(params![is_abandoned, before.as_micros()])
                })
                .map_err(failure("clean_up"))
        }))
    }
}

/// Returns the numbers of the rows that can be claimed, oldest first.
///
/// A new row that is not due is in nobody's way. Any other row that has to wait blocks the later rows of its
/// stream: somebody works on it, or its next try is later.
///
/// A lease that ends after `until` has a time of a fast clock. It is cut, or nobody could claim its row for long.
fn ready_rows(
    connection: &Connection,
    (now, until): (i64, i64),
    limit: usize,
) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached(
            "update outbox set waiting = 0 where ended is null and waiting and due <= ?1",
        )?
        .execute([now])?;

    let mut statement = connection.prepare_cached(
        "select number, kind, category, stream_id, coalesce(held_until, due), \
         held_until is null and n_failures = 0, coalesce(held_until > ?1, 0) \
         from outbox where ended is null and not waiting order by number",
    )?;
    let mut rows = statement.query([until])?;
    let (mut ready, mut blocked, mut cut) = (Vec::new(), BTreeSet::new(), Vec::new());
    while ready.len() < limit
        && let Some(row) = rows.next()?
    {
        let stream: (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let (claimable_at, is_new): (Option<i64>, bool) = (row.get(4)?, row.get(5)?);
        if claimable_at.is_none_or(|time| time <= now) {
            if !blocked.contains(&stream) {
                ready.push(row.get(0)?);
            }
        } else if !is_new {
            blocked.insert(stream);
        }
        if row.get(6)? {
            cut.push(row.get(0)?);
        }
    }

    let mut cut_lease =
        connection.prepare_cached("update outbox set held_until = ?2 where number = ?1")?;
    for number in cut {
        let number: i64 = number;
        cut_lease.execute([number, until])?;
    }
    Ok(ready)
}

fn settle_row(
    connection: &Connection,
    worker: &str,
    now: Timestamp,
    settlement: &Settlement,
) -> rusqlite::Result<()> {
    let (result, error, retry_at) = encoding::send_result(&settlement.result);
    let is_abandoned = result == "abandoned";
    let is_ended = is_abandoned || result == "published";
    let is_failure = is_abandoned || result == "failed";

    connection
        .prepare_cached(
            "update outbox set worker = null, held_until = null, ended = ?3, abandoned = ?4, \
             n_failures = n_failures + ?5, error = coalesce(?6, error), due = coalesce(?7, due) \
             where number = ?1 and worker = ?2 and held_until is not null",
        )?
        .execute(params![
            encoding::integer(settlement.number),
            worker,
            is_ended.then_some(now.as_micros()),
            is_abandoned,
            is_failure,
            error,
            retry_at,
        ])?;
    Ok(())
}

/// Claims the rows that are ready, and returns them. The times are now and the end of the lease.
fn claim_columns(
    connection: &Connection,
    worker: &str,
    (now, until): (i64, i64),
    limit: usize,
) -> Result<Vec<OutboxColumns>, Error> {
    let numbers = ready_rows(connection, (now, until), limit).map_err(failure("claim"))?;

    let mut claimed = Vec::with_capacity(numbers.len());
    for number in numbers {
        connection
            .prepare_cached("update outbox set worker = ?2, held_until = ?3 where number = ?1")
            .and_then(|mut statement| statement.execute(params![number, worker, until]))
            .map_err(failure("claim"))?;
        let sql = format!("select {COLUMNS} from outgoing where number = ?1");
        claimed.extend(outbox_columns(connection, &sql, [number])?);
    }
    Ok(claimed)
}

fn outbox_columns(
    connection: &Connection,
    sql: &str,
    values: impl Params,
) -> Result<Vec<OutboxColumns>, Error> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_map(values, rows::outbox_row)?.collect())
        .map_err(failure("reading the outbox"))
}
