//! Which types the derives compare, and which they do not.

use flow_domain::{Event, Message, Projection};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(category = "jar", id = id)]
struct Opened {
    id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "jar", id = id)]
enum Jar {
    Closed { id: String },
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id)]
struct Row {
    id: String,
    /// NaN is not equal to itself.
    weight: f64,
}

#[test]
fn a_type_with_partial_eq_is_compared_by_it() {
    let opened = |id: &str| Opened { id: id.into() };
    let row = |weight| Row {
        id: "a".into(),
        weight,
    };

    assert_eq!(opened("a").try_eq(&opened("a")), Some(true));
    assert_eq!(opened("a").try_eq(&opened("b")), Some(false));
    assert_eq!(row(1.0).try_eq(&row(1.0)), Some(true));
    assert_eq!(row(f64::NAN).try_eq(&row(f64::NAN)), Some(false));
}

#[test]
fn a_type_without_partial_eq_is_not_compared() {
    let closed = || Jar::Closed { id: "a".into() };

    assert_eq!(closed().try_eq(&closed()), None);
}
