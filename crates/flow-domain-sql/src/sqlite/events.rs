use flow_domain::{
    Error,
    message::{Position, Recorded, StreamName, Version},
    port::{Cursor, EventStore, PortFuture},
};
use rusqlite::{Connection, Params, params};

use crate::{
    encoding,
    sqlite::{SqliteStore, errors::failure, rows},
};

impl EventStore for SqliteStore {
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        let stream = stream.clone();
        PortFuture::boxed(self.read("read_stream", move |connection| {
            events(
                connection,
                "select position, version, metadata, payload from event \
                 where category = ?1 and stream_id = ?2 and version > ?3 order by version limit ?4",
                params![
                    stream.category(),
                    stream.id(),
                    encoding::integer(after.as_u64()),
                    encoding::limit(limit)
                ],
            )
        }))
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

            let categories = categories.map(<[&str]>::to_vec);
            let places = cursors.to_vec();
            let (events, last) = self
                .read("read_events", move |connection| {
                    // The end is looked up first. An event that is committed in between is beyond it.
                    let last = last_position(connection)?;
                    let page = Page {
                        categories: categories.as_deref(),
                        n_partitions,
                        cursors: &places,
                    };
                    Ok((page.read(connection, last, limit)?, last))
                })
                .await?;

            let end = match events.last() {
                Some(last) if events.len() == limit => last.position,
                _ => last,
            };
            for cursor in cursors {
                cursor.place = cursor.place.max(end.as_u64());
            }
            Ok(events)
        })
    }

    fn read_category<'a>(
        &'a self,
        category: Option<&'a str>,
        after: Position,
        limit: usize,
    ) -> PortFuture<'a, Vec<Recorded>> {
        let category = category.map(str::to_owned);
        PortFuture::boxed(self.read("read_category", move |connection| {
            let after = encoding::integer(after.as_u64());
            match category {
                Some(category) => events(
                    connection,
                    "select position, version, metadata, payload from event \
                     where category = ?1 and position > ?2 order by position limit ?3",
                    params![category, after, encoding::limit(limit)],
                ),
                None => events(
                    connection,
                    "select position, version, metadata, payload from event \
                     where position > ?1 order by position limit ?2",
                    params![after, encoding::limit(limit)],
                ),
            }
        }))
    }

    fn read_at<'a>(&'a self, positions: &'a [Position]) -> PortFuture<'a, Vec<Recorded>> {
        let mut positions = positions.to_vec();
        positions.sort_unstable();
        positions.dedup();
        PortFuture::boxed(self.read("read_at", move |connection| {
            let mut found = Vec::new();
            for position in positions {
                found.extend(events(
                    connection,
                    "select position, version, metadata, payload from event where position = ?1",
                    [encoding::integer(position.as_u64())],
                )?);
            }
            Ok(found)
        }))
    }

    fn last_position(&self) -> PortFuture<'_, Position> {
        PortFuture::boxed(self.read("last_position", last_position))
    }
}

fn last_position(connection: &Connection) -> Result<Position, Error> {
    let position: i64 = connection
        .prepare_cached("select coalesce(max(position), 0) from event")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(failure("last_position"))?;
    Ok(Position::new(encoding::number(position)))
}

fn events(connection: &Connection, sql: &str, values: impl Params) -> Result<Vec<Recorded>, Error> {
    let failure = failure("reading events");
    let mut statement = connection.prepare_cached(sql).map_err(&failure)?;
    let rows = statement.query_map(values, rows::event).map_err(&failure)?;

    rows.map(|row| row.map_err(&failure)?.decode()).collect()
}

/// A read of some partitions.
struct Page<'a> {
    categories: Option<&'a [&'static str]>,
    n_partitions: u32,
    cursors: &'a [Cursor],
}

impl Page<'_> {
    /// Reads up to `limit` events up to the position `last`.
    fn read(
        &self,
        connection: &Connection,
        last: Position,
        limit: usize,
    ) -> Result<Vec<Recorded>, Error> {
        let start = self.cursors.iter().map(|cursor| cursor.place).min();
        let bounds = [
            encoding::integer(start.unwrap_or(0)),
            encoding::integer(last.as_u64()),
        ];
        let failure = failure("reading events");

        // Rows are decoded only if they are wanted.
        let mut statement = connection
            .prepare_cached(
                "select position, version, metadata, payload, slot, category from event \
                 where position > ?1 and position <= ?2 order by position",
            )
            .map_err(&failure)?;
        let mut rows = statement.query(bounds).map_err(&failure)?;
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next().map_err(&failure)?
        {
            if self.is_wanted(row).map_err(&failure)? {
                found.push(rows::event(row).map_err(&failure)?.decode()?);
            }
        }
        Ok(found)
    }

    fn is_wanted(&self, row: &rusqlite::Row<'_>) -> rusqlite::Result<bool> {
        let (position, slot): (i64, u32) = (row.get("position")?, row.get("slot")?);
        if let Some(categories) = self.categories {
            let category = row.get_ref("category")?.as_str()?;
            if !categories.contains(&category) {
                return Ok(false);
            }
        }

        let partition = slot * self.n_partitions / u32::from(StreamName::N_SLOTS);
        let cursor = self
            .cursors
            .binary_search_by_key(&partition, |cursor| cursor.partition);
        Ok(cursor.is_ok_and(|idx| self.cursors[idx].place < encoding::number(position)))
    }
}
