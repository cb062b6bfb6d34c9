//! The flows of the depot, as one writes them to be sure of it.

use flow_harness::prelude::*;
use serde_json::json;

use crate::{
    depot::{
        Account, AccountCharged, Bill, ChargeAccount, DeliverParcel, EnlistVan, LoadParcel, Parcel,
        ParcelError, ParcelEvent, RegisterParcel, ReturnParcel, Shipment, Stage, Tracking, Van,
        VanBoard, VanEnlisted, VanFilled,
    },
    flows::{Named, Ran},
};

pub(crate) const FLOWS: &[Named] = &[
    ("a parcel is registered", a_parcel_is_registered),
    (
        "a parcel is not registered twice",
        a_parcel_is_not_registered_twice,
    ),
    ("a parcel is loaded", a_parcel_is_loaded),
    ("a van is filled", a_van_is_filled),
    ("a parcel is delivered", a_parcel_is_delivered),
    ("a parcel is returned", a_parcel_is_returned),
    ("two parcels are delivered", two_parcels_are_delivered),
    (
        "what is in no van is not delivered",
        what_is_in_no_van_is_not_delivered,
    ),
    ("a van is enlisted", a_van_is_enlisted),
    ("a parcel goes all the way", a_parcel_goes_all_the_way),
];

fn register(parcel_id: &str) -> RegisterParcel {
    RegisterParcel {
        parcel_id: parcel_id.into(),
        sender: "acme".into(),
        recipient: "bob".into(),
        grams: 1_200,
    }
}

fn registered(parcel_id: &str) -> ParcelEvent {
    ParcelEvent::ParcelRegistered {
        parcel_id: parcel_id.into(),
        sender: "acme".into(),
        recipient: "bob".into(),
        grams: 1_200,
    }
}

fn load(parcel_id: &str) -> LoadParcel {
    LoadParcel {
        parcel_id: parcel_id.into(),
        van_id: "van-7".into(),
    }
}

fn deliver(parcel_id: &str) -> DeliverParcel {
    DeliverParcel {
        parcel_id: parcel_id.into(),
        signed_by: "eve".into(),
    }
}

fn enlist() -> EnlistVan {
    EnlistVan {
        van_id: "van-7".into(),
        driver: "carla".into(),
        capacity_grams: 2_000,
    }
}

fn a_parcel_is_registered(depot: &FlowHarness) -> Ran {
    depot
        .when(register("p-1"))
        .then_events(registered("p-1"))
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

fn a_parcel_is_not_registered_twice(depot: &FlowHarness) -> Ran {
    depot
        .given_events(registered("p-1"))
        .when(register("p-1"))
        .then_rejected(ParcelError::Known)
        .then_no_events()
        .try_run()
}

fn a_parcel_is_loaded(depot: &FlowHarness) -> Ran {
    depot
        .given_command(enlist())
        .given_events(registered("p-1"))
        .when(load("p-1"))
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

fn a_van_is_filled(depot: &FlowHarness) -> Ran {
    depot
        .given_command(enlist())
        .given_events((registered("p-1"), registered("p-2")))
        .given_command(load("p-1"))
        .when(load("p-2"))
        .then_event_like(|filled: &VanFilled| {
            filled.load_grams == 2_400 && filled.driver == "carla"
        })
        .then_projection::<VanBoard>("van-7")
        .has(|board| board.is_full && board.n_parcels == 2)
        .try_run()
}

fn a_parcel_is_delivered(depot: &FlowHarness) -> Ran {
    depot
        .given_command(enlist())
        .given_command(register("p-1"))
        .given_command(load("p-1"))
        .when(deliver("p-1"))
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
        .then_commands(ChargeAccount {
            owner: "acme".into(),
            parcel_id: "p-1".into(),
            cents: 620,
        })
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

fn a_parcel_is_returned(depot: &FlowHarness) -> Ran {
    depot
        .given_command(enlist())
        .given_command(register("p-1"))
        .given_command(load("p-1"))
        .when(ReturnParcel {
            parcel_id: "p-1".into(),
            reason: "nobody there".into(),
        })
        .then_no_event::<AccountCharged>()
        .then_aggregate::<Parcel>("p-1")
        .has(|parcel| parcel.stage == Stage::Returned && parcel.van_id.is_none())
        .then_projection::<Tracking>("p-1")
        .like(json!({ "note": "nobody there", "stage": "Returned" }))
        .then_projection::<VanBoard>("van-7")
        .has(|board| board.n_parcels == 0)
        .try_run()
}

fn two_parcels_are_delivered(depot: &FlowHarness) -> Ran {
    depot
        .given_command(enlist())
        .given_command(register("p-1"))
        .given_command(register("p-2"))
        .given_command(load("p-1"))
        .given_command(load("p-2"))
        .given_command(deliver("p-1"))
        .when(deliver("p-2"))
        .then_aggregate::<Account>("acme")
        .has(|account| account.owed_cents == 1_240)
        .then_projection::<Bill>("acme")
        .has(|bill| bill.parcels == ["p-1", "p-2"] && bill.owed_cents == 1_240)
        .then_projections::<Tracking>()
        .all(|row| row.stage == Stage::Delivered)
        .then_projections::<Tracking>()
        .count(2)
        .try_run()
}

fn what_is_in_no_van_is_not_delivered(depot: &FlowHarness) -> Ran {
    depot
        .given_events(registered("p-1"))
        .when(deliver("p-1"))
        .then_rejected(ParcelError::Not(Stage::Registered))
        .then_projection::<Tracking>("p-1")
        .has(|row| row.stage == Stage::Registered)
        .unchanged()
        .try_run()
}

fn a_van_is_enlisted(depot: &FlowHarness) -> Ran {
    depot
        .when(enlist())
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

fn a_parcel_goes_all_the_way(depot: &FlowHarness) -> Ran {
    depot
        .when(enlist())
        .when(register("p-1"))
        .when(load("p-1"))
        .then_projection::<VanBoard>("van-7")
        .has(|board| board.n_parcels == 1)
        .when(deliver("p-1"))
        .then_projection::<VanBoard>("van-7")
        .has(|board| board.n_parcels == 0)
        .then_projection::<Bill>("acme")
        .has(|bill| bill.owed_cents == 620)
        .try_run()
}
