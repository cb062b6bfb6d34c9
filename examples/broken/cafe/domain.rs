use flow_domain::{Domain, WiringErrors};

use crate::{
    cafe::{
        Board, Card, Order,
        board::BoardProjector,
        card::CardHandler,
        not_subscribed,
        order::OrderHandler,
        stamps::{Stamps, StampsProjector},
    },
    mistake::Mistake,
};

/// Builds the domain of the café, with one mistake or with none.
pub(crate) fn domain(mistake: Option<Mistake>) -> Result<Domain, WiringErrors> {
    let cafe = Domain::builder("cafe")
        .aggregate::<Order>()
        .aggregate::<Card>()
        .projection::<Board>()
        .projection::<Stamps>()
        .command_handler(OrderHandler { mistake })
        .event_handler(CardHandler { mistake })
        .projector(StampsProjector);
    let board_projector = BoardProjector { mistake };

    match mistake {
        Some(Mistake::NotSubscribed) => {
            cafe.projector(not_subscribed::BoardProjector(board_projector))
        }
        _ => cafe.projector(board_projector),
    }
    .build()
}
