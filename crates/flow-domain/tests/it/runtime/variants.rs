//! Enums of messages, and versions of one message.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, PendingEvents, UnitOfWork,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::{fixture::CallLog, runtime::fixture::World};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = order_id, commands(OrderCommand), events(OrderEvent))]
struct Order {
    order_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Order, id = order_id)]
enum OrderCommand {
    Place { order_id: String },
    Cancel { order_id: String },
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Order, id = order_id)]
enum OrderEvent {
    Placed { order_id: String },
    Cancelled { order_id: String },
}

struct OrderCommandHandler(CallLog);

impl CommandHandler for OrderCommandHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::decide);
    }
}

impl OrderCommandHandler {
    async fn decide(&self, command: OrderCommand, work: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("{command:?}"));
        work.raise(match command {
            OrderCommand::Place { order_id } => OrderEvent::Placed { order_id },
            OrderCommand::Cancel { order_id } => OrderEvent::Cancelled { order_id },
        })
    }
}

struct Historian(CallLog);

impl EventHandler for Historian {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_event);
    }
}

impl Historian {
    async fn on_order_event(&self, event: OrderEvent, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("{event:?}"));
        Ok(())
    }
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "sensor", id = id, name = "Measured")]
struct MeasuredV1 {
    id: String,
    celsius: i32,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "sensor", id = id, name = "Measured", version = 2)]
struct Measured {
    id: String,
    kelvin: i32,
}

struct Thermometer(CallLog);

impl EventHandler for Thermometer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_measured);
        on.event(Self::on_measured_v1);
    }
}

impl Thermometer {
    async fn on_measured(&self, event: Measured, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("{} K", event.kelvin));
        Ok(())
    }

    async fn on_measured_v1(&self, event: MeasuredV1, _: &mut UnitOfWork) -> Result<(), Error> {
        self.0.note(format!("{} °C", event.celsius));
        Ok(())
    }
}

#[tokio::test]
async fn enum_is_routed_by_variant() {
    let (commands, events) = (CallLog::default(), CallLog::default());
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(OrderCommandHandler(commands.clone()))
        .event_handler(Historian(events.clone()));
    let world = World::new(domain);
    let place = OrderCommand::Place {
        order_id: "ord-1".into(),
    };
    let cancel = OrderCommand::Cancel {
        order_id: "ord-2".into(),
    };

    world.app.process(place).await.unwrap();
    world.app.process(cancel).await.unwrap();

    assert_eq!(
        commands.lines(),
        [
            r#"Place { order_id: "ord-1" }"#,
            r#"Cancel { order_id: "ord-2" }"#
        ]
    );
    assert_eq!(
        events.lines(),
        [
            r#"Placed { order_id: "ord-1" }"#,
            r#"Cancelled { order_id: "ord-2" }"#
        ]
    );
    assert_eq!(
        world.stored_event_names().await,
        ["Placed in order-ord-1", "Cancelled in order-ord-2"]
    );
}

#[tokio::test]
async fn two_versions_of_an_event_reach_two_methods() {
    let call_log = CallLog::default();
    let domain = Domain::builder("lab")
        .event_from_outside::<MeasuredV1>()
        .event_from_outside::<Measured>()
        .event_handler(Thermometer(call_log.clone()));
    let world = World::new(domain);
    let old = MeasuredV1 {
        id: "s-1".into(),
        celsius: 20,
    };
    let new = Measured {
        id: "s-2".into(),
        kelvin: 293,
    };

    world.app.publish((old, new)).await.unwrap();

    assert_eq!(call_log.lines(), ["20 °C", "293 K"]);
    let events = world.events().await;
    let types: Vec<_> = events
        .iter()
        .map(|event| event.metadata().message_type.to_string())
        .collect();
    assert_eq!(types, ["Lab.Measured.v1", "Lab.Measured.v2"]);
}
