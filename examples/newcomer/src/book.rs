use std::{error, fmt};

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Error, Event, PendingEvents,
    Rejection, UnitOfWork,
};
use serde::{Deserialize, Serialize};

/// One copy of a book. Event-sourced: its state is folded from its events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = book_id,
    event_sourced,
    commands(LendBook, ReserveBook, ReturnBook),
    events(BookAcquired, BookLent, BookReserved, BookReturned)
)]
pub struct Book {
    /// Identifies the book.
    pub book_id: String,
    /// Who has it.
    pub lent_to: Option<String>,
    /// Who waits for it, first come first served.
    pub waiting: Vec<String>,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Book {
    /// Lends the book.
    ///
    /// # Errors
    ///
    /// Refuses if somebody has it, or if somebody else is the first who waits for it.
    pub fn lend(&mut self, reader_id: &str) -> Result<(), BookError> {
        if self.lent_to.is_some() {
            return Err(BookError::AlreadyLent);
        }

        if self.waiting.first().is_some_and(|first| first != reader_id) {
            return Err(BookError::ReservedForAnother);
        }

        self.raise(BookLent {
            book_id: self.book_id.clone(),
            reader_id: reader_id.to_owned(),
        });
        Ok(())
    }

    /// Lets a reader wait for the book.
    ///
    /// # Errors
    ///
    /// Refuses if the reader could simply take it.
    pub fn reserve(&mut self, reader_id: &str) -> Result<(), BookError> {
        if self.lent_to.is_none() {
            return Err(BookError::NotLent);
        }

        self.raise(BookReserved {
            book_id: self.book_id.clone(),
            reader_id: reader_id.to_owned(),
        });
        Ok(())
    }

    /// Takes the book back.
    ///
    /// # Errors
    ///
    /// Refuses if nobody has it.
    pub fn take_back(&mut self) -> Result<(), BookError> {
        let Some(reader_id) = self.lent_to.clone() else {
            return Err(BookError::NotLent);
        };

        self.raise(BookReturned {
            book_id: self.book_id.clone(),
            reader_id,
        });
        Ok(())
    }
}

impl Apply<BookAcquired> for Book {
    fn apply(&mut self, event: &BookAcquired) {
        self.book_id.clone_from(&event.book_id);
    }
}

impl Apply<BookLent> for Book {
    fn apply(&mut self, event: &BookLent) {
        self.waiting.retain(|waiting| *waiting != event.reader_id);
        self.lent_to = Some(event.reader_id.clone());
    }
}

impl Apply<BookReserved> for Book {
    fn apply(&mut self, event: &BookReserved) {
        self.waiting.push(event.reader_id.clone());
    }
}

impl Apply<BookReturned> for Book {
    fn apply(&mut self, _event: &BookReturned) {
        self.lent_to = None;
    }
}

/// Why a book is not lent, reserved or taken back.
#[derive(Debug, Clone, PartialEq)]
pub enum BookError {
    /// Somebody has it.
    AlreadyLent,
    /// Nobody has it.
    NotLent,
    /// Somebody else is the next to get it.
    ReservedForAnother,
}

impl fmt::Display for BookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyLent => "the book is lent already",
            Self::NotLent => "nobody has the book",
            Self::ReservedForAnother => "others wait for the book",
        })
    }
}

impl error::Error for BookError {}

impl Rejection for BookError {}

/// Asks for a book.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Book, id = book_id)]
pub struct LendBook {
    /// Which book.
    pub book_id: String,
    /// Who wants it.
    pub reader_id: String,
}

/// Asks for a book that somebody else has.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Book, id = book_id)]
pub struct ReserveBook {
    /// Which book.
    pub book_id: String,
    /// Who wants it.
    pub reader_id: String,
}

/// Brings a book back.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Book, id = book_id)]
pub struct ReturnBook {
    /// Which book.
    pub book_id: String,
}

/// The library has a new book.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Book, id = book_id)]
pub struct BookAcquired {
    /// Which book.
    pub book_id: String,
}

/// A reader took a book.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Book, id = book_id)]
pub struct BookLent {
    /// Which book.
    pub book_id: String,
    /// Who took it.
    pub reader_id: String,
}

/// A reader waits for a book.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Book, id = book_id)]
pub struct BookReserved {
    /// Which book.
    pub book_id: String,
    /// Who waits.
    pub reader_id: String,
}

/// A reader brought a book back.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Book, id = book_id)]
pub struct BookReturned {
    /// Which book.
    pub book_id: String,
    /// Who had it.
    pub reader_id: String,
}

/// Hands the commands to the books.
#[derive(Debug)]
pub struct BookCommandHandler;

impl CommandHandler for BookCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::lend_book).raises::<BookLent>();
        on.command(Self::reserve_book).raises::<BookReserved>();
        on.command(Self::return_book).raises::<BookReturned>();
    }
}

impl BookCommandHandler {
    async fn lend_book(&self, command: LendBook, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut book = work.load::<Book>(&command.book_id).await?;
        book.lend(&command.reader_id)?;
        work.add(book)
    }

    async fn reserve_book(&self, command: ReserveBook, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut book = work.load::<Book>(&command.book_id).await?;
        book.reserve(&command.reader_id)?;
        work.add(book)
    }

    async fn return_book(&self, command: ReturnBook, work: &mut UnitOfWork) -> Result<(), Error> {
        let mut book = work.load::<Book>(&command.book_id).await?;
        book.take_back()?;
        work.add(book)
    }
}
