//! Tests an event-driven flow, from a command to its projections, as one sentence: given, when, then.
//! The whole chain runs inside the test, without sleeps, in a world that is made anew for every run.
//!
//! It runs domains that are built on [`flow_domain`], in memory: inline, or through the production
//! engine in virtual time. Real databases and domains that are built on something else are not there
//! yet.
//!
//! ```
//! use flow_harness::prelude::*;
//! use shop::{Inventory, OrderDashboard, OrderStatus, PlaceOrder, StockReceived, StockReserved};
//!
//! FlowHarness::new(shop::domain)
//!     .given_events(StockReceived { product_id: "tea".into(), quantity: 100 })
//!     .when(PlaceOrder {
//!         order_id: "ord-1".into(),
//!         customer_id: "ada".into(),
//!         product_id: "tea".into(),
//!         quantity: 2,
//!         total_cents: 1_200,
//!     })
//!     .then_event(StockReserved { product_id: "tea".into(), order_id: "ord-1".into(), quantity: 2 })
//!     .then_aggregate::<Inventory>("tea")
//!     .has(|inventory| inventory.available == 98)
//!     .then_projection::<OrderDashboard>("ord-1")
//!     .has(|row| row.status == OrderStatus::Placed)
//!     .run();
//! ```
//!
//! # A first flow
//!
//! [`FlowHarness::new`] takes the function that builds the domain, and begins a sentence. Nothing
//! happens before its end: [`run`](Flow::run) in a plain test, `.await` in an async one, where the
//! handlers run on the test's own runtime. Both give an [`Outcome`] for ordinary asserts.
//!
//! A sentence may have several acts. A `then` speaks about all of them so far; `then_events`,
//! `then_commands`, `then_chain` and the verdicts (`then_accepted`, `then_rejected`) about the last.
//!
//! ```
//! # use flow_harness::prelude::*;
//! # use shop::{ConfirmOrder, OrderConfirmed, PaymentReceived, PlaceOrder, StockReceived};
//! # let shop = FlowHarness::new(shop::domain);
//! # let stock = || StockReceived { product_id: "tea".into(), quantity: 100 };
//! # let place_order = || PlaceOrder { order_id: "ord-1".into(), customer_id: "ada".into(), product_id: "tea".into(), quantity: 2, total_cents: 1_200 };
//! # let payment = || PaymentReceived { payment_id: "pay-1".into(), order_id: "ord-1".into(), amount_cents: 1_200 };
//! let outcome = shop
//!     .given_events(stock())
//!     .when(place_order())
//!     .then_no_event::<OrderConfirmed>()
//!     .when_event(payment())
//!     .then_commands(ConfirmOrder { order_id: "ord-1".into() })
//!     .run();
//! assert_eq!(outcome.events_of::<OrderConfirmed>()[0].customer_id, "ada");
//! ```
//!
//! See [`flow`] for the order of the words, and [`Flow`] for each of them.
//!
//! # The levels
//!
//! | level | what runs | how |
//! |---|---|---|
//! | 1 unit | one aggregate, without infrastructure | [`unit()`] |
//! | 2 sync | the whole chain, inline and in memory | [`Mode::Sync`], the default |
//! | 3 engine | outbox, broker, subscriptions and retries, in virtual time | [`Mode::Engine`] |
//! | 2 and 3 | both, and whether they end alike | [`Mode::Differential`] |
//! | 4 explore | level 3 in every order, with duplicates and crashes | not there yet |
//!
//! ```
//! use flow_harness::prelude::*;
//! use shop::{Order, OrderError};
//!
//! unit::<Order>()
//!     .given_aggregate(Order::draft("ord-1", "ada", "tea", 0, 0))
//!     .when(|order| order.place())
//!     .then_rejected(OrderError::Empty);
//! ```
//!
//! See [`mod@unit`].
//!
//! # The engine
//!
//! [`Mode::Engine`], or `FLOW_MODE=engine` in the environment, runs the production engine step by step: what an act commits is published,
//! delivered, and tried again when it fails, until nothing is left. Time passes only where the sentence
//! says so, and where an attempt is waited for; it costs nothing.
//!
//! ```
//! use booking::{BookRoom, GuestMailer, KeptMails, PAYMENT_TERM, ReleaseRoom, ServerDown};
//! use flow_harness::prelude::*;
//!
//! FlowHarness::new(|fakes: &Resources| booking::domain(fakes.get::<InMemoryMailer>()))
//!     .resource(InMemoryMailer::default)
//!     .mode(Mode::Engine)
//!     .when(BookRoom { booking_id: "b-1".into(), guest: "ada".into() })
//!     .then_scheduled::<ReleaseRoom>()
//!     .with_fault(Fault::handler::<GuestMailer>().fails(ServerDown).on_attempts(1..=5))
//!     .when_time_passes(PAYMENT_TERM)
//!     .then_attempts::<GuestMailer>(5)
//!     .then_dead_letters()
//!     .one()
//!     .because("the mail server is down")
//!     .run();
//! ```
//!
//! A harness that is [`paused`](FlowHarness::paused) runs the engine only when the sentence says so; what
//! is read while messages wait fails, and names what waits and for whom. See [`flow`] for the words, and
//! [`fault`] for what can be made to go wrong. [`fault_at_every_step`](Flow::fault_at_every_step) runs
//! a sentence once for each delivery with a fault there.
//!
//! # What a failure looks like
//!
//! The line in the head is that of the step. An order is placed twice, and no `then` speaks of the
//! refusal:
//!
//! ```text
//! flow failed at step 3: when PlaceOrder { order_id: "ord-1", customer_id: "ada", .. }      tests/orders.rs:12:10
//!
//!   expected  nothing goes wrong that no `then` speaks of
//!   found     PlaceOrder was rejected: the order is already placed
//!             If that is the point, say so: `.then_rejected(..)`
//!
//! story   1 given  StockReceived { product_id: "tea", quantity: 100 }
//!         2 given  PlaceOrder { order_id: "ord-1", customer_id: "ada", .. }
//!         3 when   PlaceOrder { order_id: "ord-1", customer_id: "ada", .. }  REJECTED: the order is already placed
//!         4 then   Inventory "tea" has                                       ok
//!
//! chain  PlaceOrder                          OrderCommandHandler  REJECTED: the order is already placed   <- here
//!
//! left   nothing waiting · no handlers failed
//! again  cargo test an_order_is_placed_once
//! record target/flow-harness/an_order_is_placed_once.txt
//! ```
//!
//! Where the mismatch does not tell it already, the report says `why`: which handler, on which message,
//! and what to do. See [`why`], and [`docs::broken`] for eight classic mistakes and their reports.
//!
//! In a terminal it has colours, unless `NO_COLOR` is set. The last line names the file with everything
//! that was recorded. What handlers write through `tracing` stands in the chain, under the delivery that wrote it.
//! [`try_run`](Flow::try_run) gives a failure as a value, and writes no file. `FLOW_HARNESS_TRACE=1` prints
//! story and chain of sentences that pass, too. See [`report`].
//!
//! # Nothing passes by accident
//!
//! These fail a sentence, each with a text of its own:
//!
//! * no `then` at all ([`then_settled`](Flow::then_settled) is the word for "it ran and nothing went
//!   wrong"), and a sentence that is dropped before its end;
//! * a rejection, a failed handler or a panic that no `then` speaks of, but not the rejection of a command
//!   that a handler processed, if that handler goes on without it;
//! * trouble in what is given;
//! * a cascade that goes over its budget of deliveries, see [`FlowHarness::budget`];
//! * an aggregate, projection, handler or message that the domain does not have, also where it is
//!   said to be absent;
//! * at level 1, an act of which nothing is said, and a refusal of which no word speaks;
//! * a panic in a task that a handler spawned and does not await, see [`run`];
//! * a message that was given up on and no `then` speaks of, and messages that wait at the end for an
//!   engine that was not told to run;
//! * a fault that is never met;
//! * an aggregate, row or process manager that no act wrote and that was the same before, unless the last
//!   act was refused or failed; [`unchanged`](Flow::unchanged) is the word for what is to stay as it was;
//! * `all` that is said of no rows, and a text to be found that is empty;
//! * a command that is said to be issued or handled, and was rolled back with the handler that issued it;
//! * a law that is broken, see below;
//! * wiring that cannot work: all mistakes are told together, before the first step.
//!
//! A [`Warning`](run::Warning) is printed, and is in [`Outcome::warnings`](run::Outcome::warnings), for
//! what no test can decide: `then_no_event` of an event that no handler says it raises, an engine that was
//! let run and had nothing to do, and a task of a handler that is not over at the end.
//!
//! What has no JSON form, or does not come back from it, fails as well: messages and stored values
//! are written and read on the way, in memory too. `is` and `then_event` compare what is stored.
//!
//! # Laws
//!
//! Every run looks after a few laws by itself, whatever the sentence says; see [`Invariant`].
//!
//! | law | what holds | what breaks it |
//! |---|---|---|
//! | [`RoundTrip`](Invariant::RoundTrip) | what is serialised comes back equal: messages, states, rows | `#[serde(skip)]` |
//! | [`Fold`](Invariant::Fold) | an event-sourced aggregate is what its events make of it | a change beside `apply` |
//! | [`Rebuild`](Invariant::Rebuild) | a projection that is rebuilt from all events is the same | a clock, a memory of its own, a sum that counts twice |
//! | [`SilentChange`](Invariant::SilentChange) | an aggregate does not change without an event | only a [warning](Outcome::warnings) |
//!
//! Two values are equal if their `PartialEq` says so, or, where there is none, their JSON. To rebuild,
//! projectors are called once more at the end of a sentence that passed and left nothing waiting. A law is switched
//! off by name and with a reason: [`Flow::disable_invariant`], [`FlowHarness::disable_invariant`].
//!
//! # Test isolation
//!
//! Every run calls the function that builds the domain, and has its own store, clock, ids, handlers
//! and fakes. Tests run in parallel and in any order, and two runs of a sentence leave the same
//! [`record`](Outcome::record), byte for byte: the clock starts at the beginning of 2026 and moves only
//! when time is waited for, and an id is a function of its cause, the handler and a count.
//! [`check_determinism`](FlowHarness::check_determinism) runs every sentence five times and finds the handler
//! that asks the wall clock, chance or the order of a hash map.
//!
//! Two things outlive a run. The harness keeps a runtime without tasks for its next run, and the
//! panic hook of the process is wrapped, once, so that a panic in a handler can tell its place.
//! What a handler does to statics, files or sockets is its own affair. See [`run`].
//!
//! # Fakes (resources)
//!
//! ```
//! # use std::sync::Mutex;
//! # use flow_harness::prelude::*;
//! # use shop::{ConfirmOrder, Mail, MailError, Mailer, PlaceOrder, StockReceived};
//! # let stock = || StockReceived { product_id: "tea".into(), quantity: 100 };
//! # let place_order = || PlaceOrder { order_id: "ord-1".into(), customer_id: "ada".into(), product_id: "tea".into(), quantity: 2, total_cents: 1_200 };
//! # let confirm_order = || ConfirmOrder { order_id: "ord-1".into() };
//! #[derive(Debug, Default)]
//! struct FakeMailer(Mutex<Vec<Mail>>);
//! # impl Mailer for FakeMailer {
//! #     fn send(&self, mail: Mail) -> Result<(), MailError> { self.0.lock().unwrap().push(mail); Ok(()) }
//! # }
//!
//! FlowHarness::new(|fakes: &Resources| shop::domain_with_mail(fakes.get::<FakeMailer>()))
//!     .resource(FakeMailer::default)
//!     .given_events(stock())
//!     .given_command(place_order())
//!     .when(confirm_order())
//!     .then_resource(|mailer: &FakeMailer| mailer.0.lock().unwrap().len() == 1)
//!     .run();
//! ```
//!
//! Each run has a fake of its own. See [`Resources`](flow::Resources).
//!
//! # With rstest
//!
//! ```
//! # use flow_harness::prelude::*;
//! # fn place_order() -> ::shop::PlaceOrder { unimplemented!() }
//! use rstest::{fixture, rstest};
//!
//! #[fixture]
//! fn shop(#[default(Mode::Sync)] mode: Mode) -> FlowHarness {
//!     FlowHarness::new(::shop::domain).mode(mode)
//! }
//!
//! #[rstest]
//! fn an_order_is_accepted(#[values(Mode::Sync)] _mode: Mode, #[with(_mode)] shop: FlowHarness) {
//!     shop.when(place_order()).then_accepted().run();
//! }
//! ```
//!
//! `::shop` is the crate where a fixture has the same name. rstest is your own dependency; nothing
//! here needs it.
//!
//! # Your own expectations
//!
//! [`Flow::then`] takes a closure from the [`Outcome`] to `Result<(), Mismatch>`, or a type that
//! implements [`Expectation`](flow::Expectation), which can also say that it speaks of a rejection
//! or a failed handler. The report shows its mismatch like any other.
//!
//! # Feature flags
//!
//! There are none yet.
//!
//! # Supported Rust versions
//!
//! Rust 1.89 and later. Clippy's `incompatible_msrv` watches over it on every change; CI builds with
//! the stable compiler that it has, not with 1.89 itself.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod diagnosis;
#[cfg(doc)]
pub mod docs;
mod expect;
pub mod flow;
pub mod prelude;
pub mod report;
pub mod run;
mod system;
pub mod unit;

pub use flow::{Flow, FlowHarness, Invariant, Mode};
pub use flow_domain;
pub use report::FlowFailure;
pub use run::Outcome;
pub use system::fault;
pub use unit::unit;

/// The README's examples, compiled.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeDoctests;
