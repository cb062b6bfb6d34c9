use std::panic::Location;

use flow_domain::{
    Error,
    model::{ListedMessage, Written},
    record::{BrokenLaw, Law},
};

use crate::flow::{Flow, Mismatch, Plan};

/// A law that is not looked after, and why.
#[derive(Clone, Debug)]
pub(crate) struct Unchecked {
    pub(crate) law: Law,
    pub(crate) reason: String,
}

impl Unchecked {
    /// Switches a law off, for a reason that is worth reading.
    pub(crate) fn new(
        location: &'static Location<'static>,
        law: Law,
        reason: &str,
    ) -> Result<Self, (&'static Location<'static>, Mismatch)> {
        let reason = reason.trim();
        if reason.is_empty() {
            let expected = format!("a reason why the law `{law}` is not looked after");
            let found = "none: whoever reads it later cannot tell whether it still holds";
            return Err((location, Mismatch::new(expected, found)));
        }
        let reason = reason.to_owned();
        Ok(Self { law, reason })
    }
}

impl<S> Flow<'_, S> {
    /// Does not look after this law in this sentence, for a reason that a failure tells; see
    /// [`Law`](crate::Law).
    ///
    /// # Examples
    ///
    /// ```
    /// # use flow_harness::prelude::*;
    /// # use shop::StockReceived;
    /// use flow_harness::Law;
    ///
    /// FlowHarness::new(shop::domain)
    ///     .when_event(StockReceived { product_id: "tea".into(), quantity: 5 })
    ///     .then_settled()
    ///     .without_law(Law::Rebuild, "the projector is about to be replaced")
    ///     .run();
    /// ```
    #[track_caller]
    pub fn without_law(mut self, law: Law, reason: &str) -> Self {
        match Unchecked::new(Location::caller(), law, reason) {
            Ok(unchecked) => {
                self.plan.laws = self.plan.laws.without(law);
                self.plan.unchecked.push(unchecked);
            }
            Err(misplaced) => self.plan.misplaced = Some(misplaced),
        }
        self
    }

    /// Writes a message down, and reads it back: what the sentence says is what is handled.
    pub(super) fn write(&mut self, message: &dyn ListedMessage) -> Result<Written, Error> {
        let mut written = message.write()?;
        if self.plan.laws.has(Law::RoundTrip) {
            self.plan.break_laws(message.read_back(&mut written));
        }
        Ok(written)
    }
}

impl Plan<'_> {
    /// Remembers laws that the step breaks which is said next.
    pub(super) fn break_laws(&mut self, broken: impl IntoIterator<Item = BrokenLaw>) {
        let step = self.steps.len();
        let broken = broken.into_iter().map(|broken| (step, broken));
        self.broken_laws.extend(broken);
    }
}
