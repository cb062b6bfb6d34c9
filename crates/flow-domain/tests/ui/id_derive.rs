//! `Id` is derived for a struct with one field, and for an enum without fields.

use flow_domain::Id;
use serde::Serialize;

#[derive(Id)]
struct Seat {
    row: u16,
    number: u16,
}

#[derive(Id)]
struct Nothing;

#[derive(Id)]
struct Of<T>(T);

#[derive(Id)]
enum Place {
    Hall,
    Seat(u16),
}

#[derive(Id)]
enum Never {}

#[derive(Serialize, Id)]
#[serde(rename_all = "lowercase")]
enum Twice {
    North,
    NORTH,
}

#[derive(Id)]
union Bits {
    signed: i32,
    unsigned: u32,
}

/// A type with a mistake is one error, without errors where it is used.
fn keys() {
    let _ = (Place::Hall.key(), Seat { row: 1, number: 1 }.key());
}

fn main() {}
