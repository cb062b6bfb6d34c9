use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use flow_domain::{
    Error,
    message::Recorded,
    port::{Changes, PortFuture, Store},
};
use rusqlite::{Connection, OpenFlags};

use crate::{
    DeclaredIndexes,
    sqlite::{
        commit,
        errors::failure,
        functions, migrations,
        query_sql::{key, literal},
        worker::Workers,
    },
};

/// The number of threads that read a file.
const N_READERS: usize = 4;

/// How long a call waits for another program that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A store in a file, or in memory.
///
/// A clone of the file while the store is open needs the `VACUUM INTO` of SQLite.
///
/// # Examples
///
/// ```
/// use flow_domain::{message::Position, port::{EventStore as _, Store as _}};
/// use flow_domain_sql::sqlite::SqliteStore;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = SqliteStore::in_memory()?;
/// assert_eq!(store.last_position().await?, Position::START);
/// store.close().await?;
/// # Ok::<(), flow_domain::Error>(())
/// # }).unwrap();
/// ```
pub struct SqliteStore {
    /// `None` if the store is in memory.
    path: Option<PathBuf>,
    pub(super) writer: Workers,
    /// `None` if the store is in memory, because such a database has one connection.
    readers: Option<Workers>,
}

impl SqliteStore {
    /// Opens the store in a file. It makes the file and its tables if there are none.
    ///
    /// Other programs may have the same file open.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened, or is no database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let writer = connection(Some(path)).map_err(failure("open"))?;
        writer
            .pragma_update(None, "journal_mode", "wal")
            .and_then(|()| writer.pragma_update(None, "synchronous", "full"))
            .and_then(|()| migrations::run(&writer))
            .map_err(failure("open"))?;

        let mut readers = Vec::with_capacity(N_READERS);
        for _ in 0..N_READERS {
            let reader = connection(Some(path)).map_err(failure("open"))?;
            reader
                .pragma_update(None, "query_only", true)
                .map_err(failure("open"))?;
            readers.push(reader);
        }

        Ok(Self {
            path: Some(path.to_owned()),
            writer: start(Workers::start_writer(writer))?,
            readers: Some(start(Workers::start_readers(readers))?),
        })
    }

    /// Opens a store in memory. It is gone when the store is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if the system has no thread left.
    pub fn in_memory() -> Result<Self, Error> {
        let writer = connection(None).map_err(failure("open"))?;
        migrations::run(&writer).map_err(failure("open"))?;

        Ok(Self {
            path: None,
            writer: start(Workers::start_writer(writer))?,
            readers: None,
        })
    }

    /// Returns the migrations as plain SQL.
    pub fn migrations() -> String {
        migrations::script()
    }

    /// Makes the indexes of declared fields that are missing, and drops those that are no longer declared.
    ///
    /// A query needs no index, but without one it reads all rows of its projection. Indexes of projections
    /// that are not listed stay as they are.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written.
    pub async fn migrate_indexes(&self, indexes: &[DeclaredIndexes]) -> Result<(), Error> {
        let indexes = indexes.to_vec();
        self.writer
            .run("migrate_indexes", move |connection| {
                for declared in &indexes {
                    migrate_indexes(connection, declared.projection, &declared.fields)
                        .map_err(failure("migrate_indexes"))?;
                }
                Ok(())
            })
            .await
    }

    /// Writes the file anew, without what was deleted or replaced, and empties its log.
    ///
    /// Call it after a person was erased; see `flow_domain::Personal`. It needs as much space as the file, and
    /// commits wait for it. It does nothing to a store in memory.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written, or if another program reads it all the time.
    pub async fn vacuum(&self) -> Result<(), Error> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        // The writer has a transaction for each call, and this needs none.
        let connection = connection(Some(path)).map_err(failure("vacuum"))?;
        let worker = start(Workers::start_readers(vec![connection]))?;

        worker
            .run("vacuum", |connection| {
                let checkpoint = "pragma wal_checkpoint(truncate)";
                let is_busy: bool = connection
                    .execute_batch("vacuum")
                    .and_then(|()| connection.query_row(checkpoint, [], |row| row.get(0)))
                    .map_err(failure("vacuum"))?;
                if is_busy {
                    let reason = "other programs read the file, so its log could not be emptied";
                    return Err(Error::adapter("sqlite", "vacuum", reason));
                }
                Ok(())
            })
            .await
    }

    /// Runs a call that only reads.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let workers = self.readers.as_ref().unwrap_or(&self.writer);
        workers.run(operation, call).await
    }
}

fn start(workers: std::io::Result<Workers>) -> Result<Workers, Error> {
    workers.map_err(|err| Error::adapter("sqlite", "open", err))
}

fn connection(path: Option<&Path>) -> rusqlite::Result<Connection> {
    let connection = match path {
        Some(path) => Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?,
        None => Connection::open_in_memory()?,
    };

    connection.busy_timeout(BUSY_TIMEOUT)?;
    functions::add(&connection)?;
    Ok(connection)
}

/// The name of an index says what it is for. It begins with the name of the projection and a line break, which no
/// other name has.
fn migrate_indexes(
    connection: &Connection,
    projection: &str,
    fields: &[&str],
) -> rusqlite::Result<()> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let prefix = format!("declared {projection}\n");
    let mut existing = Vec::new();
    let mut statement = connection.prepare(
        "select name from sqlite_schema where type = 'index' and substr(name, 1, length(?1)) = ?1",
    )?;
    for name in statement.query_map([&prefix], |row| row.get(0))? {
        let name: String = name?;
        existing.push(name);
    }

    let wanted = |field: &str| format!("{prefix}{field}");
    for name in &existing {
        if fields.iter().all(|field| wanted(field) != *name) {
            connection.execute_batch(&format!("drop index {}", quoted(name)))?;
        }
    }
    for field in fields {
        let name = wanted(field);
        if !existing.contains(&name) {
            // The constant columns make it longer than the primary key. So the planner prefers it.
            let (name, key) = (quoted(&name), key(field).replace("s.keys", "keys"));
            connection.execute_batch(&format!(
                "create index {name} on state (kind, name, {key}, id) \
                 where kind = 'projection' and name = {} and value is not null",
                literal(projection)
            ))?;
        }
    }
    Ok(())
}

impl Store for SqliteStore {
    fn commit<'a>(&'a self, changes: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        let changes = changes.clone();
        PortFuture::boxed(self.writer.run("commit", move |connection| {
            commit::apply(connection, &changes)
        }))
    }

    fn close(&self) -> PortFuture<'_, ()> {
        PortFuture::boxed(async {
            if let Some(readers) = &self.readers {
                readers.stop().await;
            }
            self.writer.stop().await;
            Ok(())
        })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
