use flow_domain::{
    Error,
    clock::Timestamp,
    port::{Claim, Outbox, OutboxDue, OutboxRow, OutboxState, PortFuture, Settlement},
};
use sqlx::{Row as _, postgres::PgRow};

use crate::{
    encoding,
    outbox_columns::{self, OutboxColumns},
    postgres::{PostgresStore, binding, errors},
};

impl Outbox for PostgresStore {
    fn claim<'a>(&'a self, claim: &'a Claim<'a>) -> PortFuture<'a, Vec<OutboxRow>> {
        PortFuture::boxed(async move {
            loop {
                let claimed = self.claim_columns(claim).await?;
                let (rows, unreadable) = outbox_columns::readable(&claimed, claim.now);
                if !unreadable.is_empty() {
                    self.settle(claim.worker, claim.now, &unreadable).await?;
                }
                // Behind rows that cannot be read there may be others.
                if !rows.is_empty() || unreadable.is_empty() {
                    return Ok(rows);
                }
            }
        })
    }

    fn settle<'a>(
        &'a self,
        worker: &'a str,
        now: Timestamp,
        settlements: &'a [Settlement],
    ) -> PortFuture<'a, ()> {
        PortFuture::boxed(async move {
            let mut numbers = Vec::with_capacity(settlements.len());
            let (mut results, mut errors, mut retries) = (Vec::new(), Vec::new(), Vec::new());
            for settlement in settlements {
                let (result, error, retry_at) = encoding::send_result(&settlement.result);
                numbers.push(encoding::integer(settlement.number));
                results.push(result);
                errors.push(error);
                retries.push(retry_at);
            }

            self.fetch("settle", || {
                sqlx::query(self.statements.settle.clone())
                    .bind(worker)
                    .bind(now.as_micros())
                    .bind(numbers.clone())
                    .bind(results.clone())
                    .bind(errors.clone())
                    .bind(retries.clone())
            })
            .await?;
            Ok(())
        })
    }

    fn rows<'a>(
        &'a self,
        states: &'a [OutboxState],
        limit: usize,
    ) -> PortFuture<'a, Vec<OutboxRow>> {
        PortFuture::boxed(async move {
            let has_settled = states
                .iter()
                .any(|state| matches!(state, OutboxState::Published | OutboxState::Abandoned));
            let statement = if has_settled {
                &self.statements.rows
            } else {
                &self.statements.unsettled_rows
            };
            let states: Vec<&str> = states
                .iter()
                .map(|state| encoding::state_name(*state))
                .collect::<Result<_, _>>()?;

            let rows = self
                .fetch("rows", || {
                    sqlx::query(statement.clone())
                        .bind(states.clone())
                        .bind(encoding::limit(limit))
                })
                .await?;
            let columns = outbox_columns(&rows)?;
            columns.iter().map(OutboxColumns::decode_listed).collect()
        })
    }

    fn next_due(&self, now: Timestamp) -> PortFuture<'_, OutboxDue> {
        PortFuture::boxed(async move {
            let rows = self
                .fetch("next_due", || {
                    sqlx::query(self.statements.next_due.clone()).bind(now.as_micros())
                })
                .await?;

            let time = |column| -> Result<Option<Timestamp>, Error> {
                let micros = rows.first().map(|row| row.try_get(column)).transpose();
                let micros: Option<Option<i64>> =
                    micros.map_err(|err| errors::failure("next_due", err))?;
                Ok(micros.flatten().map(Timestamp::from_micros))
            };
            Ok(OutboxDue {
                next_retry: time("next_retry")?,
                next_scheduled: time("next_scheduled")?,
            })
        })
    }

    fn reopen(&self, number: u64, now: Timestamp) -> PortFuture<'_, bool> {
        PortFuture::boxed(async move {
            let rows = self
                .fetch_again("reopen", |may_be_done| {
                    sqlx::query(self.statements.reopen.clone())
                        .bind(encoding::integer(number))
                        .bind(now.as_micros())
                        .bind(may_be_done)
                })
                .await?;
            binding::single("reopen", &rows)
        })
    }

    fn clean_up(&self, state: OutboxState, before: Timestamp) -> PortFuture<'_, usize> {
        PortFuture::boxed(async move {
            let is_abandoned = match state {
                OutboxState::Published => false,
                OutboxState::Abandoned => true,
                _ => return Ok(0),
            };

            let rows = self
                .fetch("clean_up", || {
                    sqlx::query(self.statements.clean_up.clone())
                        .bind(is_abandoned)
                        .bind(before.as_micros())
                })
                .await?;
            let n_deleted: i64 = binding::single("clean_up", &rows)?;
            Ok(usize::try_from(n_deleted).unwrap_or(usize::MAX))
        })
    }
}

impl PostgresStore {
    async fn claim_columns(&self, claim: &Claim<'_>) -> Result<Vec<OutboxColumns>, Error> {
        let claimed = self
            .fetch("claim", || {
                sqlx::query(self.statements.claim.clone())
                    .bind(claim.worker)
                    .bind(claim.now.as_micros())
                    .bind((claim.now + claim.lease).as_micros())
                    .bind(encoding::limit(claim.limit))
            })
            .await?;
        let numbers = claimed.first().map(|row| row.try_get(0)).transpose();
        let numbers: Option<Vec<i64>> = numbers.map_err(|err| errors::failure("claim", err))?;

        // Most claims find nothing.
        let numbers = numbers.unwrap_or_default();
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self
            .fetch("claim", || {
                sqlx::query(self.statements.claimed.clone()).bind(numbers.clone())
            })
            .await?;
        outbox_columns(&rows)
    }
}

fn outbox_columns(rows: &[PgRow]) -> Result<Vec<OutboxColumns>, Error> {
    let columns = rows.iter().map(binding::outbox_row);
    columns
        .collect::<Result<_, _>>()
        .map_err(|err| errors::failure("reading the outbox", err))
}
