//! Events that may reach a process manager before it is started.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, EventHandler,
    EventRoutes, PendingEvents, ProcessManager, ProcessManagerRoutes, UnitOfWork,
    wiring::{DomainBuilder, WiringWarning},
};
use serde::{Deserialize, Serialize};

use crate::{
    fixture::build,
    wiring::fixture::{advance, react},
};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = trip_id, events(TripBooked, TripPaid, TripStage))]
struct Trip {
    trip_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Trip, id = trip_id)]
struct TripBooked {
    trip_id: String,
    guest_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Trip, id = trip_id)]
struct TripPaid {
    trip_id: String,
    guest_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Trip, id = trip_id)]
enum TripStage {
    Begun { trip_id: String, guest_id: String },
    Ended { trip_id: String, guest_id: String },
}

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = seat_id, commands(ReserveSeat), events(SeatReserved))]
struct Seat {
    seat_id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Seat, id = seat_id)]
struct ReserveSeat {
    seat_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Seat, id = seat_id)]
struct SeatReserved {
    seat_id: String,
    trip_id: String,
}

/// The stream of a receipt has the id of its trip, but it is another stream.
#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "receipt", id = trip_id)]
struct ReceiptSent {
    trip_id: String,
}

struct SeatHandler;

impl CommandHandler for SeatHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(reserve).raises::<SeatReserved>();
    }
}

struct SilentSeatHandler;

impl CommandHandler for SilentSeatHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(reserve_silently);
    }
}

async fn reserve(_: &SeatHandler, _: ReserveSeat, _: &mut UnitOfWork) -> Result<(), Error> {
    Ok(())
}

async fn reserve_silently(
    _: &SilentSeatHandler,
    _: ReserveSeat,
    _: &mut UnitOfWork,
) -> Result<(), Error> {
    Ok(())
}

/// Also issues what the process manager issues.
struct Upgrades;

impl EventHandler for Upgrades {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, TripPaid>).issues::<ReserveSeat>();
    }
}

/// Also raises what the command handler raises, for any event.
struct Import;

impl EventHandler for Import {
    fn routes(on: &mut EventRoutes<Self>) {
        on.all(react_to_any).raises::<SeatReserved>();
    }
}

async fn react_to_any(
    _: &Import,
    _: flow_domain::message::Envelope,
    _: &mut UnitOfWork,
) -> Result<(), Error> {
    Ok(())
}

/// The routes of a [`Journey`].
const OTHER_STREAM: u8 = 0;
const SAME_STREAM: u8 = 1;
const ALL_START: u8 = 2;
const OTHER_KEY: u8 = 3;
const ENUM: u8 = 4;
const ISSUES: u8 = 5;
const RAISES: u8 = 6;
const OTHER_CATEGORY: u8 = 7;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Journey<const ROUTES: u8>;

impl<const ROUTES: u8> ProcessManager for Journey<ROUTES> {
    const KEY: &'static str = "trip_id";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        match ROUTES {
            OTHER_STREAM => {
                on.start(advance::<Self, TripBooked>);
                on.event(advance::<Self, SeatReserved>);
            }
            SAME_STREAM => {
                on.start(advance::<Self, TripBooked>);
                on.event(advance::<Self, TripPaid>);
            }
            ALL_START => {
                on.start(advance::<Self, TripBooked>);
                on.start(advance::<Self, SeatReserved>);
                on.event(advance::<Self, TripPaid>);
            }
            OTHER_KEY => {
                on.start_by("guest_id", advance::<Self, TripBooked>);
                on.event_by("guest_id", advance::<Self, TripPaid>);
            }
            ENUM => {
                on.start(advance::<Self, SeatReserved>);
                on.start(advance::<Self, TripBooked>);
                on.event_by("guest_id", advance::<Self, TripStage>);
            }
            ISSUES => {
                on.start(advance::<Self, TripBooked>)
                    .issues::<ReserveSeat>();
                on.event(advance::<Self, SeatReserved>);
            }
            RAISES => {
                on.start(advance::<Self, TripBooked>)
                    .raises::<SeatReserved>();
                on.event(advance::<Self, SeatReserved>);
            }
            _ => {
                on.start(advance::<Self, TripBooked>);
                on.event(advance::<Self, ReceiptSent>);
            }
        }
    }

    fn name() -> &'static str {
        "Journey"
    }
}

fn travel<const ROUTES: u8>() -> DomainBuilder {
    Domain::builder("travel")
        .aggregate::<Trip>()
        .aggregate::<Seat>()
        .event_from_outside::<ReceiptSent>()
        .process_manager::<Journey<ROUTES>>()
}

/// Checks which events the warnings about early events name.
#[track_caller]
fn check(domain: DomainBuilder, expected: &[&str]) {
    let warnings = build(domain).check();

    let early: Vec<&str> = warnings
        .iter()
        .filter_map(|warning| match warning {
            WiringWarning::EventBeforeStart { event, .. } => Some(event.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(early, expected);
}

#[test]
fn event_of_another_stream_is_early() {
    check(travel::<OTHER_STREAM>(), &["SeatReserved"]);
    check(travel::<OTHER_CATEGORY>(), &["ReceiptSent"]);
    check(travel::<OTHER_KEY>(), &["TripPaid"]);
    check(travel::<ENUM>(), &["Begun", "Ended"]);
}

#[test]
fn event_of_a_stream_that_starts_is_not_early() {
    check(travel::<SAME_STREAM>(), &[]);
    check(travel::<ALL_START>(), &[]);
}

#[test]
fn answer_to_the_process_manager_is_not_early() {
    check(travel::<RAISES>(), &[]);
    check(travel::<ISSUES>().command_handler(SeatHandler), &[]);
}

#[test]
fn event_that_is_not_only_an_answer_is_early() {
    let early = &["SeatReserved"];
    let issues = || travel::<ISSUES>().command_handler(SeatHandler);

    check(travel::<ISSUES>().command_handler(SilentSeatHandler), early);
    check(travel::<OTHER_STREAM>().command_handler(SeatHandler), early);
    check(issues().event_handler(Upgrades), early);
    check(issues().event_handler(Import), early);
}

#[test]
fn early_event_is_a_warning_with_advice() {
    let warnings = build(travel::<OTHER_CATEGORY>()).check();

    let warning = warnings.last().expect("the receipt is early");
    insta::assert_snapshot!(warning, @r#"`Journey` may get `ReceiptSent` before it starts, and skips it then: it starts by `TripBooked`, and events of two streams have no promised order. Start it by `ReceiptSent`, too: `on.start(Self::the_method)`. If `ReceiptSent` only follows from what the process manager does, declare this with `.issues::<..>()` and `.raises::<..>()`. If something else keeps the order, say what: `.acknowledge(WarningSelector::event_before_start::<.., ..>(), "..")`"#);
}
