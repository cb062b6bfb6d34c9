use std::{env, time::Duration};

/// The environment variable with the number of seconds after which a flow hangs.
pub(super) const ENV_VAR: &str = "FLOW_HANG_SECONDS";

const DEFAULT: Duration = Duration::from_secs(60);

/// Returns how long a flow may stand still. `None` means for ever. An empty variable counts as unset.
///
/// # Panics
///
/// Panics if the environment variable is not a number of seconds.
pub(super) fn from_env() -> Option<Duration> {
    match env::var(ENV_VAR) {
        Ok(text) if !text.is_empty() => parse(&text),
        _ => Some(DEFAULT),
    }
}

fn parse(text: &str) -> Option<Duration> {
    let n_seconds: u32 = text.parse().unwrap_or_else(|_| {
        panic!("{ENV_VAR}: `{text}` is not a number of seconds; 0 turns the watchdog off")
    });

    (n_seconds != 0).then(|| Duration::from_secs(n_seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hang_limit_is_a_number_of_seconds() {
        assert_eq!(parse("5"), Some(Duration::from_secs(5)));
        assert_eq!(parse("0"), None);
    }

    #[test]
    #[should_panic(expected = "FLOW_HANG_SECONDS: `1m` is not a number of seconds; 0 turns")]
    fn hang_limit_with_a_unit_panics() {
        parse("1m");
    }
}
