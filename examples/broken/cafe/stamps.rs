use flow_domain::{Error, Projection, Projector, ProjectorRoutes, Rows};
use serde::{Deserialize, Serialize};

use crate::cafe::CardStamped;

/// The loyalty card as guests see it on the phone.
#[derive(Debug, Serialize, Deserialize, Projection)]
#[projection(id = card_id)]
pub(crate) struct Stamps {
    card_id: String,
    n_stamps: usize,
}

/// Maintains [`Stamps`].
pub(crate) struct StampsProjector;

impl Projector for StampsProjector {
    type Projection = Stamps;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_card_stamped);
    }
}

impl StampsProjector {
    async fn on_card_stamped(
        &self,
        event: CardStamped,
        rows: &mut Rows<'_, Stamps>,
    ) -> Result<(), Error> {
        rows.put(Stamps {
            card_id: event.card_id,
            n_stamps: event.n_stamps,
        })
        .await
    }
}
