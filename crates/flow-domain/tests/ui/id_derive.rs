//! `Id` is derived for a struct with one field, and for an enum without fields.

use flow_domain::Id;

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

#[derive(Id)]
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

fn main() {}
