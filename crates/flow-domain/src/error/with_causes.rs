use std::{error, fmt};

use crate::error::{Error, foreign::ForeignText};

impl Error {
    /// Returns the error and its chain of causes as one line.
    pub fn with_causes(&self) -> impl fmt::Display + '_ {
        WithCauses(self)
    }
}

struct WithCauses<'a>(&'a Error);

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;

        let mut cause = error::Error::source(self.0);
        while let Some(err) = cause {
            write!(f, ": {}", ForeignText(err))?;
            cause = err.source();
        }
        Ok(())
    }
}
