use std::fmt;

use uuid::Uuid;

#[cfg(feature = "personal")]
use crate::error::Error;

/// The context for which a new id is made.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct IdContext<'a> {
    /// The message being handled; `None` for messages from outside.
    pub cause: Option<Uuid>,
    /// The handler that asks for the id; empty for messages from outside.
    pub handler: &'a str,
    /// How often this handler has committed for this message before.
    pub n_commits: u32,
    /// How many ids this unit of work has made before.
    pub idx: u32,
}

impl<'a> IdContext<'a> {
    /// Creates the context of an id that `handler` asks for while it handles `cause`.
    pub fn new(cause: Option<Uuid>, handler: &'a str, n_commits: u32, idx: u32) -> Self {
        Self {
            cause,
            handler,
            n_commits,
            idx,
        }
    }
}

/// Makes ids.
///
/// Implementors may use the context or ignore it. They must not return the same id for two
/// different contexts.
pub trait IdSource: fmt::Debug + Send + Sync {
    /// Makes the id for `context`.
    fn make(&self, context: IdContext<'_>) -> Uuid;

    /// Makes a secret for `context`: random bytes that nobody can guess.
    ///
    /// # Errors
    ///
    /// Returns an error if the system has no random numbers.
    #[cfg(feature = "personal")]
    fn secret(&self, context: IdContext<'_>) -> Result<[u8; 64], Error> {
        let _ = context;
        let mut secret = [0; 64];
        getrandom::fill(&mut secret).map_err(|err| Error::failed("making a secret", err))?;
        Ok(secret)
    }

    /// Returns a copy that makes the same ids as this source from now on. It counts independently.
    ///
    /// Returns `None` if the source cannot repeat its ids.
    #[cfg(feature = "testing")]
    fn fork(&self) -> Option<std::sync::Arc<dyn IdSource>> {
        None
    }
}

/// Random ids that sort by time: UUID version 7.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    fn make(&self, _context: IdContext<'_>) -> Uuid {
        Uuid::now_v7()
    }
}
