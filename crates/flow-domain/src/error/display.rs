use std::{error, fmt};

use crate::error::{Error, foreign::ForeignText, kind::Kind};

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.kind, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            Kind::Rejected(rejection) => ForeignText(rejection).fmt(f),
            kind => kind.fmt(f),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &*self.kind {
            // `Display` already prints the rejection itself, so the chain continues with its cause.
            Kind::Rejected(rejection) => rejection.source(),
            kind => error::Error::source(kind),
        }
    }
}
