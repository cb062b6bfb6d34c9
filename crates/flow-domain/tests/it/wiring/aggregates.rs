//! Aggregates with one category, whose streams would mix.

use flow_domain::{Aggregate, Domain, PendingEvents};
use serde::{Deserialize, Serialize};

use crate::wiring::fixture::{Order, wiring_errors_text};

#[derive(Debug, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, category = "order")]
struct Purchase {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

#[test]
fn category_of_two_aggregates_is_a_mistake() {
    let domain = Domain::builder("shop")
        .aggregate::<Order>()
        .aggregate::<Purchase>();

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `shop` has 1 wiring mistake

      1. `Order` and `Purchase` both have the category `order`, so their streams would mix
         give one of them another category: `#[aggregate(.., category = "..")]`
    "#);
}
