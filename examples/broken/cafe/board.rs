use flow_domain::{Error, Projection, Projector, ProjectorRoutes, Rows};
use serde::{Deserialize, Serialize};

use crate::{
    cafe::{CoffeeOrdered, CoffeeServed},
    mistake::Mistake,
};

/// The board above the counter, from which the barista reads an order.
#[derive(Debug, Default, Serialize, Deserialize, Projection)]
#[projection(id = order_id)]
pub(crate) struct Board {
    pub(crate) order_id: String,
    pub(crate) coffee: String,
    pub(crate) table: String,
    pub(crate) is_served: bool,
}

/// Maintains [`Board`].
pub(crate) struct BoardProjector {
    pub(crate) mistake: Option<Mistake>,
}

impl Projector for BoardProjector {
    type Projection = Board;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_coffee_ordered);
        on.event(Self::on_coffee_served);
    }
}

impl BoardProjector {
    pub(crate) async fn on_coffee_ordered(
        &self,
        event: CoffeeOrdered,
        rows: &mut Rows<'_, Board>,
    ) -> Result<(), Error> {
        if self.mistake == Some(Mistake::Swallowed) {
            event
                .table
                .parse::<u8>()
                .map_err(|err| Error::failed("reading the number of the table", err))?;
        }

        let order_id = match self.mistake {
            Some(Mistake::WrongId) => event.guest_id,
            _ => event.order_id,
        };

        rows.put(Board {
            order_id,
            coffee: event.coffee,
            table: event.table,
            is_served: false,
        })
        .await
    }

    async fn on_coffee_served(
        &self,
        event: CoffeeServed,
        rows: &mut Rows<'_, Board>,
    ) -> Result<(), Error> {
        if self.mistake == Some(Mistake::Overwritten) {
            let served = Board {
                order_id: event.order_id,
                is_served: true,
                ..Board::default()
            };
            return rows.put(served).await;
        }

        rows.change(event.order_id, |row| row.is_served = true)
            .await
    }
}
