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
}
