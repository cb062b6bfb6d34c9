use std::{env, error, fmt, str::FromStr};

/// The level at which a flow runs.
///
/// Level 1, a single aggregate without infrastructure, has no mode; see [`unit`](crate::unit()).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Level 2: the whole chain inline, in this thread.
    #[default]
    Sync,
    /// Level 3: the production engine in test mode, in virtual time.
    ///
    /// Committed messages go through outbox, broker and subscriptions, and failed deliveries are retried.
    Engine,
    /// Levels 2 and 3, one after the other.
    ///
    /// The flow must pass in both. Both must end with the same stored states, events, replies and dead
    /// letters. [`allow_difference`](crate::Flow::allow_difference) names exceptions. The run returns the
    /// outcome of level 3.
    Differential,
}

impl Mode {
    /// The environment variable with the default mode of a harness.
    pub(crate) const ENV_VAR: &str = "FLOW_MODE";

    /// Returns the default mode of a harness. An empty variable counts as unset.
    ///
    /// # Panics
    ///
    /// Panics if [`ENV_VAR`](Self::ENV_VAR) holds an invalid mode. With a fallback, the tests would
    /// not run in the mode that the user asked for.
    pub(crate) fn from_env() -> Self {
        match env::var(Self::ENV_VAR) {
            Ok(name) if !name.is_empty() => match name.parse() {
                Ok(mode) => mode,
                Err(err) => panic!("{}: {err}", Self::ENV_VAR),
            },
            _ => Self::default(),
        }
    }

    /// Returns the name of the mode, as in `FLOW_MODE`: `engine`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Engine => "engine",
            Self::Differential => "differential",
        }
    }
}

/// The error for a text that is not the name of a mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidMode(String);

impl fmt::Display for InvalidMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.0;
        write!(
            f,
            "`{name}` is not a mode; expected `sync`, `engine` or `differential`"
        )
    }
}

impl error::Error for InvalidMode {}

impl FromStr for Mode {
    type Err = InvalidMode;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Sync, Self::Engine, Self::Differential]
            .into_iter()
            .find(|mode| mode.as_str() == name)
            .ok_or_else(|| InvalidMode(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_parses_from_its_name() {
        assert_eq!("engine".parse(), Ok(Mode::Engine));
        assert_eq!(
            "fast".parse::<Mode>().unwrap_err().to_string(),
            "`fast` is not a mode; expected `sync`, `engine` or `differential`"
        );
    }
}
