use std::{env, error, fmt, str::FromStr};

/// The level that a sentence is run at.
///
/// Level 1, a single aggregate without infrastructure, has no mode: see [`unit`](crate::unit()).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Level 2: the whole chain inline, in this thread.
    #[default]
    Sync,
    /// Level 3: the production engine in test mode. What is committed goes through outbox, broker and
    /// subscriptions; what fails is tried again, in virtual time.
    Engine,
    /// Levels 2 and 3, one after the other: the sentence must pass in both, and what is kept, raised,
    /// answered and given up on at the end must be the same. [`may_differ`](crate::Flow::may_differ)
    /// names what need not be. What is left is the outcome of level 3.
    Differential,
}

impl Mode {
    /// The variable that says the mode of every harness that does not say one.
    pub(crate) const ENV_VAR: &str = "FLOW_MODE";

    /// The mode of a harness that does not say one.
    ///
    /// # Panics
    ///
    /// Panics if the variable is set to something that is no mode: nothing would be as it was meant.
    pub(crate) fn from_env() -> Self {
        match env::var(Self::ENV_VAR) {
            Ok(name) => match name.parse() {
                Ok(mode) => mode,
                Err(err) => panic!("{}: {err}", Self::ENV_VAR),
            },
            Err(_) => Self::default(),
        }
    }

    /// What it is called in the environment: `engine`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Engine => "engine",
            Self::Differential => "compared",
        }
    }
}

/// A text that names no mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidMode(String);

impl fmt::Display for InvalidMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.0;
        write!(
            f,
            "`{name}` is not a mode: it is `sync`, `engine` or `compared`"
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
            "`fast` is not a mode: it is `sync`, `engine` or `compared`"
        );
    }
}
