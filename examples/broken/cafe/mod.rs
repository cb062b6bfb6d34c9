//! A café without mistakes. Guests order coffee and are served. The barista reads the orders from a
//! board. Each order gives the guest a stamp on a loyalty card.
//!
//! ```text
//! OrderCoffee -> OrderHandler -> CoffeeOrdered -> BoardProjector -> Board
//!                                              -> CardHandler -> CardStamped
//! ServeCoffee -> OrderHandler -> CoffeeServed  -> BoardProjector -> Board
//!                                CardStamped   -> StampsProjector -> Stamps
//! ```

mod board;
mod card;
mod domain;
mod not_subscribed;
mod order;
mod stamps;

pub(crate) use board::Board;
pub(crate) use card::{Card, CardIssued, CardStamped};
pub(crate) use domain::domain;
pub(crate) use order::{CoffeeOrdered, CoffeeServed, Order, OrderCoffee, ServeCoffee};
