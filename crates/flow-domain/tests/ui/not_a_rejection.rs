//! An error of somebody else is not turned into a refusal by chance.

use flow_domain::Error;

fn parse(text: &str) -> Result<u64, Error> {
    Ok(text.parse::<u64>()?)
}

fn main() {}
