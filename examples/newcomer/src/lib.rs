//! A library that lends books. Who comes too late waits, and gets the book when it is returned.
//!
//! ```text
//! LendBook, ReserveBook, ReturnBook -> BookCommandHandler -> BookLent, BookReserved, BookReturned
//!     BookReturned           -> WaitingList    -> LendBook, if somebody waits
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

/// Wires the library.
///
/// # Errors
///
/// Returns everything that is wrong with the wiring.
pub fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("library")
        .aggregate::<Book>()
        .projection::<Shelf>()
        .command_handler(BookCommandHandler)
        .event_handler(WaitingList)
        .projector(ShelfProjector)
        .build()
}
