//! Typical test flows of the depot.

use flow_harness::prelude::*;
use serde_json::json;

use crate::mutation::{
    depot::{
        Account, AccountCharged, Bill, ChargeAccount, DeliverParcel, EnlistVan, LoadParcel, Parcel,
        ParcelError, ParcelEvent, RegisterParcel, ReturnParcel, Shipment, Stage, Tracking, Van,
        VanBoard, VanEnlisted, VanFilled,
    },
    flows::{FlowResult, NamedFlow},
};

pub(crate) const FLOWS: &[NamedFlow] = &[
    ("a parcel is registered", register_one_parcel),
    ("a parcel is not registered twice", register_parcel_twice),
    ("a parcel is loaded", load_parcel),
    ("a van is filled", fill_van),
    ("a parcel is delivered", deliver_parcel),
    ("a parcel is returned", return_parcel),
    ("two parcels are delivered", deliver_two_parcels),
    (
        "what is in no van is not delivered",
        deliver_unloaded_parcel,
    ),
    ("a van is enlisted", enlist_van),
    ("a parcel goes all the way", complete_journey),
];

fn register_command(parcel_id: &str) -> RegisterParcel {
    RegisterParcel {
        parcel_id: parcel_id.into(),
        sender: "acme".into(),
        recipient: "bob".into(),
        grams: 1_200,
    }
}

fn parcel_registered(parcel_id: &str) -> ParcelEvent {
    ParcelEvent::ParcelRegistered {
        parcel_id: parcel_id.into(),
        sender: "acme".into(),
        recipient: "bob".into(),
        grams: 1_200,
    }
}

fn load_command(parcel_id: &str) -> LoadParcel {
    LoadParcel {
        parcel_id: parcel_id.into(),
        van_id: "van-7".into(),
    }
}

fn deliver_command(parcel_id: &str) -> DeliverParcel {
    DeliverParcel {
        parcel_id: parcel_id.into(),
        signed_by: "eve".into(),
    }
}

fn enlist_command() -> EnlistVan {
    EnlistVan {
        van_id: "van-7".into(),
        driver: "carla".into(),
        capacity_grams: 2_000,
    }
}

fn register_one_parcel(depot: &FlowHarness) -> FlowResult {
    depot
        .when(register_command("p-1"))
        .then_events(parcel_registered("p-1"))
        .then_projection::<Tracking>("p-1")
        .is(Tracking {
            parcel_id: "p-1".into(),
            recipient: "bob".into(),
            stage: Stage::Registered,
            note: String::new(),
        })
        .then_process_manager::<Shipment>("p-1")
        .has(|shipment| shipment.sender == "acme" && shipment.grams == 1_200)
        .try_run()
}

fn register_parcel_twice(depot: &FlowHarness) -> FlowResult {
    depot
        .given_events(parcel_registered("p-1"))
        .when(register_command("p-1"))
        .then_rejected(ParcelError::Known)
        .then_no_events()
        .try_run()
}

fn load_parcel(depot: &FlowHarness) -> FlowResult {
    depot
        .given_command(enlist_command())
        .given_events(parcel_registered("p-1"))
        .when(load_command("p-1"))
        .then_event(ParcelEvent::ParcelLoaded {
            parcel_id: "p-1".into(),
            van_id: "van-7".into(),
            grams: 1_200,
        })
        .then_aggregate::<Van>("van-7")
        .has(|van| van.load_grams == 1_200)
        .then_projection::<VanBoard>("van-7")
        .is(VanBoard {
            van_id: "van-7".into(),
            driver: "carla".into(),
            n_parcels: 1,
            is_full: false,
        })
        .then_projection::<Tracking>("p-1")
        .like(json!({ "stage": "Loaded", "note": "in van van-7" }))
        .try_run()
}

fn fill_van(depot: &FlowHarness) -> FlowResult {
    depot
        .given_command(enlist_command())
        .given_events((parcel_registered("p-1"), parcel_registered("p-2")))
        .given_command(load_command("p-1"))
        .when(load_command("p-2"))
        .then(expect::event_matching(|filled: &VanFilled| {
            filled.load_grams == 2_400 && filled.driver == "carla"
        }))
        .then_projection::<VanBoard>("van-7")
        .has(|board| board.is_full && board.n_parcels == 2)
        .try_run()
}

