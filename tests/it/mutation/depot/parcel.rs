use std::{error, fmt};

use flow_domain::{
    Aggregate, Apply, Command, CommandHandler, CommandRoutes, Error, Event, PendingEvents,
    Rejection, UnitOfWork,
};
use serde::{Deserialize, Serialize};

/// Event-sourced.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(
    id = parcel_id,
    event_sourced,
    commands(RegisterParcel, LoadParcel, DeliverParcel, ReturnParcel),
    events(ParcelEvent)
)]
pub(crate) struct Parcel {
    pub(crate) parcel_id: String,
    pub(crate) grams: u32,
    pub(crate) van_id: Option<String>,
    pub(crate) stage: Stage,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    #[default]
    Registered,
    Loaded,
    Delivered,
    Returned,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Parcel, id = parcel_id)]
pub(crate) enum ParcelEvent {
    ParcelRegistered {
        parcel_id: String,
        sender: String,
        recipient: String,
        grams: u32,
    },
    ParcelLoaded {
        parcel_id: String,
        van_id: String,
        grams: u32,
    },
    ParcelDelivered {
        parcel_id: String,
        van_id: String,
        signed_by: String,
    },
    ParcelReturned {
        parcel_id: String,
        van_id: String,
        reason: String,
    },
}

impl Apply<ParcelEvent> for Parcel {
    fn apply(&mut self, event: &ParcelEvent) {
        match event {
            ParcelEvent::ParcelRegistered {
                parcel_id, grams, ..
            } => {
                self.parcel_id.clone_from(parcel_id);
                self.grams = *grams;
            }
            ParcelEvent::ParcelLoaded { van_id, .. } => {
                self.van_id = Some(van_id.clone());
                self.stage = Stage::Loaded;
            }
            ParcelEvent::ParcelDelivered { .. } => {
                self.van_id = None;
                self.stage = Stage::Delivered;
            }
            ParcelEvent::ParcelReturned { .. } => {
                self.van_id = None;
                self.stage = Stage::Returned;
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParcelError {
    Known,
    Not(Stage),
}

impl fmt::Display for ParcelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known => f.write_str("the parcel is registered already"),
            Self::Not(stage) => write!(f, "the parcel is {stage:?}"),
        }
    }
}

impl error::Error for ParcelError {}

impl Rejection for ParcelError {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Parcel, id = parcel_id)]
pub(crate) struct RegisterParcel {
    pub(crate) parcel_id: String,
    pub(crate) sender: String,
    pub(crate) recipient: String,
    pub(crate) grams: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Parcel, id = parcel_id)]
pub(crate) struct LoadParcel {
    pub(crate) parcel_id: String,
    pub(crate) van_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Parcel, id = parcel_id)]
pub(crate) struct DeliverParcel {
    pub(crate) parcel_id: String,
    pub(crate) signed_by: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
#[command(part_of = Parcel, id = parcel_id)]
pub(crate) struct ReturnParcel {
    pub(crate) parcel_id: String,
    pub(crate) reason: String,
}

#[derive(Debug)]
pub(crate) struct ParcelDesk;

impl CommandHandler for ParcelDesk {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::register);
        on.command(Self::load);
        on.command(Self::deliver);
        on.command(Self::take_back);
    }
}

impl ParcelDesk {
    async fn register(&self, command: RegisterParcel, work: &mut UnitOfWork) -> Result<(), Error> {
        if work.find::<Parcel>(&command.parcel_id).await?.is_some() {
            return Err(ParcelError::Known.into());
        }

        let RegisterParcel {
            parcel_id,
            sender,
            recipient,
            grams,
        } = command;
        let mut parcel = Parcel::default();

        parcel.raise(ParcelEvent::ParcelRegistered {
            parcel_id,
            sender,
            recipient,
            grams,
        });

        work.add(parcel)
    }

    async fn load(&self, command: LoadParcel, work: &mut UnitOfWork) -> Result<(), Error> {
        let LoadParcel { parcel_id, van_id } = command;
        let mut parcel = work.load::<Parcel>(&parcel_id).await?;

        if parcel.stage != Stage::Registered {
            return Err(ParcelError::Not(parcel.stage).into());
        }

        let grams = parcel.grams;
        parcel.raise(ParcelEvent::ParcelLoaded {
            parcel_id,
            van_id,
            grams,
        });

        work.add(parcel)
    }

    async fn deliver(&self, command: DeliverParcel, work: &mut UnitOfWork) -> Result<(), Error> {
        let DeliverParcel {
            parcel_id,
            signed_by,
        } = command;
        let mut parcel = work.load::<Parcel>(&parcel_id).await?;
        let Some(van_id) = parcel.van_id.clone() else {
            return Err(ParcelError::Not(parcel.stage).into());
        };

        parcel.raise(ParcelEvent::ParcelDelivered {
            parcel_id,
            van_id,
            signed_by,
        });

        work.add(parcel)
    }

    async fn take_back(&self, command: ReturnParcel, work: &mut UnitOfWork) -> Result<(), Error> {
        let ReturnParcel { parcel_id, reason } = command;
        let mut parcel = work.load::<Parcel>(&parcel_id).await?;
        let Some(van_id) = parcel.van_id.clone() else {
            return Err(ParcelError::Not(parcel.stage).into());
        };

        parcel.raise(ParcelEvent::ParcelReturned {
            parcel_id,
            van_id,
            reason,
        });

        work.add(parcel)
    }
}
