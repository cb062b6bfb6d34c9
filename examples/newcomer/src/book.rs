use std::{error, fmt};

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Error, Event, PendingEvents,
    Rejection, UnitOfWork,
};
use serde::{Deserialize, Serialize};

/// A book of the library. Event-sourced: its state is folded from its events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = book_id,
    event_sourced,
    commands(LendBook, ReserveBook, ReturnBook),
    events(BookAcquired, BookLent, BookReserved, BookReturned)
)]
pub struct Book {
    /// The id of the book.
    pub book_id: String,
    /// The id of the reader who has the book.
    pub lent_to: Option<String>,
    /// The ids of the readers who reserved the book, in order.
    pub waiting: Vec<String>,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Book {
    /// Lends the book to a reader.
    ///
    /// # Errors
    ///
    /// Rejects the command if the book is lent, or reserved for another reader.
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

    /// Reserves the book for a reader.
    ///
    /// # Errors
    ///
    /// Rejects the command if the book is available, so the reader can borrow it directly.
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

    /// Takes the book back from its reader.
    ///
    /// # Errors
    ///
    /// Rejects the command if the book is not lent.
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

/// The reason why a book rejects a command.
#[derive(Debug, Clone, PartialEq)]
pub enum BookError {
    /// The book is lent.
    AlreadyLent,
    /// The book is not lent.
    NotLent,
    /// Another reader reserved the book first.
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

/// Lends a book to a reader.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Book, id = book_id)]
pub struct LendBook {
    /// The id of the book.
    pub book_id: String,
    /// The id of the reader.
    pub reader_id: String,
}

/// Reserves a book that another reader has.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Book, id = book_id)]
pub struct ReserveBook {
    /// The id of the book.
    pub book_id: String,
    /// The id of the reader.
    pub reader_id: String,
}

/// Returns a book to the library.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Book, id = book_id)]
pub struct ReturnBook {
    /// The id of the book.
    pub book_id: String,
}

/// The library acquired a book.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Book, id = book_id)]
pub struct BookAcquired {
    /// The id of the book.
    pub book_id: String,
}

/// A reader borrowed a book.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Book, id = book_id)]
pub struct BookLent {
    /// The id of the book.
    pub book_id: String,
    /// The id of the reader.
    pub reader_id: String,
}

/// A reader reserved a book.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Book, id = book_id)]
pub struct BookReserved {
    /// The id of the book.
    pub book_id: String,
    /// The id of the reader.
    pub reader_id: String,
}

/// A reader returned a book.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Book, id = book_id)]
pub struct BookReturned {
    /// The id of the book.
    pub book_id: String,
    /// The id of the reader.
    pub reader_id: String,
}

/// Handles the commands of books.
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
