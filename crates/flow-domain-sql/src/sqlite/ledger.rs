use std::{sync::Arc, time::Duration};

use flow_domain::{
    message::Payload,
    port::{HeldPartition, Ledger, PortFuture, Turn, TurnResult, WonPartition},
};
use rusqlite::{Connection, Result, params};

use crate::{
    encoding,
    sqlite::{SqliteStore, errors::failure},
};

impl Ledger for SqliteStore {
    fn turn<'a>(&'a self, turn: &'a Turn<'a>) -> PortFuture<'a, TurnResult> {
        let turn = OwnedTurn {
            group: Arc::clone(turn.group),
            member: Arc::clone(turn.member),
            n_partitions: turn.n_partitions,
            held: turn.held.to_vec(),
            lease: turn.lease,
            is_takeover: turn.is_takeover,
        };
        PortFuture::boxed(self.writer.run("turn", move |connection| {
            turn.take(connection).map_err(failure("turn"))
        }))
    }

    fn release<'a>(&'a self, group: &'a Arc<str>, held: &'a [HeldPartition]) -> PortFuture<'a, ()> {
        let (group, held) = (Arc::clone(group), held.to_vec());
        PortFuture::boxed(self.writer.run("release", move |connection| {
            for held in held {
                connection
                    .prepare_cached(
                        "update partition set owner = null, held_until = null \
                         where grp = ?1 and number = ?2 and epoch = ?3",
                    )
                    .and_then(|mut statement| {
                        let epoch = encoding::integer(held.epoch);
                        statement.execute(params![&*group, held.partition, epoch])
                    })
                    .map_err(failure("release"))?;
            }
            Ok(())
        }))
    }

    fn leave<'a>(&'a self, group: &'a Arc<str>, member: &'a Arc<str>) -> PortFuture<'a, ()> {
        let (group, member) = (Arc::clone(group), Arc::clone(member));
        PortFuture::boxed(self.writer.run("leave", move |connection| {
            connection
                .prepare_cached("delete from member where grp = ?1 and name = ?2")
                .and_then(|mut statement| statement.execute([&*group, &*member]))
                .map_err(failure("leave"))?;
            Ok(())
        }))
    }

    fn ledgers<'a>(&'a self, group: &'a str) -> PortFuture<'a, Vec<(u32, Payload)>> {
        let group = group.to_owned();
        PortFuture::boxed(self.read("ledgers", move |connection| {
            ledgers(connection, &group).map_err(failure("ledgers"))
        }))
    }
}

fn ledgers(connection: &Connection, group: &str) -> Result<Vec<(u32, Payload)>> {
    let mut statement = connection.prepare_cached(
        "select number, ledger from partition \
         where grp = ?1 and ledger is not null order by number",
    )?;
    let rows = statement.query_map([group], |row| {
        let ledger: String = row.get(1)?;
        Ok((row.get(0)?, Payload::from_json(ledger)))
    })?;
    rows.collect()
}

/// A turn that does not borrow from its caller.
struct OwnedTurn {
    group: Arc<str>,
    member: Arc<str>,
    n_partitions: u32,
    held: Vec<HeldPartition>,
    lease: Duration,
    is_takeover: bool,
}

/// A row of the table of partitions.
struct Partition {
    number: u32,
    epoch: i64,
    owner: Option<String>,
    held_until: Option<i64>,
    ledger: Option<String>,
}

