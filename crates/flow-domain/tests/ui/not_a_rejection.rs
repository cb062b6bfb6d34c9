//! A foreign error is not converted to a rejection by accident.

use flow_domain::Error;

fn parse(text: &str) -> Result<u64, Error> {
    Ok(text.parse::<u64>()?)
}

fn main() {}
