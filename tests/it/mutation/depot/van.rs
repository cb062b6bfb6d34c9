use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Error, Event, EventHandler, EventRoutes,
    PendingEvents, UnitOfWork,
};
use serde::{Deserialize, Serialize};

use crate::mutation::depot::ParcelEvent;

/// Stored as state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = van_id, commands(EnlistVan), events(VanEnlisted, VanFilled))]
pub(crate) struct Van {
    pub(crate) van_id: String,
    pub(crate) driver: String,
    pub(crate) capacity_grams: u32,
    pub(crate) load_grams: u32,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Van, id = van_id)]
pub(crate) struct EnlistVan {
    pub(crate) van_id: String,
    pub(crate) driver: String,
    pub(crate) capacity_grams: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Van, id = van_id)]
pub(crate) struct VanEnlisted {
    pub(crate) van_id: String,
    pub(crate) driver: String,
    pub(crate) capacity_grams: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Van, id = van_id)]
pub(crate) struct VanFilled {
    pub(crate) van_id: String,
    pub(crate) driver: String,
    pub(crate) load_grams: u32,
}

#[derive(Debug)]
pub(crate) struct Fleet;

impl CommandHandler for Fleet {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::enlist).raises::<VanEnlisted>();
    }
}

impl Fleet {
    async fn enlist(&self, command: EnlistVan, work: &mut UnitOfWork) -> Result<(), Error> {
        let EnlistVan {
            van_id,
            driver,
            capacity_grams,
        } = command;
        let mut van = Van {
            van_id: van_id.clone(),
            driver: driver.clone(),
            capacity_grams,
            load_grams: 0,
            raised: PendingEvents::default(),
        };

        van.raise(VanEnlisted {
            van_id,
            driver,
            capacity_grams,
        });
        work.add(van)
    }
}

/// Counts the parcels in a van.
#[derive(Debug)]
pub(crate) struct Loader;

impl EventHandler for Loader {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_parcel);
    }
}

impl Loader {
    async fn on_parcel(&self, event: ParcelEvent, work: &mut UnitOfWork) -> Result<(), Error> {
        let ParcelEvent::ParcelLoaded { van_id, grams, .. } = event else {
            return Ok(());
        };

        let mut van = work.load::<Van>(&van_id).await?;
        van.load_grams += grams;
        if van.capacity_grams <= van.load_grams {
            let driver = van.driver.clone();
            let load_grams = van.load_grams;
            van.raise(VanFilled {
                van_id,
                driver,
                load_grams,
            });
        }

        work.add(van)
    }
}