fn deliver_parcel(depot: &FlowHarness) -> FlowResult {
    depot
        .given_command(enlist_command())
        .given_command(register_command("p-1"))
        .given_command(load_command("p-1"))
        .when(deliver_command("p-1"))
        .then_events((
            ParcelEvent::ParcelDelivered {
                parcel_id: "p-1".into(),
                van_id: "van-7".into(),
                signed_by: "eve".into(),
            },
            AccountCharged {
                owner: "acme".into(),
                parcel_id: "p-1".into(),
                cents: 620,
                owed_cents: 620,
            },
        ))
        .then(expect::commands(ChargeAccount {
            owner: "acme".into(),
            parcel_id: "p-1".into(),
            cents: 620,
        }))
        .then_projection::<Tracking>("p-1")
        .has(|row| row.stage == Stage::Delivered && row.note == "eve")
        .then_projection::<Bill>("acme")
        .is(Bill {
            owner: "acme".into(),
            parcels: vec!["p-1".into()],
            owed_cents: 620,
        })
        .then_process_manager::<Shipment>("p-1")
        .has(|shipment| shipment.is_over && shipment.is_charged)
        .try_run()
}

fn return_parcel(depot: &FlowHarness) -> FlowResult {
    depot
        .given_command(enlist_command())
        .given_command(register_command("p-1"))
        .given_command(load_command("p-1"))
        .when(ReturnParcel {
            parcel_id: "p-1".into(),
            reason: "nobody there".into(),
        })
        .then(expect::no_event::<AccountCharged>())
        .then_aggregate::<Parcel>("p-1")
        .has(|parcel| parcel.stage == Stage::Returned && parcel.van_id.is_none())
        .then_projection::<Tracking>("p-1")
        .like(json!({ "note": "nobody there", "stage": "Returned" }))
        .then_projection::<VanBoard>("van-7")
        .has(|board| board.n_parcels == 0)
        .try_run()
}

fn deliver_two_parcels(depot: &FlowHarness) -> FlowResult {
    depot
        .given_command(enlist_command())
        .given_command(register_command("p-1"))
        .given_command(register_command("p-2"))
        .given_command(load_command("p-1"))
        .given_command(load_command("p-2"))
        .given_command(deliver_command("p-1"))
        .when(deliver_command("p-2"))
        .then_aggregate::<Account>("acme")
        .has(|account| account.owed_cents == 1_240)
        .then_projection::<Bill>("acme")
        .has(|bill| bill.parcels == ["p-1", "p-2"] && bill.owed_cents == 1_240)
        .then(expect::projections::<Tracking>().all(|row| row.stage == Stage::Delivered))
        .then(expect::projections::<Tracking>().count(2))
        .try_run()
}

fn deliver_unloaded_parcel(depot: &FlowHarness) -> FlowResult {
    depot
        .given_events(parcel_registered("p-1"))
        .when(deliver_command("p-1"))
        .then_rejected(ParcelError::Not(Stage::Registered))
        .then_projection::<Tracking>("p-1")
        .has(|row| row.stage == Stage::Registered)
        .unchanged()
        .try_run()
}

fn enlist_van(depot: &FlowHarness) -> FlowResult {
    depot
        .when(enlist_command())
        .then_events(VanEnlisted {
            van_id: "van-7".into(),
            driver: "carla".into(),
            capacity_grams: 2_000,
        })
        .then_aggregate::<Van>("van-7")
        .has(|van| van.capacity_grams == 2_000 && van.driver == "carla" && van.load_grams == 0)
        .then_projection::<VanBoard>("van-7")
        .has(|board| board.driver == "carla")
        .try_run()
}

fn complete_journey(depot: &FlowHarness) -> FlowResult {
    depot
        .when(enlist_command())
        .when(register_command("p-1"))
        .when(load_command("p-1"))
        .then_projection::<VanBoard>("van-7")
        .has(|board| board.n_parcels == 1)
        .when(deliver_command("p-1"))
        .then_projection::<VanBoard>("van-7")
        .has(|board| board.n_parcels == 0)
        .then_projection::<Bill>("acme")
        .has(|bill| bill.owed_cents == 620)
        .try_run()
}
