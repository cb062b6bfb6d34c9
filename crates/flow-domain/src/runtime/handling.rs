use std::{pin::pin, sync::Arc};

use crate::{
    error::Error,
    handler::{
        AnyHandler, Call, Committed, Disposition, Ports, Reply, Session, UnitOfWork, catch_panic,
        span_of,
    },
    message::Envelope,
    record::{Ended, EntryId, HandlerKind, Happening},
};

/// One message on its way through one method: in a span and a unit of work of its own, recorded from
/// its start to its end.
pub(super) struct Handling<'a, R> {
    pub(super) ports: &'a Arc<Ports>,
    pub(super) envelope: &'a Arc<Envelope>,
    /// The entry of the record at which the message came to be.
    pub(super) cause: EntryId,
    pub(super) handler: &'static str,
    pub(super) kind: HandlerKind,
    pub(super) instance: &'a AnyHandler,
    pub(super) call: &'a dyn Call<R>,
}

impl<R: Answer> Handling<'_, R> {
    /// Handles the message and commits what that did. `session` lends its room.
    pub(super) async fn run(&self, session: &mut Session) -> Result<(R, Vec<Committed>), Error> {
        let Self {
            ports, envelope, ..
        } = self;
        let started = ports.record(Some(self.cause), || Happening::HandlerStarted {
            handler: self.handler,
            kind: self.kind,
            attempt: 1,
        });
        let mut work = UnitOfWork::begin(
            Arc::clone(ports),
            Arc::clone(envelope),
            self.handler,
            started,
            std::mem::take(session),
        );
        let span = span_of(envelope, self.handler, self.kind);
        let handled = {
            let handling = async {
                let answer = self.call.call(self.instance, envelope, &mut work).await?;
                let committed = if answer.let_go_because().is_some() {
                    Vec::new()
                } else {
                    work.commit().await?
                };
                Ok((answer, committed))
            };
            catch_panic(&span, pin!(handling)).await
        };
        let _entered = span.enter();
        match &handled {
            Ok((answer, _)) => {
                ports.record(Some(started), || {
                    Happening::HandlerEnded(match answer.let_go_because() {
                        Some(reason) => Ended::Filtered(reason.to_owned()),
                        None => Ended::Handled,
                    })
                });
            }
            Err(err) => work.record_failure((self.handler, started), err, work.lost()),
        }
        *session = work.into_session();
        handled
    }
}

/// What a method gives back if it does not fail.
pub(super) trait Answer {
    /// Why it let the message go, if it did: nothing is committed then.
    fn let_go_because(&self) -> Option<&str>;
}

impl Answer for Reply {
    fn let_go_because(&self) -> Option<&str> {
        None
    }
}

impl Answer for Disposition {
    fn let_go_because(&self) -> Option<&str> {
        match self {
            Self::Handled => None,
            Self::Filtered(reason) => Some(reason),
        }
    }
}
