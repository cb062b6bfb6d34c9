use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};

/// How long a seat is kept for a buyer who has not paid, in seconds.
const PAYMENT_TERM: i64 = 15 * 60;

/// Something that happened to a show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    ShowAdded { seats: u32 },
    SeatReserved { reservation: i64, buyer: String },
    SeatPaid { reservation: i64 },
    SeatReleased { reservation: i64 },
}

/// Why the office does not do what it was asked for.
#[derive(Debug)]
pub enum Refused {
    SoldOut,
    UnknownShow,
    UnknownReservation,
    Database(rusqlite::Error),
}

/// A row of the read model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sales {
    pub free: u32,
    pub reserved: u32,
    pub sold: u32,
}

/// What the timer did.
#[derive(Debug, PartialEq)]
pub enum Timer {
    Released,
    /// The time of the next release, in seconds of Unix time.
    NextAt(i64),
    NothingReserved,
}

pub struct Office {
    db: Mutex<Connection>,
    /// Returns the seconds of Unix time.
    clock: Box<dyn Fn() -> i64 + Send + Sync>,
}

impl From<rusqlite::Error> for Refused {
    fn from(err: rusqlite::Error) -> Self {
        Self::Database(err)
    }
}

impl Office {
    pub fn open(
        path: &str,
        clock: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> rusqlite::Result<Self> {
        let db = Connection::open(path)?;
        db.execute_batch(
            "CREATE TABLE IF NOT EXISTS shows (id TEXT PRIMARY KEY, seats INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS reservations (
                 id INTEGER PRIMARY KEY, show TEXT NOT NULL, due INTEGER, is_paid INTEGER NOT NULL DEFAULT 0
             );
             CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, show TEXT NOT NULL, fact TEXT NOT NULL);
             CREATE TABLE IF NOT EXISTS queue (seq INTEGER PRIMARY KEY);
             CREATE TABLE IF NOT EXISTS sales (
                 show TEXT PRIMARY KEY, free INTEGER NOT NULL, reserved INTEGER NOT NULL, sold INTEGER NOT NULL
             );",
        )?;

        Ok(Self {
            db: Mutex::new(db),
            clock: Box::new(clock),
        })
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add_show(&self, show: &str, seats: u32) -> Result<(), Refused> {
        let mut db = self.db();
        let tx = db.transaction()?;
        tx.execute("INSERT INTO shows VALUES (?1, ?2)", params![show, seats])?;
        log(&tx, show, &Fact::ShowAdded { seats })?;
        Ok(tx.commit()?)
    }

    pub fn reserve(&self, show: &str, buyer: &str) -> Result<i64, Refused> {
        let due = (self.clock)() + PAYMENT_TERM;
        let mut db = self.db();
        let tx = db.transaction()?;
        let seats = tx.query_row("SELECT seats FROM shows WHERE id = ?1", [show], |row| {
            row.get(0)
        });
        let seats: u32 = seats.optional()?.ok_or(Refused::UnknownShow)?;
        let taken: u32 = tx.query_row(
            "SELECT count(*) FROM reservations WHERE show = ?1",
            [show],
            |row| row.get(0),
        )?;
        if seats <= taken {
            return Err(Refused::SoldOut);
        }

        tx.execute(
            "INSERT INTO reservations (show, due) VALUES (?1, ?2)",
            params![show, due],
        )?;
        let reservation = tx.last_insert_rowid();
        let buyer = buyer.to_owned();
        log(&tx, show, &Fact::SeatReserved { reservation, buyer })?;
        tx.commit()?;
        Ok(reservation)
    }

    pub fn pay(&self, reservation: i64) -> Result<(), Refused> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let show = tx.query_row(
            "UPDATE reservations SET is_paid = 1, due = NULL WHERE id = ?1 RETURNING show",
            [reservation],
            |row| row.get::<_, String>(0),
        );
        let show = show.optional()?.ok_or(Refused::UnknownReservation)?;
        log(&tx, &show, &Fact::SeatPaid { reservation })?;
        Ok(tx.commit()?)
    }

    /// Releases the seat that has waited longest for its payment, if its time is over.
    pub fn release_overdue(&self) -> Result<Timer, Refused> {
        let now = (self.clock)();
        let mut db = self.db();
        let tx = db.transaction()?;
        let next = tx.query_row(
            "SELECT id, show, due FROM reservations WHERE due IS NOT NULL ORDER BY due, id LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?)),
        );
        let Some((reservation, show, due)): Option<(i64, String, i64)> = next.optional()? else {
            return Ok(Timer::NothingReserved);
        };
        if now < due {
            return Ok(Timer::NextAt(due));
        }

        tx.execute("DELETE FROM reservations WHERE id = ?1", [reservation])?;
        log(&tx, &show, &Fact::SeatReleased { reservation })?;
        tx.commit()?;
        Ok(Timer::Released)
    }

    /// Updates the read model by the next fact of the queue. Returns false if the queue is empty.
    pub fn project_next(&self) -> Result<bool, Refused> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let next = tx.query_row(
            "SELECT queue.seq, show, fact FROM queue JOIN log USING (seq) ORDER BY queue.seq LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)),
        );
        let Some((seq, show, fact)): Option<(i64, String, String)> = next.optional()? else {
            return Ok(false);
        };

        let change = match parse(&fact) {
            Fact::ShowAdded { seats } => {
                tx.execute(
                    "INSERT INTO sales VALUES (?1, ?2, 0, 0)",
                    params![show, seats],
                )?;
                "free = free"
            }
            Fact::SeatReserved { .. } => "free = free - 1, reserved = reserved + 1",
            Fact::SeatPaid { .. } => "reserved = reserved - 1, sold = sold + 1",
            Fact::SeatReleased { .. } => "free = free + 1, reserved = reserved - 1",
        };
        tx.execute(
            &format!("UPDATE sales SET {change} WHERE show = ?1"),
            [&show],
        )?;
        tx.execute("DELETE FROM queue WHERE seq = ?1", [seq])?;
        tx.commit()?;
        Ok(true)
    }

    pub fn sales(&self, show: &str) -> Result<Option<Sales>, Refused> {
        let query = "SELECT free, reserved, sold FROM sales WHERE show = ?1";
        let row = self.db().query_row(query, [show], |row| {
            Ok(Sales {
                free: row.get(0)?,
                reserved: row.get(1)?,
                sold: row.get(2)?,
            })
        });
        Ok(row.optional()?)
    }

    /// Returns the facts after the first `n`, with the ids of their shows.
    pub fn facts_after(&self, n: usize) -> Result<Vec<(String, Fact)>, Refused> {
        let db = self.db();
        let mut query = db.prepare("SELECT show, fact FROM log ORDER BY seq LIMIT -1 OFFSET ?1")?;
        let rows = query.query_map([n as i64], |row| {
            Ok((row.get(0)?, parse(&row.get::<_, String>(1)?)))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn log(tx: &Transaction<'_>, show: &str, fact: &Fact) -> rusqlite::Result<()> {
    let fact = serde_json::to_string(fact).expect("a fact has a JSON form");
    tx.execute(
        "INSERT INTO log (show, fact) VALUES (?1, ?2)",
        params![show, fact],
    )?;
    tx.execute("INSERT INTO queue VALUES (?1)", [tx.last_insert_rowid()])?;
    Ok(())
}

fn parse(fact: &str) -> Fact {
    serde_json::from_str(fact).expect("only this program writes facts")
}
