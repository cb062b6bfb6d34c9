//! A library that lends books. A reader can reserve a book that is lent, and gets it when it is
//! returned.
//!
//! ```text
//! LendBook, ReserveBook, ReturnBook -> BookCommandHandler -> BookLent, BookReserved, BookReturned
//!     BookReturned           -> WaitingList    -> LendBook, if a reader reserved the book
//!     BookLent, BookReturned -> ShelfProjector -> Shelf
//! ```

mod book;
mod shelf;
mod waiting_list;

use flow_domain::{Domain, WiringErrors};

pub use book::{
    Book, BookAcquired, BookCommandHandler, BookError, BookLent, BookReserved, BookReturned,
    LendBook, ReserveBook, ReturnBook,
};
pub use shelf::{Shelf, ShelfProjector};
pub use waiting_list::WaitingList;

/// Builds the domain of the library.
///
/// # Errors
///
/// Returns all mistakes in the wiring.
pub fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("library")
        .aggregate::<Book>()
        .projection::<Shelf>()
        .command_handler(BookCommandHandler)
        .event_handler(WaitingList)
        .projector(ShelfProjector)
        .build()
}
