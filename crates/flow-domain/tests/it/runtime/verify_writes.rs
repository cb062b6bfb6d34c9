//! Values that are not read back as they were written, with and without `verify_writes`.
#![expect(
    clippy::trivially_copy_pass_by_ref,
    clippy::ref_option,
    reason = "serde passes references to fields"
)]

use std::collections::HashSet;

use flow_domain::{
    Aggregate, App, Apply, Command, CommandHandler, CommandRoutes, Domain, Error, Event,
    PendingEvents, Projection, Projector, ProjectorRoutes, Rows, UnitOfWork,
    adapter::memory::MemoryStore,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fixture::{build, events_of};

/// Reads whole cents only: a fraction is lost.
mod whole_cents {
    use super::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(cents: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(*cents)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        f64::deserialize(from).map(f64::trunc)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Pay), events(Paid, Noted))]
struct Invoice {
    id: String,
    #[serde(with = "whole_cents")]
    cents: f64,
    #[serde(skip)]
    pending: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Invoice, id = id)]
struct Pay {
    id: String,
    cents: f64,
    parts: Vec<Part>,
    note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Part {
    #[serde(with = "whole_cents")]
    cents: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Invoice, id = id)]
struct Paid {
    id: String,
    parts: Vec<Part>,
}

/// Its note is lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Invoice, id = id)]
struct Noted {
    id: String,
    #[serde(skip)]
    note: String,
}

struct InvoiceHandler;

impl CommandHandler for InvoiceHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::pay);
    }
}

impl InvoiceHandler {
    async fn pay(&self, command: Pay, work: &mut UnitOfWork) -> Result<(), Error> {
        let id = command.id;
        let mut invoice = Invoice {
            id: id.clone(),
            cents: command.cents,
            ..Invoice::default()
        };
        invoice.raise(Paid {
            id: id.clone(),
            parts: command.parts,
        });
        work.add(invoice)?;

        work.raise(Noted {
            id,
            note: command.note,
        })
    }
}

/// A row without `PartialEq`, whose set has no fixed order in JSON.
#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Payment {
    id: String,
    parts: HashSet<u64>,
    #[serde(serialize_with = "without_content")]
    payer: Option<String>,
}

/// Writes an object where a text is read.
fn without_content<S: Serializer>(payer: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    payer.as_ref().map(|_| Part { cents: 0.0 }).serialize(to)
}

struct PaymentProjector;

impl Projector for PaymentProjector {
    type Projection = Payment;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_paid);
    }
}

impl PaymentProjector {
    async fn on_paid(&self, event: Paid, rows: &mut Rows<'_, Payment>) -> Result<(), Error> {
        rows.put(Payment {
            payer: (event.id == "stranger").then(|| event.id.clone()),
            id: event.id,
            parts: (0..30).collect(),
        })
        .await
    }
}

fn app(verify_writes: bool) -> App {
    let domain = Domain::builder("shop")
        .aggregate::<Invoice>()
        .projection::<Payment>()
        .command_handler(InvoiceHandler)
        .projector(PaymentProjector);
    App::builder(build(domain))
        .store(MemoryStore::default())
        .verify_writes(verify_writes)
        .start()
}

fn pay(change: impl FnOnce(&mut Pay)) -> Pay {
    let mut command = Pay {
        id: "inv-1".into(),
        cents: 5.0,
        parts: vec![Part { cents: 2.0 }],
        note: String::new(),
    };
    change(&mut command);
    command
}

/// Returns the error of a command whose writes are verified. Nothing may be stored.
async fn refused(change: impl FnOnce(&mut Pay)) -> String {
    let app = app(true);
    let err = app.process(pay(change)).await.unwrap_err();

    assert!(err.is_codec(), "{err}");
    assert_eq!(events_of(&app).await, []);
    err.with_causes().to_string()
}

#[tokio::test]
async fn value_that_comes_back_as_it_was_is_committed() {
    let app = app(true);

    app.process(pay(|_| ())).await.unwrap();

    assert_eq!(events_of(&app).await.len(), 2);
    let payment = app.view::<Payment>().get("inv-1").await.unwrap();
    assert_eq!(payment.unwrap().parts.len(), 30);
}

#[tokio::test]
async fn value_that_differs_is_refused_with_its_path() {
    let state = refused(|command| command.cents = 1.5).await;
    insta::assert_snapshot!(state, @"reading back `Invoice` failed: `cents` is not read as it was written");

    let event = refused(|command| command.note = "lost".into()).await;
    insta::assert_snapshot!(event, @"reading back `Noted` failed: it differs, but its JSON does not: a field is skipped, or serialized with a loss");

    let command = refused(|command| command.parts[0].cents = 0.5).await;
    insta::assert_snapshot!(command, @"reading back `Pay` failed: `parts[0].cents` is not read as it was written");
}

#[tokio::test]
async fn row_that_cannot_be_decoded_fails_its_projector() {
    let app = app(true);

    let err = app
        .process(pay(|command| command.id = "stranger".into()))
        .await
        .unwrap_err();

    insta::assert_snapshot!(err.with_causes(), @"
    the commit succeeded, but 1 handler failed afterwards:
      PaymentProjector failed on Paid: deserializing `Payment` failed: invalid type: map, expected a string at line 1 column 115
    ");
    assert_eq!(app.view::<Payment>().count().await.unwrap(), 0);
}

#[tokio::test]
async fn value_that_differs_is_committed_if_writes_are_not_verified() {
    let app = app(false);

    app.process(pay(|command| command.cents = 1.5))
        .await
        .unwrap();

    let invoice = app.load::<Invoice>("inv-1").await.unwrap().unwrap();
    assert!((invoice.cents - 1.0).abs() < f64::EPSILON);
}

/// An event-sourced aggregate whose value may be NaN.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, commands(Average), events(Averaged))]
struct Gauge {
    id: String,
    last: f64,
    #[serde(skip)]
    pending: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Gauge, id = id)]
struct Average {
    id: String,
    sum: f64,
    n_values: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Gauge, id = id)]
struct Averaged {
    id: String,
    value: f64,
}

impl Apply<Averaged> for Gauge {
    fn apply(&mut self, event: &Averaged) {
        self.id.clone_from(&event.id);
        self.last = event.value;
    }
}

struct GaugeHandler;

impl CommandHandler for GaugeHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::average);
    }
}

impl GaugeHandler {
    async fn average(&self, command: Average, work: &mut UnitOfWork) -> Result<(), Error> {
        let gauge = work.find::<Gauge>(&command.id).await?;
        let mut gauge = gauge.unwrap_or_default();
        gauge.raise(Averaged {
            id: command.id,
            value: command.sum / f64::from(command.n_values),
        });
        work.add(gauge)
    }
}

#[tokio::test]
async fn number_that_is_not_finite_is_refused_without_verification() {
    let domain = Domain::builder("lab")
        .aggregate::<Gauge>()
        .command_handler(GaugeHandler);
    let app = App::builder(build(domain))
        .store(MemoryStore::default())
        .start();
    let average = |sum, n_values| Average {
        id: "g-1".into(),
        sum,
        n_values,
    };
    app.process(average(6.0, 2)).await.unwrap();

    let err = app.process(average(0.0, 0)).await.unwrap_err();

    insta::assert_snapshot!(err.with_causes(), @"serializing `Averaged` failed: `value`: NaN has no JSON form, so it cannot be read back");
    let gauge = app.load::<Gauge>("g-1").await.unwrap().unwrap();
    assert!((gauge.last - 3.0).abs() < f64::EPSILON);
    app.process(average(8.0, 2)).await.unwrap();
}
