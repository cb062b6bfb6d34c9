use flow_domain::{Error, Projection, Projector, ProjectorRoutes, Rows};
use serde::{Deserialize, Serialize};

use crate::{BookLent, BookReturned};

/// The books that a reader has at home.
#[derive(Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = reader_id)]
pub struct Shelf {
    /// The id of the reader.
    pub reader_id: String,
    /// The ids of the books on the shelf.
    pub book_ids: Vec<String>,
}

/// Maintains [`Shelf`].
#[derive(Debug)]
pub struct ShelfProjector;

impl Projector for ShelfProjector {
    type Projection = Shelf;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_book_lent);
        on.event(Self::on_book_returned);
    }
}

impl ShelfProjector {
    async fn on_book_lent(&self, event: BookLent, rows: &mut Rows<'_, Shelf>) -> Result<(), Error> {
        let empty = || Shelf {
            reader_id: event.reader_id.clone(),
            book_ids: Vec::new(),
        };

        rows.change_or_insert(&event.reader_id, empty, |shelf| {
            shelf.book_ids.push(event.book_id);
        })
        .await
    }

    async fn on_book_returned(
        &self,
        event: BookReturned,
        rows: &mut Rows<'_, Shelf>,
    ) -> Result<(), Error> {
        rows.change(event.reader_id, |shelf| {
            shelf.book_ids.retain(|book_id| *book_id != event.book_id);
        })
        .await
    }
}
