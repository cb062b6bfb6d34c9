use crate::{
    engine::delivery::consumer::{Consumer, Feed, Target},
    error::Error,
    handler::{Catalog, Interest, Ports},
    message::{Envelope, Recorded},
};

impl Consumer {
    /// Makes sure that the source knows the subscription.
    ///
    /// A new subscription starts reading at `settings.start`.
    pub(super) async fn subscribe(&mut self, ports: &Ports) -> Result<(), Error> {
        match &mut self.feed {
            Feed::Broker(feed) => feed.subscribe(ports, &self.settings).await,
            Feed::Store(feed) => feed.subscribe(ports).await,
        }
    }

    /// Returns false if the handler has no method for the message, so the subscription skips it.
    ///
    /// Returns true for an event that the program cannot read: it must fail, or it would be lost.
    pub(super) fn wants(&self, catalog: &Catalog, message: &Envelope) -> bool {
        match self.target {
            Target::Events(idx) => !matches!(catalog.interest(idx, message), Interest::None),
            Target::Commands(_) => true,
        }
    }

    /// Adds an event again that was read and settled before. Does nothing if the source is the
    /// broker.
    pub(super) fn reread(&mut self, ports: &Ports, event: &Recorded) {
        if let Feed::Store(feed) = &mut self.feed {
            feed.reread(ports, event);
        }
    }

    /// Returns the number of messages that wait with the newer events.
    pub(super) fn n_paused_messages(&self) -> usize {
        self.paused.iter().map(|paused| paused.n_messages).sum()
    }

    /// Returns true if all that the subscription has left to try belongs to paused streams.
    pub(super) async fn is_paused_only(&self, ports: &Ports) -> Result<bool, Error> {
        if self.paused.is_empty() {
            return Ok(false);
        }

        match &self.feed {
            Feed::Broker(feed) => {
                let backlog = feed.backlog(ports).await?;
                Ok(backlog.refused + backlog.held <= self.n_paused_messages())
            }
            Feed::Store(feed) => Ok(feed
                .all_unsettled(|stream| self.paused.iter().any(|paused| paused.stream == *stream))),
        }
    }
}
