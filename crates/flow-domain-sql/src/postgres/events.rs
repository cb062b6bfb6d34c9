use std::slice;

use flow_domain::{
    Error,
    message::{Position, Recorded, StreamName, Version},
    port::{Cursor, EventStore, PortFuture},
};
use sqlx::{Row as _, postgres::PgRow};

use crate::{
    encoding,
    postgres::{PostgresStore, binding, errors},
};

impl EventStore for PostgresStore {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        PortFuture::boxed(async move {
            let rows = self
                .fetch("read_stream", || {
                    sqlx::query(self.statements.read_stream.clone())
                        .bind(stream.category())
                        .bind(stream.id())
                        .bind(encoding::integer(after.as_u64()))
                        .bind(encoding::limit(limit))
                })
                .await?;
            rows.iter().map(recorded).collect()
        })
    }

    fn read_partitions<'a>(
        &'a self,
        categories: Option<&'a [&'static str]>,
        n_partitions: u32,
        cursors: &'a mut [Cursor],
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        PortFuture::boxed(async move {
            if cursors.is_empty() || limit == 0 {
                return Ok(Vec::new());
            }

            let page = self
                .read_page(categories, &places(n_partitions, cursors), limit)
                .await?;
            // A full page ends at its last event. Any other page ends where the store ends.
            let end = match page.events.last() {
                Some(last) if page.events.len() == limit => last.position,
                _ => page.last,
            };
            for cursor in cursors {
                cursor.place = cursor.place.max(end.as_u64());
            }
            Ok(page.events)
        })
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        PortFuture::boxed(async move {
            let categories = category.as_ref().map(slice::from_ref);
            let places = [Some(encoding::integer(after.as_u64()))];
            let page = self.read_page(categories, &places, limit).await?;
            Ok(page.events)
        })
    }

    fn read_at<'a>(&'a self, positions: &'a [Position]) -> PortFuture<'a, Vec<Recorded>> {
        PortFuture::boxed(async move {
            let positions: Vec<i64> = positions
                .iter()
                .map(|position| encoding::integer(position.as_u64()))
                .collect();
            let rows = self
                .fetch("read_at", || {
                    sqlx::query(self.statements.read_at.clone()).bind(positions.clone())
                })
                .await?;
            rows.iter().map(recorded).collect()
        })
    }

    fn last_position(&self) -> PortFuture<'_, Position> {
        PortFuture::boxed(async move {
            let rows = self
                .fetch("last_position", || {
                    sqlx::query(self.statements.last_position.clone())
                })
                .await?;
            let position = binding::single("last_position", &rows)?;
            Ok(Position::new(encoding::number(position)))
        })
    }
}

/// The events of one read, and the last position that could be read at that time.
struct Page {
    events: Vec<Recorded>,
    last: Position,
}

impl PostgresStore {
    /// Reads up to `limit` events after `places`, which has an element for each partition.
    async fn read_page(
        &self,
        categories: Option<&[&str]>,
        places: &[Option<i64>],
        limit: usize,
    ) -> Result<Page, Error> {
        let n_partitions = i32::try_from(places.len()).unwrap_or(i32::MAX);
        let rows = self
            .fetch("read_events", || {
                sqlx::query(self.statements.read.clone())
                    .bind(categories.map(<[&str]>::to_vec))
                    .bind(n_partitions)
                    .bind(places.to_vec())
                    .bind(encoding::limit(limit))
            })
            .await?;

        let mut page = Page {
            events: Vec::with_capacity(rows.len()),
            last: Position::START,
        };
        for row in &rows {
            let last: Option<i64> = row
                .try_get("last")
                .map_err(|err| errors::failure("read_events", err))?;
            match last {
                Some(last) => page.last = Position::new(encoding::number(last)),
                None => page.events.push(recorded(row)?),
            }
        }
        Ok(page)
    }
}

fn recorded(row: &PgRow) -> Result<Recorded, Error> {
    binding::event(row)
        .map_err(|err| errors::failure("reading an event", err))?
        .decode()
}

/// Returns the place of each partition, or `None` if it is not read.
fn places(n_partitions: u32, cursors: &[Cursor]) -> Vec<Option<i64>> {
    let mut places = vec![None; n_partitions as usize];

    for cursor in cursors {
        if let Some(place) = places.get_mut(cursor.partition as usize) {
            *place = Some(encoding::integer(cursor.place));
        }
    }

    places
}
