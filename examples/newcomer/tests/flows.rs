//! The flows of the library, each from a command to the readers' shelves.

use flow_harness::prelude::*;
use lending_library::{
    Book, BookAcquired, BookError, BookLent, BookReserved, BookReturned, LendBook, ReserveBook,
    ReturnBook, Shelf, WaitingList,
};
use rstest::{fixture, rstest};

#[fixture]
fn library() -> FlowHarness {
    FlowHarness::new(lending_library::domain)
}

fn book_acquired() -> BookAcquired {
    BookAcquired {
        book_id: "dune".into(),
    }
}

fn lend_book_to(reader_id: &str) -> LendBook {
    LendBook {
        book_id: "dune".into(),
        reader_id: reader_id.into(),
    }
}

fn book_lent_to(reader_id: &str) -> BookLent {
    BookLent {
        book_id: "dune".into(),
        reader_id: reader_id.into(),
    }
}

fn reserve_book_for(reader_id: &str) -> ReserveBook {
    ReserveBook {
        book_id: "dune".into(),
        reader_id: reader_id.into(),
    }
}

fn book_reserved_for(reader_id: &str) -> BookReserved {
    BookReserved {
        book_id: "dune".into(),
        reader_id: reader_id.into(),
    }
}

fn return_book() -> ReturnBook {
    ReturnBook {
        book_id: "dune".into(),
    }
}

fn book_returned_by(reader_id: &str) -> BookReturned {
    BookReturned {
        book_id: "dune".into(),
        reader_id: reader_id.into(),
    }
}

#[rstest]
fn lent_book_is_on_the_readers_shelf(library: FlowHarness) {
    library
        .given_events(book_acquired())
        .when(lend_book_to("ada"))
        .then_events(book_lent_to("ada"))
        .then_aggregate::<Book>("dune")
        .has(|book| book.lent_to.as_deref() == Some("ada"))
        .then_projection::<Shelf>("ada")
        .is(Shelf {
            reader_id: "ada".into(),
            book_ids: vec!["dune".into()],
        })
        .run();
}

#[rstest]
fn returned_book_is_lent_to_the_first_waiting_reader(
    library: FlowHarness,
    #[values(Mode::Sync, Mode::Engine)] mode: Mode,
) {
    library
        .mode(mode)
        .given_events((
            book_acquired(),
            book_lent_to("ada"),
            book_reserved_for("bob"),
        ))
        .when(return_book())
        .then_events((book_returned_by("ada"), book_lent_to("bob")))
        .then(expect::chain([
            "ReturnBook",
            "BookReturned",
            "LendBook",
            "BookLent",
        ]))
        .then_projection::<Shelf>("ada")
        .like(json!({ "book_ids": [] }))
        .then_projection::<Shelf>("bob")
        .has(|shelf| shelf.book_ids == ["dune"])
        .run();
}

#[rstest]
fn returned_book_stays_without_a_reservation(library: FlowHarness) {
    library
        .given_events((book_acquired(), book_lent_to("ada")))
        .when(return_book())
        .then_handled_by::<WaitingList>()
        .then(expect::no_event::<BookLent>())
        .when(lend_book_to("bob"))
        .then_accepted()
        .run();
}

#[rstest]
#[case::while_another_has_it("ada", BookError::AlreadyLent)]
#[case::twice("bob", BookError::AlreadyLent)]
fn lent_book_cannot_be_lent_again(
    library: FlowHarness,
    #[case] reader_id: &str,
    #[case] expected: BookError,
) {
    library
        .given_events((book_acquired(), book_lent_to("bob")))
        .when(lend_book_to(reader_id))
        .then_rejected(expected)
        .then(expect::projections::<Shelf>().count(1))
        .run();
}

#[rstest]
fn lent_book_can_be_reserved(library: FlowHarness) {
    let outcome = library
        .given_events((book_acquired(), book_lent_to("ada")))
        .when(reserve_book_for("bob"))
        .then_settled()
        .run();

    let book = outcome.aggregate::<Book>("dune").unwrap();
    assert_eq!(book.waiting, ["bob"]);
}

#[test]
fn reserved_book_is_not_lent_out_of_turn() {
    unit::<Book>()
        .given_events((
            book_acquired(),
            book_lent_to("ada"),
            book_reserved_for("bob"),
            book_returned_by("ada"),
        ))
        .when(|book| book.lend("eve"))
        .then_rejected(BookError::ReservedForAnother)
        .then_no_events();
}