impl OwnedTurn {
    fn take(&self, connection: &Connection) -> Result<TurnResult> {
        let now: i64 = connection.query_row(
            "select cast(unixepoch('subsec') * 1000000 as integer)",
            [],
            |row| row.get(0),
        )?;
        let until = now.saturating_add(encoding::micros(self.lease));

        let n_members = self.join(connection, now, until)?;
        let share = if self.is_takeover {
            self.n_partitions
        } else {
            self.n_partitions.div_ceil(n_members.max(1))
        };
        let share = share as usize;
        let partitions = self.partitions(connection)?;

        let mut result = TurnResult::default();
        let mut kept = Vec::new();
        for held in &self.held {
            // A lease is renewed even after its end, because nobody has taken the partition.
            let is_kept = partitions.iter().any(|partition| {
                partition.number == held.partition
                    && partition.epoch == encoding::integer(held.epoch)
                    && partition.owner.is_some()
            });
            if is_kept {
                kept.push(held.partition);
                self.update(
                    connection,
                    held.partition,
                    encoding::integer(held.epoch),
                    until,
                )?;
            } else {
                result.lost.push(held.partition);
            }
        }

        for partition in partitions {
            if share <= kept.len() + result.won.len() {
                break;
            }
            if kept.contains(&partition.number) || !self.is_free(&partition, now) {
                continue;
            }
            let epoch = partition.epoch + 1;
            self.update(connection, partition.number, epoch, until)?;
            result.won.push(WonPartition {
                partition: partition.number,
                epoch: encoding::number(epoch),
                was_abandoned: partition.owner.is_some() && !self.is_takeover,
                ledger: partition.ledger.map(Payload::from_json),
            });
        }

        result.n_surplus = kept.len().saturating_sub(share);
        Ok(result)
    }

    /// Notes that the member is alive. Returns the number of living members.
    fn join(&self, connection: &Connection, now: i64, until: i64) -> Result<u32> {
        connection
            .prepare_cached(
                "delete from member where grp = ?1 and (alive_until <= ?2 or name = ?3)",
            )?
            .execute(params![&*self.group, now, &*self.member])?;
        connection
            .prepare_cached("insert into member (grp, name, alive_until) values (?1, ?2, ?3)")?
            .execute(params![&*self.group, &*self.member, until])?;

        // The clock was set back. Without the cut, the leases of the dead would last until it is there again.
        for cut in [
            "update member set alive_until = ?2 where grp = ?1 and alive_until > ?2",
            "update partition set held_until = ?2 where grp = ?1 and held_until > ?2",
        ] {
            let mut cut = connection.prepare_cached(cut)?;
            cut.execute(params![&*self.group, until])?;
        }

        connection
            .prepare_cached("select count(*) from member where grp = ?1")?
            .query_row([&*self.group], |row| row.get(0))
    }

    /// Returns all partitions in their order, and makes those that are missing.
    fn partitions(&self, connection: &Connection) -> Result<Vec<Partition>> {
        let mut insert = connection.prepare_cached(
            "insert into partition (grp, number) values (?1, ?2) on conflict do nothing",
        )?;
        for number in 0..self.n_partitions {
            insert.execute(params![&*self.group, number])?;
        }

        let mut statement = connection.prepare_cached(
            "select number, epoch, owner, held_until, ledger from partition \
             where grp = ?1 and number < ?2 order by number",
        )?;
        let rows = statement.query_map(params![&*self.group, self.n_partitions], |row| {
            Ok(Partition {
                number: row.get(0)?,
                epoch: row.get(1)?,
                owner: row.get(2)?,
                held_until: row.get(3)?,
                ledger: row.get(4)?,
            })
        })?;
        rows.collect()
    }

    fn is_free(&self, partition: &Partition, now: i64) -> bool {
        let is_held = self
            .held
            .iter()
            .any(|held| held.partition == partition.number);
        let is_forgotten = partition.owner.as_deref() == Some(&*self.member) && !is_held;

        self.is_takeover || is_forgotten || partition.held_until.is_none_or(|until| until <= now)
    }

    fn update(&self, connection: &Connection, number: u32, epoch: i64, until: i64) -> Result<()> {
        // A renewal leaves the epoch and the owner as they are. An owner keeps its name.
        connection
            .prepare_cached(
                "update partition set owner = ?3, epoch = ?4, held_until = ?5 \
                 where grp = ?1 and number = ?2",
            )?
            .execute(params![&*self.group, number, &*self.member, epoch, until])?;
        Ok(())
    }
}
