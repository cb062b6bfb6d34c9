use crate::{error::Error, handler::Reply, runtime::ProcessResult};

impl ProcessResult {
    /// Returns a result without failures.
    pub fn from_reply(reply: Result<Reply, Error>) -> Self {
        Self::new(reply)
    }

    /// Returns a result without failures, with `()` as the reply.
    pub fn empty() -> Self {
        Self::new(Ok(Reply::new(())))
    }

    /// Returns the result of a command that failed, was rejected, or was not handled.
    pub fn from_error(err: Error) -> Self {
        Self::new(Err(err))
    }

    /// Adds the failures and the stall of a later result.
    ///
    /// If `later` is an error, it replaces the reply, unless the reply is an error already.
    pub fn merge(mut self, later: Result<Self, Error>) -> Self {
        match later {
            Ok(later) => {
                self.failures.extend(later.failures);
                self.log.append(later.log);
                self.stall = self.stall.or(later.stall);
            }
            Err(err) if self.reply.is_ok() => self.reply = Err(err),
            Err(_) => {}
        }

        self
    }
}
