//! Typed ids in a flow, and keys that cannot be.

use std::fmt;

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, Id, PendingEvents,
    ProcessManager, ProcessManagerRoutes, Projection, Projector, ProjectorRoutes, Rows, UnitOfWork,
    WiringErrors,
};
use flow_harness::{prelude::*, unit};
use serde::{Deserialize, Serialize};

use crate::fixture::{masked_panic_text, mismatch};

/// Its JSON is a number, and its `Display` has a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Id)]
struct TicketNo(u32);

impl fmt::Display for TicketNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T-{:05}", self.0)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Id)]
#[serde(rename_all = "kebab-case")]
enum Desk {
    NorthWing,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = no, commands(OpenTicket), events(TicketOpened))]
struct Ticket {
    no: TicketNo,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Ticket {
    fn open(no: TicketNo, note: &str) -> Self {
        let (desk, note) = (Desk::NorthWing, note.to_owned());
        let mut ticket = Self {
            no,
            raised: PendingEvents::default(),
        };
        ticket.raise(TicketOpened { no, desk, note });
        ticket
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Ticket, id = no)]
struct OpenTicket {
    no: TicketNo,
    note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Ticket, id = no)]
struct TicketOpened {
    no: TicketNo,
    desk: Desk,
    note: String,
}

/// A note is known by its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = text)]
struct Note {
    text: String,
    #[serde(skip)]
    raised: PendingEvents,
}

struct Clerk;

impl CommandHandler for Clerk {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::open).raises::<TicketOpened>();
    }
}

impl Clerk {
    async fn open(&self, command: OpenTicket, work: &mut UnitOfWork) -> Result<(), Error> {
        work.add(Ticket::open(command.no, &command.note))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = desk)]
struct Queue {
    desk: Desk,
    n_open: u32,
}

struct QueueProjector;

impl Projector for QueueProjector {
    type Projection = Queue;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_opened);
    }
}

impl QueueProjector {
    async fn on_opened(
        &self,
        event: TicketOpened,
        rows: &mut Rows<'_, Queue>,
    ) -> Result<(), Error> {
        let desk = event.desk;
        rows.change_or_insert(desk, || Queue { desk, n_open: 0 }, |row| row.n_open += 1)
            .await
    }
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Reminder {
    n_notes: u32,
}

impl ProcessManager for Reminder {
    const KEY: &'static str = "note";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start(Self::on_opened);
    }
}

impl Reminder {
    async fn on_opened(&mut self, _: TicketOpened, _: &mut UnitOfWork) -> Result<(), Error> {
        self.n_notes += 1;
        Ok(())
    }
}

fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("desk")
        .aggregate::<Ticket>()
        .aggregate::<Note>()
        .projection::<Queue>()
        .command_handler(Clerk)
        .projector(QueueProjector)
        .process_manager::<Reminder>()
        .build()
}

fn desk() -> FlowHarness {
    FlowHarness::new(domain)
}

fn open(no: u32, note: &str) -> OpenTicket {
    OpenTicket {
        no: TicketNo(no),
        note: note.to_owned(),
    }
}

#[test]
fn states_are_found_by_their_typed_ids() {
    desk()
        .given_aggregate(Ticket::open(TicketNo(6), "x"))
        .when(open(7, "x"))
        .then_aggregate::<Ticket>(TicketNo(7))
        .has(|ticket| ticket.no == TicketNo(7))
        .then_aggregate::<Ticket>(7)
        .then_aggregate::<Ticket>("7")
        .then_aggregate::<Ticket>(TicketNo(6))
        .unchanged()
        .then_projection::<Queue>(Desk::NorthWing)
        .has(|queue| queue.n_open == 2)
        .then_projection::<Queue>("north-wing")
        .then_process_manager::<Reminder>("x")
        .then(|outcome: &Outcome| {
            let found = (
                outcome.aggregate::<Ticket>(TicketNo(7)).is_some(),
                outcome.projection::<Queue>(Desk::NorthWing).is_some(),
                outcome.process_manager::<Reminder>('x').is_some(),
            );
            if found == (true, true, true) {
                Ok(())
            } else {
                Err(Mismatch::new("all states", format!("{found:?}")))
            }
        })
        .run();
}

#[test]
fn unit_test_takes_an_aggregate_with_a_typed_id() {
    unit::<Ticket>()
        .given_aggregate(Ticket {
            no: TicketNo(7),
            raised: PendingEvents::default(),
        })
        .when(|ticket| {
            ticket.raise(TicketOpened {
                no: ticket.no,
                desk: Desk::NorthWing,
                note: "x".into(),
            });
        })
        .then_event(TicketOpened {
            no: TicketNo(7),
            desk: Desk::NorthWing,
            note: "x".into(),
        });
}

#[test]
fn lookup_by_an_invalid_key_is_a_mismatch() {
    let opened = || desk().when(open(7, "x"));

    insta::assert_snapshot!(mismatch(opened().then_aggregate::<Ticket>("")), @r#"
    expected  Ticket ""
    found     the key `no` of Ticket is invalid: a key must have 1 to 512 bytes, but this one is empty
    "#);
    insta::assert_snapshot!(mismatch(opened().then_projection::<Queue>("a\n").absent()), @r#"
    expected  Queue "a\n"
    found     the key `desk` of Queue is invalid: a key must not contain control characters, but this one is "a\n"
    "#);
    insta::assert_snapshot!(mismatch(opened().then_process_manager::<Reminder>("")), @r#"
    expected  Reminder ""
    found     the key `note` of Reminder is invalid: a key must have 1 to 512 bytes, but this one is empty
    "#);
}

#[test]
fn outcome_panics_at_an_invalid_key() {
    let outcome = desk().when(open(7, "x")).then_accepted().run();

    insta::assert_snapshot!(masked_panic_text(|| outcome.aggregate::<Ticket>("")), @"the key `no` of Ticket is invalid: a key must have 1 to 512 bytes, but this one is empty");
    insta::assert_snapshot!(masked_panic_text(|| outcome.projection::<Queue>("a\n")), @r#"the key `desk` of Queue is invalid: a key must not contain control characters, but this one is "a\n""#);
    insta::assert_snapshot!(masked_panic_text(|| outcome.process_manager::<Reminder>("")), @"the key `note` of Reminder is invalid: a key must have 1 to 512 bytes, but this one is empty");
}

#[test]
fn given_with_an_invalid_key_is_a_mismatch() {
    let note = Note {
        text: "a\u{7f}".into(),
        raised: PendingEvents::default(),
    };

    insta::assert_snapshot!(mismatch(desk().given_aggregate(note).when(open(7, "x")).then_accepted()), @r#"
    expected  a value that can be given
    found     the key `text` of Note is invalid: a key must not contain control characters, but this one is "a\u{7f}"
    "#);
}

#[test]
fn process_manager_with_an_invalid_key_fails() {
    insta::assert_snapshot!(mismatch(desk().mode(Mode::Sync).when(open(7, "")).then_accepted()), @r#"
    expected  no problem, or a `then` that covers it
    found     Reminder failed on TicketOpened: the key `note` of TicketOpened is invalid: a key must have 1 to 512 bytes, but this one is empty
              If the test expects this, add `.then(expect::handler_failed_with_message::<Reminder>(".."))`
    "#);
}
