//! A projector with a mistake in its routes. Routes belong to a type, so this mistake needs its own
//! type.

use flow_domain::{Error, Projector, ProjectorRoutes, Rows};

use crate::cafe::{Board, CoffeeOrdered, board};

/// The projector of the board without the route for [`CoffeeServed`](super::CoffeeServed).
///
/// It has the name of the correct projector, because reports show this name.
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
