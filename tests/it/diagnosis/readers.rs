//! Rows whose id is not the id of the stream: the books of a reader.

use flow_domain::{
    Domain, Error, Event, EventHandler, EventRoutes, Projection, Projector, ProjectorRoutes, Rows,
    UnitOfWork, WiringErrors, testing::mutation::MutationKind,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    diagnosis::diagnosis_text::diagnosis_in_both_modes,
    fixture::{mutation, swap},
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "book", id = book_id)]
struct BookLent {
    book_id: String,
    reader_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "book", id = book_id)]
struct BookReturned {
    book_id: String,
    reader_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = reader_id)]
struct Reader {
    reader_id: String,
    n_books: u32,
}

struct ReaderProjector;

impl Projector for ReaderProjector {
    type Projection = Reader;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_book_lent);
        on.event(Self::on_book_returned);
    }
}

impl ReaderProjector {
    async fn on_book_lent(
        &self,
        event: BookLent,
        rows: &mut Rows<'_, Reader>,
    ) -> Result<(), Error> {
        let reader_id = event.reader_id;
        let empty = || Reader {
            reader_id: reader_id.clone(),
            n_books: 0,
        };

        rows.change_or_insert(&reader_id, empty, |reader| reader.n_books += 1)
            .await
    }

    async fn on_book_returned(
        &self,
        event: BookReturned,
        rows: &mut Rows<'_, Reader>,
    ) -> Result<(), Error> {
        rows.change(event.reader_id, |reader| reader.n_books -= 1)
            .await
    }
}

/// Lends a returned book to the next reader.
struct Desk;

impl EventHandler for Desk {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_book_returned).raises::<BookLent>();
    }
}

impl Desk {
    async fn on_book_returned(
        &self,
        event: BookReturned,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        work.raise(BookLent {
            book_id: event.book_id,
            reader_id: "bob".into(),
        })
    }
}

fn library() -> Result<Domain, WiringErrors> {
    Domain::builder("library")
        .event_from_outside::<BookLent>()
        .event_from_outside::<BookReturned>()
        .event_handler(Desk)
        .projection::<Reader>()
        .projector(ReaderProjector)
        .build()
}

/// The writer of the row handled a message of the stream with the expected id. But the id of a row
/// is another one.
#[test]
fn row_is_loaded_by_the_stream_id_instead_of_its_own() {
    let misreads = MutationKind::Misreads(swap("book_id", "reader_id"));
    let mutation = mutation("ReaderProjector", "BookReturned", misreads);
    let flow = |mode| {
        let mutation = mutation.clone();
        FlowHarness::new(move || library().map(|library| library.mutated(&mutation)))
            .mode(mode)
            .given_events(BookLent {
                book_id: "dune".into(),
                reader_id: "ada".into(),
            })
            .when_event(BookReturned {
                book_id: "dune".into(),
                reader_id: "ada".into(),
            })
            .then_projection::<Reader>("ada")
            .has(|reader| reader.n_books == 0)
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"
    perhaps 18 ReaderProjector handled BookReturned and looked up Reader "dune" (the `book_id` of BookReturned) instead of "ada" (the `reader_id`)
    do let ReaderProjector use the `reader_id` of BookReturned as the id of Reader
    "#);
}

/// A handler made the id of another, later row from the expected id.
#[test]
fn missing_row_is_named_despite_a_later_row() {
    let flow = |mode| {
        FlowHarness::new(library)
            .mode(mode)
            .given_events(BookLent {
                book_id: "dune".into(),
                reader_id: "ada".into(),
            })
            .when_event(BookReturned {
                book_id: "dune".into(),
                reader_id: "adax".into(),
            })
            .then_projection::<Reader>("bob")
    };

    insta::assert_snapshot!(diagnosis_in_both_modes(flow), @r#"perhaps 18 ReaderProjector handled BookReturned and did not find Reader "adax" (the `reader_id` of BookReturned); Reader "ada" exists"#);
}
