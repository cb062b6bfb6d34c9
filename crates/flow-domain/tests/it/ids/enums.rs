//! An enum without fields is an id. Its key is the name of its variant in JSON.

use flow_domain::{Id, message::Payload};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, Serialize, Deserialize, Id)]
enum Plain {
    NorthWing,
    r#SouthWing,
    #[serde(rename = "elsewhere")]
    Other,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, Id)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
enum Renamed {
    NorthWing,
    Wing2 {},
    Wing3(),
    #[serde(rename(serialize = "x", deserialize = "y"))]
    Other,
}

fn json_of(id: &impl Serialize) -> String {
    let json = Payload::encode("an id", id).unwrap();
    json.as_json().trim_matches('"').to_owned()
}

#[test]
fn key_of_an_enum_is_its_name_in_json() {
    for plain in [Plain::NorthWing, Plain::SouthWing, Plain::Other] {
        assert_eq!(plain.key(), json_of(&plain));
    }
    for renamed in [Renamed::NorthWing, Renamed::Other] {
        assert_eq!(renamed.key(), json_of(&renamed));
    }

    assert_eq!(Plain::Other.key(), "elsewhere");
    assert_eq!(Renamed::NorthWing.key(), "NORTH-WING");
    assert_eq!(Renamed::Wing2 {}.key(), "WING2");
    assert_eq!(Renamed::Wing3().key(), "WING3");
}
