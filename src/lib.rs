//! Tests an event-driven flow, from a command to its projections: given, when, then.
//! The whole chain runs inside the test, without sleeps, in a fresh world for every run.
//!
//! It runs domains that are built on [`flow_domain`]: inline, or through the production engine in virtual
//! time, in memory or in a real database. It runs any other system as it is; see [`docs::own_systems`].
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
//! [`FlowHarness::new`] takes the function that builds the domain. Its methods begin a test flow.
//! A flow is a plan: nothing runs before [`run`](Flow::run) in a plain test, or `.await` in an async
//! test. With `.await`, the handlers run on the test's own runtime. Both return an [`Outcome`].
//!
//! A flow may have several acts. [`then`](Flow::then) takes any expectation of [`expect`]. The most
//! used have a method of their own: `then_events(..)` is `then(expect::events(..))`. Most expectations
//! check all acts so far, and need an act since the last `then`. `events`, `commands`, `chain` and the
//! command results check the last act only.
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
//!     .then(expect::no_event::<OrderConfirmed>())
//!     .when_event(payment())
//!     .then(expect::commands(ConfirmOrder { order_id: "ord-1".into() }))
//!     .run();
//! assert_eq!(outcome.events_of::<OrderConfirmed>()[0].customer_id, "ada");
//! ```
//!
//! See [`flow`] for the order of the methods, and [`Flow`] for each of them.
//!
//! # The levels
//!
//! | level | what runs | how |
//! |---|---|---|
//! | 1 unit | one aggregate, without infrastructure | [`unit()`] |
//! | 2 sync | the whole chain, inline and in memory | [`Mode::Sync`], the default |
//! | 3 engine | outbox, broker, subscriptions and retries, in virtual time | [`Mode::Engine`] |
//! | 2 and 3 | both, and a comparison of their final states | [`Mode::Differential`] |
//! | 4 explore | level 3 in every order, with duplicates and crashes | not built yet |
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
//! See [`mod@unit`] for level 1.
//!
//! # The engine
//!
//! [`Mode::Engine`], or `FLOW_MODE=engine` in the environment, runs the production engine step by
//! step. The engine publishes what an act commits, delivers it, and retries what fails, until no message
//! is pending. Virtual time moves only for a `when_time_*` step or for a retry, and costs nothing.
//!
//! ```
//! use booking::{BookRoom, GuestMailer, InMemoryMailer, PAYMENT_TERM, ReleaseRoom, ServerDown};
//! use flow_harness::prelude::*;
//!
//! FlowHarness::new(|fakes: &Resources| booking::domain(fakes.get::<InMemoryMailer>()))
//!     .resource(InMemoryMailer::default)
//!     .mode(Mode::Engine)
//!     .when(BookRoom { booking_id: "b-1".into(), guest: "ada".into() })
//!     .then(expect::scheduled::<ReleaseRoom>())
//!     .with_fault(Fault::handler::<GuestMailer>().fails(ServerDown).on_attempts(1..=5))
//!     .when_time_passes(PAYMENT_TERM)
//!     .then(expect::attempts::<GuestMailer>(5))
//!     .then(expect::dead_letters().one().because("the mail server is down"))
//!     .run();
//! ```
//!
//! A [`paused`](FlowHarness::paused) harness runs the engine only in a `when_engine_*` step. Reading
//! state while messages are pending fails there, and the report lists the pending messages.
//!
//! # Faults
//!
//! A [`fault`] makes a handler, an append, a publication, the engine or a fake fail on purpose.
//! [`fault_at_every_step`](Flow::fault_at_every_step) injects a fault at each delivery in turn.
//!
//! # What a failure looks like
//!
//! The first line names the line of the failed step. Here an order is placed twice, and no `then`
//! covers the rejection:
//!
//! ```text
//! flow failed at step 3: when PlaceOrder { order_id: "ord-1", customer_id: "ada", .. }      tests/orders.rs:12:10
//!
//!   expected  no problem, or a `then` that covers it
//!   found     PlaceOrder was rejected: the order is already placed
//!             If the test expects this, add `.then_rejected(..)`
//!
//! story   1 given  StockReceived { product_id: "tea", quantity: 100 }
//!         2 given  PlaceOrder { order_id: "ord-1", customer_id: "ada", .. }
//!         3 when   PlaceOrder { order_id: "ord-1", customer_id: "ada", .. }  REJECTED: the order is already placed
//!         4 then   Inventory "tea" has                                       ok
//!
//! chain  PlaceOrder                          OrderCommandHandler  REJECTED: the order is already placed   <- here
//!
//! end    nothing pending · no handlers failed · 1 command rejected
//! rerun  cargo test an_order_is_placed_once
//! record target/flow-harness/an_order_is_placed_once.txt
//! ```
//!
//! If the mismatch does not show the cause already, the report has it under `why`, and the advice under
//! `fix`. See [`diagnosis`], and [`docs::broken`] for eight classic mistakes.
//!
//! The last line names the file with the whole record. The chain also shows the `tracing` logs of
//! handlers. [`try_run`](Flow::try_run) returns the failure as a value and writes no file. With
//! `FLOW_HARNESS_TRACE=1`, passing flows print their story and chain, too. See [`report`].
//!
//! # No test passes by accident
//!
//! A flow fails for problems that no `then` covers: rejections, failed handlers, dead letters, pending
//! messages. It fails if it expects nothing, or if an act is about nothing. See [`docs::guards`] for the list,
//! and [`docs::hangs`] for why no test hangs.
//!
//! Every run also checks a few [invariants](Invariant), for example that a rebuilt projection equals
//! the stored one. [`Flow::disable_invariant`] switches one off, with a reason.
//!
//! # Real databases
//!
//! `FLOW_BACKEND=sqlite::memory: cargo test` runs the same tests on SQLite, and a URL of PostgreSQL runs them
//! there. A run has a store of its own on every backend. `FLOW_COMPARE_BACKEND` runs each flow in memory, too, and
//! compares both runs. See [`backend`] and [`docs::backends`].
//!
//! # Events that change
//!
//! Events stay stored for years. [`given_stored`](FlowHarness::given_stored) puts events into the store
//! exactly as they were once written, so a flow tests the upcasts. A [`SchemaCheck`](schema::SchemaCheck)
//! keeps samples of all stored messages in files. It fails if the domain of today cannot read one.
//!
//! # Test isolation
//!
//! Every run builds its own domain, with its own store, clock, ids, handlers and fakes. Tests run in
//! parallel and in any order. Two runs of a flow leave the same [`record`](Outcome::record), byte for
//! byte. The clock starts at the beginning of 2026. An id is a function of its cause, the handler and a
//! count. [`check_determinism`](FlowHarness::check_determinism) finds handlers that break this.
//!
//! Two things outlive a run. The harness keeps an idle runtime for its next run. It wraps the panic hook
//! of the process once, to record where a handler panicked. Handlers must isolate their own
//! statics, files and sockets. See [`outcome`].
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
//!     .then(expect::resource(|mailer: &FakeMailer| mailer.0.lock().unwrap().len() == 1))
//!     .run();
//! ```
//!
//! Each run makes its own fakes. See [`Resources`](flow::Resources). [`FlowHarness`] shows a fixture
//! with rstest.
//!
//! # Your own expectations
//!
//! An expectation is a value. A function can return one, and a tuple combines several. A type of your
//! own implements [`Expectation`](expect::Expectation) with one method. A closure from the [`Outcome`]
//! to `Result<(), Mismatch>` is an expectation, too.
//!
//! # Feature flags
//!
//! | feature | adds |
//! |---|---|
//! | `sqlite` | flows on SQLite: `backend::SqliteBackend` |
//! | `postgres` | flows on PostgreSQL: `backend::PostgresBackend` |
//!
//! Without a feature, flows run in memory, and no database is linked. See [`backend`].
//!
//! # Supported Rust versions
//!
//! Rust 1.89 and later. Clippy's `incompatible_msrv` lint checks this on every change. CI builds with
//! the stable compiler, not with 1.89 itself.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod chain;
pub mod diagnosis;
#[cfg(doc)]
pub mod docs;
pub mod expect;
pub mod flow;
mod logs;
pub mod outcome;
mod plan;
pub mod prelude;
pub mod report;
mod run;
pub mod schema;
mod system;
pub mod unit;
mod value;
mod watchdog;

pub use flow::{Flow, FlowHarness, Invariant, Mode, SystemHarness};
pub use flow_domain;
pub use outcome::Outcome;
pub use report::FlowFailure;
pub use system::{
    backend, fault,
    under_test::{At, CommittedEvents, SystemUnderTest, WorkerStep, at},
};
pub use unit::unit;

/// The README's examples, compiled.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeDoctests;
