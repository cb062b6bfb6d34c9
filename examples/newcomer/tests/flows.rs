//! The flows of the library, each from a command to what the readers see.

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

fn acquired() -> BookAcquired {
    BookAcquired {
        book_id: "dune".into(),
    }
}

fn lend_to(reader_id: &str) -> LendBook {
    LendBook {
        book_id: "dune".into(),
        reader_id: reader_id.into(),
    }
}

fn lent_to(reader_id: &str) -> BookLent {
    BookLent {
        book_id: "dune".into(),
        reader_id: reader_id.into(),
    }
}

fn reserve_for(reader_id: &str) -> ReserveBook {
    ReserveBook {
        book_id: "dune".into(),
        reader_id: reader_id.into(),
    }
}

fn reserved_for(reader_id: &str) -> BookReserved {
    BookReserved {
        book_id: "dune".into(),
        reader_id: reader_id.into(),
    }
}

fn give_back() -> ReturnBook {
    ReturnBook {
        book_id: "dune".into(),
    }
}

fn given_back_by(reader_id: &str) -> BookReturned {
    BookReturned {
        book_id: "dune".into(),
        reader_id: reader_id.into(),
    }
}

#[rstest]
fn lent_book_is_on_the_readers_shelf(library: FlowHarness) {
    library
        .given_events(acquired())
        .when(lend_to("ada"))
        .then_events(lent_to("ada"))
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
    #[values(Mode::Sync)] mode: Mode,
) {
    library
        .mode(mode)
        .given_events((acquired(), lent_to("ada"), reserved_for("bob")))
        .when(give_back())
        .then_events((given_back_by("ada"), lent_to("bob")))
        .then_chain(["ReturnBook", "BookReturned", "LendBook", "BookLent"])
        .then_projection::<Shelf>("ada")
        .like(json!({ "book_ids": [] }))
        .then_projection::<Shelf>("bob")
        .has(|shelf| shelf.book_ids == ["dune"])
        .run();
}

#[rstest]
fn returned_book_stays_without_a_reservation(library: FlowHarness) {
    library
        .given_events((acquired(), lent_to("ada")))
        .when(give_back())
        .then_handled_by::<WaitingList>()
        .then_no_event::<BookLent>()
        .when(lend_to("bob"))
        .then_accepted()
        .run();
}

#[rstest]
#[case::while_another_has_it("ada", BookError::AlreadyLent)]
#[case::twice("bob", BookError::AlreadyLent)]
fn book_that_is_not_lent_cannot_be_reserved(
    library: FlowHarness,
    #[case] reader_id: &str,
    #[case] expected: BookError,
) {
    library
        .given_events((acquired(), lent_to("bob")))
        .when(lend_to(reader_id))
        .then_rejected(expected)
        .then_projections::<Shelf>()
        .count(1)
        .run();
}

#[rstest]
fn lent_book_can_be_reserved(library: FlowHarness) {
    let outcome = library
        .given_events((acquired(), lent_to("ada")))
        .when(reserve_for("bob"))
        .then_settled()
        .run();

    let book = outcome.aggregate::<Book>("dune").unwrap();
    assert_eq!(book.waiting, ["bob"]);
}

#[test]
fn reserved_book_is_not_lent_out_of_turn() {
    unit::<Book>()
        .given_events((
            acquired(),
            lent_to("ada"),
            reserved_for("bob"),
            given_back_by("ada"),
        ))
        .when(|book| book.lend("eve"))
        .then_rejected(BookError::ReservedForAnother)
        .then_no_events();
}
