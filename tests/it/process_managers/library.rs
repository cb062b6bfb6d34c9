use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    ProcessManager, ProcessManagerRoutes, UnitOfWork, WarningSelector, WiringErrors,
};
use flow_harness::prelude::*;
use serde::{Deserialize, Serialize};

/// A book of a library.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(MoveBook), events(BookLent, BookRenewed, BookReturned))]
pub(crate) struct Book {
    pub(crate) id: String,
    pub(crate) n_moves: usize,
    #[serde(skip)]
    raised: PendingEvents,
}

/// Raises one event for each letter: `l` lends the book, `n` renews the loan, `r` returns the book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Book, id = book_id)]
pub(crate) struct MoveBook {
    pub(crate) book_id: String,
    pub(crate) moves: String,
}

/// The key of the loan is empty if the book stays in the reading room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Book, id = book_id)]
pub(crate) struct BookLent {
    pub(crate) book_id: String,
    pub(crate) loan_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Book, id = book_id)]
pub(crate) struct BookRenewed {
    pub(crate) book_id: String,
    pub(crate) loan_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Book, id = book_id)]
pub(crate) struct BookReturned {
    pub(crate) book_id: String,
    pub(crate) loan_id: Option<String>,
}

/// [`Loan`] raises it for each instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "reminder", id = loan_id)]
pub(crate) struct ReminderSet {
    pub(crate) loan_id: String,
}

#[derive(Debug)]
struct BookHandler;

impl CommandHandler for BookHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::move_book)
            .raises::<(BookLent, BookRenewed, BookReturned)>();
    }
}

impl BookHandler {
    async fn move_book(&self, command: MoveBook, work: &mut UnitOfWork) -> Result<(), Error> {
        let MoveBook { book_id, moves } = command;
        let mut book = work.find::<Book>(&book_id).await?.unwrap_or_default();
        let loan_id = (book_id != "reference").then(|| format!("loan of {book_id}"));
        let lent = BookLent {
            book_id: book_id.clone(),
            loan_id: loan_id.clone(),
        };
        let renewed = BookRenewed {
            book_id: book_id.clone(),
            loan_id: loan_id.clone(),
        };
        let returned = BookReturned {
            book_id: book_id.clone(),
            loan_id,
        };

        book.id = book_id;
        book.n_moves += moves.len();
        for letter in moves.chars() {
            match letter {
                'l' => book.raise(lent.clone()),
                'n' => book.raise(renewed.clone()),
                _ => book.raise(returned.clone()),
            }
        }
        work.add(book)
    }
}

/// One loan of a book. It sets a reminder when it begins.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Loan<const ONCE: bool = false, const RESTARTS: bool = true> {
    pub(crate) n_events: u32,
    pub(crate) is_over: bool,
}

impl<const ONCE: bool, const RESTARTS: bool> ProcessManager for Loan<ONCE, RESTARTS> {
    const KEY: &'static str = "loan_id";
    const RESTARTS: bool = RESTARTS;

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_lent).raises::<ReminderSet>();
        on.event(Self::on_renewed);
        on.event(Self::on_returned);
        if ONCE {
            on.subscription().once();
        }
    }

    fn is_complete(&self) -> bool {
        self.is_over
    }

    fn name() -> &'static str {
        "Loan"
    }
}

impl<const ONCE: bool, const RESTARTS: bool> Loan<ONCE, RESTARTS> {
    async fn on_lent(&mut self, event: BookLent, work: &mut UnitOfWork) -> Result<(), Error> {
        self.n_events += 1;
        match (self.n_events, event.loan_id) {
            (1, Some(loan_id)) => work.raise(ReminderSet { loan_id }),
            _ => Ok(()),
        }
    }

    async fn on_renewed(&mut self, _: BookRenewed, _: &mut UnitOfWork) -> Result<(), Error> {
        self.n_events += 1;
        Ok(())
    }

    async fn on_returned(&mut self, _: BookReturned, _: &mut UnitOfWork) -> Result<(), Error> {
        self.n_events += 1;
        self.is_over = true;
        Ok(())
    }
}

fn domain<const ONCE: bool, const RESTARTS: bool>() -> Result<Domain, WiringErrors> {
    Domain::builder("library")
        .aggregate::<Book>()
        .event_from_outside::<ReminderSet>()
        .command_handler(BookHandler)
        .process_manager::<Loan<ONCE, RESTARTS>>()
        .acknowledge(
            WarningSelector::unhandled_event::<ReminderSet>(),
            "tests read it",
        )
        .acknowledge(
            WarningSelector::event_before_start::<Loan<ONCE, RESTARTS>, BookRenewed>(),
            "a book is lent before it is renewed",
        )
        .acknowledge(
            WarningSelector::event_before_start::<Loan<ONCE, RESTARTS>, BookReturned>(),
            "a book is lent before it is returned",
        )
        .build()
}

pub(crate) fn library<const ONCE: bool, const RESTARTS: bool>() -> FlowHarness {
    FlowHarness::new(domain::<ONCE, RESTARTS>)
}

/// Moves the book with the loan `loan of Emma`.
pub(crate) fn move_book(moves: &str) -> MoveBook {
    MoveBook {
        book_id: "Emma".into(),
        moves: moves.into(),
    }
}

/// Moves the book that never has a loan.
pub(crate) fn move_reference_book(moves: &str) -> MoveBook {
    MoveBook {
        book_id: "reference".into(),
        moves: moves.into(),
    }
}
