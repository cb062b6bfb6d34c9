use std::sync::Arc;

use flow_domain::{
    Error,
    message::Payload,
    port::{HeldPartition, Ledger, PortFuture, Turn, TurnResult, WonPartition},
};
use sqlx::{Row as _, postgres::PgRow};

use crate::{
    encoding,
    postgres::{PostgresStore, errors},
};

impl Ledger for PostgresStore {
    fn turn<'a>(&'a self, turn: &'a Turn<'a>) -> PortFuture<'a, TurnResult> {
        PortFuture::boxed(async move {
            let (partitions, epochs) = held_columns(turn.held);
            let lease = encoding::micros(turn.lease);

            // A turn that went through and is repeated finds partitions that are not in `held`. It wins them
            // again, in the next epoch.
            let rows = self
                .fetch("turn", || {
                    sqlx::query(self.statements.turn.clone())
                        .bind(&**turn.group)
                        .bind(&**turn.member)
                        .bind(partition_column(turn.n_partitions))
                        .bind(partitions.clone())
                        .bind(epochs.clone())
                        .bind(lease)
                        .bind(turn.is_takeover)
                })
                .await?;

            let mut result = TurnResult::default();
            for row in &rows {
                add_outcome(&mut result, row).map_err(|err| errors::failure("turn", err))?;
            }
            Ok(result)
        })
    }

    fn release<'a>(&'a self, group: &'a Arc<str>, held: &'a [HeldPartition]) -> PortFuture<'a, ()> {
        PortFuture::boxed(async move {
            let (partitions, epochs) = held_columns(held);
            self.fetch("release", || {
                sqlx::query(self.statements.release.clone())
                    .bind(&**group)
                    .bind(partitions.clone())
                    .bind(epochs.clone())
            })
            .await?;
            Ok(())
        })
    }

    fn leave<'a>(&'a self, group: &'a Arc<str>, member: &'a Arc<str>) -> PortFuture<'a, ()> {
        PortFuture::boxed(async move {
            self.fetch("leave", || {
                sqlx::query(self.statements.leave.clone())
                    .bind(&**group)
                    .bind(&**member)
            })
            .await?;
            Ok(())
        })
    }

    fn ledgers<'a>(&'a self, group: &'a str) -> PortFuture<'a, Vec<(u32, Payload)>> {
        PortFuture::boxed(async move {
            let rows = self
                .fetch("ledgers", || {
                    sqlx::query(self.statements.ledgers.clone()).bind(group)
                })
                .await?;
            rows.iter().map(ledger).collect()
        })
    }
}

fn ledger(row: &PgRow) -> Result<(u32, Payload), Error> {
    let failure = |err| errors::failure("ledgers", err);
    let number: i32 = row.try_get("number").map_err(failure)?;
    let ledger: String = row.try_get("ledger").map_err(failure)?;
    Ok((partition_number(number), Payload::from_json(ledger)))
}

fn add_outcome(result: &mut TurnResult, row: &PgRow) -> Result<(), sqlx::Error> {
    let outcome: &str = row.try_get("outcome")?;
    let number: i32 = row.try_get("number")?;

    match outcome {
        "lost" => result.lost.push(partition_number(number)),
        "surplus" => result.n_surplus = usize::try_from(number).unwrap_or(0),
        _ => {
            let epoch: i64 = row.try_get("epoch")?;
            let ledger: Option<String> = row.try_get("ledger")?;
            result.won.push(WonPartition {
                partition: partition_number(number),
                epoch: encoding::number(epoch),
                was_abandoned: row.try_get("was_abandoned")?,
                ledger: ledger.map(Payload::from_json),
            });
        }
    }
    Ok(())
}

fn held_columns(held: &[HeldPartition]) -> (Vec<i32>, Vec<i64>) {
    held.iter()
        .map(|held| {
            (
                partition_column(held.partition),
                encoding::integer(held.epoch),
            )
        })
        .unzip()
}

fn partition_column(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn partition_number(column: i32) -> u32 {
    u32::try_from(column).unwrap_or(0)
}
