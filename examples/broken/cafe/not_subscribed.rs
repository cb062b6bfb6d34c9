//! The routes are those of a type, so a mistake in them is a type of its own.

use flow_domain::{Error, Projector, ProjectorRoutes, Rows};

use crate::cafe::{Board, CoffeeOrdered, board};

/// The projector of the board, with a line missing in its routes.
pub(crate) struct BoardProjector(pub(crate) board::BoardProjector);

impl Projector for BoardProjector {
    type Projection = Board;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_coffee_ordered);
    }
}

impl BoardProjector {
    async fn on_coffee_ordered(
        &self,
        event: CoffeeOrdered,
        rows: &mut Rows<'_, Board>,
    ) -> Result<(), Error> {
        self.0.on_coffee_ordered(event, rows).await
    }
}
