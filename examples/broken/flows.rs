//! A test flow for each mistake. It passes in the correct café, and fails if the mistake is made.

use flow_harness::prelude::*;

use crate::{
    cafe::{self, Board, Card, CardIssued, CardStamped, CoffeeServed, OrderCoffee, ServeCoffee},
    mistake::Mistake,
};

/// Runs the flow that finds `mistake`, in a café with the mistake `active`.
pub(crate) fn run_flow(mistake: Mistake, active: Option<Mistake>) -> Result<Outcome, FlowFailure> {
    let cafe = FlowHarness::new(move || cafe::domain(active));

    match mistake {
        Mistake::WrongId => order_is_on_the_board(&cafe),
        Mistake::WrongKey => card_is_stamped(&cafe),
        Mistake::NotSubscribed => board_shows_what_is_served(&cafe),
        Mistake::ForgottenAdd => order_is_served(&cafe),
        Mistake::Overwritten => board_still_shows_the_coffee(&cafe),
        Mistake::Swallowed => order_without_table_is_on_the_board(&cafe),
        Mistake::DeliveredTwice => card_is_stamped_once(&cafe),
        Mistake::TooEarly => order_is_on_the_board_in_time(&cafe, active),
    }
}

fn order_is_on_the_board(cafe: &FlowHarness) -> Result<Outcome, FlowFailure> {
    cafe.given_events(card())
        .when(order_coffee("3"))
        .then_event(card_stamped())
        .then_projection::<Board>("42")
        .has(|row| row.coffee == "flat white")
        .try_run()
}

fn card_is_stamped(cafe: &FlowHarness) -> Result<Outcome, FlowFailure> {
    cafe.given_events(card())
        .when(order_coffee("3"))
        .then_aggregate::<Card>("7")
        .like(json!({ "stamps": ["42"] }))
        .try_run()
}

fn board_shows_what_is_served(cafe: &FlowHarness) -> Result<Outcome, FlowFailure> {
    cafe.given_command(order_coffee("3"))
        .when(serve_coffee())
        .then_projection::<Board>("42")
        .like(json!({ "is_served": true }))
        .try_run()
}

fn order_is_served(cafe: &FlowHarness) -> Result<Outcome, FlowFailure> {
    cafe.given_command(order_coffee("3"))
        .when(serve_coffee())
        .then_event(coffee_served())
        .try_run()
}

fn board_still_shows_the_coffee(cafe: &FlowHarness) -> Result<Outcome, FlowFailure> {
    cafe.given_events(card())
        .when(order_coffee("3"))
        .when(serve_coffee())
        .then_projection::<Board>("42")
        .like(json!({ "coffee": "flat white", "table": "3" }))
        .try_run()
}

fn order_without_table_is_on_the_board(cafe: &FlowHarness) -> Result<Outcome, FlowFailure> {
    cafe.clone()
        .mode(Mode::Engine)
        .given_events(card())
        .when(order_coffee("to go"))
        .then_projection::<Board>("42")
        .try_run()
}

fn card_is_stamped_once(cafe: &FlowHarness) -> Result<Outcome, FlowFailure> {
    cafe.given_events(card())
        .when(order_coffee("3"))
        .when_redelivered(1)
        .then_no_events()
        .try_run()
}

fn order_is_on_the_board_in_time(
    cafe: &FlowHarness,
    active: Option<Mistake>,
) -> Result<Outcome, FlowFailure> {
    let cafe = cafe.clone().mode(Mode::Engine);
    let cafe = match active {
        // Like in production, the engine runs on its own and the test does not wait for it.
        Some(Mistake::TooEarly) => cafe.paused(),
        _ => cafe,
    };

    cafe.when(order_coffee("3"))
        .then_projection::<Board>("42")
        .try_run()
}

fn card() -> CardIssued {
    CardIssued {
        card_id: "7".into(),
    }
}

fn card_stamped() -> CardStamped {
    CardStamped {
        card_id: "7".into(),
        order_id: "42".into(),
        n_stamps: 1,
    }
}

fn order_coffee(table: &str) -> OrderCoffee {
    OrderCoffee {
        order_id: "42".into(),
        guest_id: "ada".into(),
        card_id: "7".into(),
        coffee: "flat white".into(),
        table: table.into(),
    }
}

fn serve_coffee() -> ServeCoffee {
    ServeCoffee {
        order_id: "42".into(),
    }
}

fn coffee_served() -> CoffeeServed {
    CoffeeServed {
        order_id: "42".into(),
    }
}
