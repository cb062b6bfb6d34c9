use std::collections::BTreeSet;

use flow_domain::{
    Aggregate, Apply, Error, Event, EventHandler, EventRoutes, PendingEvents, UnitOfWork,
};
use serde::{Deserialize, Serialize};

use crate::{cafe::CoffeeOrdered, mistake::Mistake};

/// A loyalty card that gets a stamp for each order. Event-sourced.
#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = card_id, event_sourced, events(CardIssued, CardStamped))]
#[expect(
    clippy::struct_field_names,
    reason = "an id has the same name everywhere"
)]
pub(crate) struct Card {
    pub(crate) card_id: String,
    /// The ids of the orders with a stamp.
    pub(crate) stamps: BTreeSet<String>,
    #[serde(skip)]
    raised: PendingEvents,
}

impl Apply<CardIssued> for Card {
    fn apply(&mut self, event: &CardIssued) {
        self.card_id.clone_from(&event.card_id);
    }
}

impl Apply<CardStamped> for Card {
    fn apply(&mut self, event: &CardStamped) {
        self.stamps.insert(event.order_id.clone());
    }
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Card, id = card_id)]
pub(crate) struct CardIssued {
    pub(crate) card_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Card, id = card_id)]
pub(crate) struct CardStamped {
    pub(crate) card_id: String,
    pub(crate) order_id: String,
    /// The number of stamps after this one.
    pub(crate) n_stamps: usize,
}

/// Stamps the loyalty card of the guest, if the guest has one.
pub(crate) struct CardHandler {
    pub(crate) mistake: Option<Mistake>,
}

impl EventHandler for CardHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_coffee_ordered).raises::<CardStamped>();
    }
}

impl CardHandler {
    async fn on_coffee_ordered(
        &self,
        event: CoffeeOrdered,
        work: &mut UnitOfWork,
    ) -> Result<(), Error> {
        let card_id = match self.mistake {
            Some(Mistake::WrongKey) => event.guest_id,
            _ => event.card_id,
        };
        let Some(mut card) = work.find::<Card>(&card_id).await? else {
            return Ok(());
        };

        // The same event may be redelivered.
        let is_stamped = card.stamps.contains(&event.order_id);
        if !is_stamped || self.mistake == Some(Mistake::DeliveredTwice) {
            card.raise(CardStamped {
                card_id,
                n_stamps: card.stamps.len() + 1,
                order_id: event.order_id,
            });
        }

        work.add(card)
    }
}
