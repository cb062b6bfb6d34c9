//! Flows of the shop in which an order is placed.

use flow_harness::{Flow, flow::Acted};

use crate::fixture::{place_order, shop, stock_received};

/// Returns a flow in which an order was placed and its stock reserved.
#[track_caller]
pub(crate) fn ordered<'t>() -> Flow<'t, Acted> {
    shop().given_events(stock_received(100)).when(place_order())
}

/// Returns a flow in which the same order is placed again, which is rejected.
#[track_caller]
pub(crate) fn ordered_twice<'t>() -> Flow<'t, Acted> {
    shop()
        .given_events(stock_received(100))
        .given_command(place_order())
        .when(place_order())
}
