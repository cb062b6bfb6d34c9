use flow_domain::{Error, EventHandler, EventRoutes, UnitOfWork};

use crate::{Book, BookReturned, LendBook};

/// Lends a returned book to the first reader who reserved it.
#[derive(Debug)]
pub struct WaitingList;

impl EventHandler for WaitingList {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_book_returned).issues::<LendBook>();
    }
}

impl WaitingList {
    async fn on_book_returned(
        &self,
        event: BookReturned,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let book = work.load::<Book>(&event.book_id).await?;

        if let Some(reader_id) = book.waiting.first().cloned() {
            let book_id = event.book_id;
            work.process(LendBook { book_id, reader_id }).await?;
        }
        Ok(())
    }
}
