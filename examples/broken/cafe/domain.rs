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

/// The café, with this mistake if there is one.
pub(crate) fn domain(mistake: Option<Mistake>) -> Result<Domain, WiringErrors> {
    let cafe = Domain::builder("cafe")
        .aggregate::<Order>()
        .aggregate::<Card>()
        .projection::<Board>()
        .projection::<Stamps>()
        .command_handler(OrderHandler { mistake })
        .event_handler(CardHandler { mistake })
        .projector(StampsProjector);
    let board = BoardProjector { mistake };

    match mistake {
        Some(Mistake::NotSubscribed) => cafe.projector(not_subscribed::BoardProjector(board)),
        _ => cafe.projector(board),
    }
    .build()
}
