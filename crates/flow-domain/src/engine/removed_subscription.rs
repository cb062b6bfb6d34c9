use std::sync::Arc;

use crate::{
    engine::delivery::{consumer::Consumer, ledger_row::LedgerRow, partitions::LEASE},
    error::Error,
    port::{Changes, Fence, HeldPartition, LedgerWrite, Turn},
    runtime::App,
};

impl App {
    /// Forgets how far a subscription has come that the domain does not have any more.
    ///
    /// The store keeps this for ever, because another program may still run the subscription, or a later
    /// version of the domain may have it again. If it comes back after this call, it begins as a new one.
    /// `name` is the name of a handler, or `order:command` for commands. Returns false if there is nothing
    /// to forget.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`Error::is_setup`] is true if the domain has the subscription. Returns
    /// an error if the store fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # use flow_domain::doc_fixture::app;
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let app = app()?;
    /// assert!(!app.forget_subscription("OldReportProjector").await?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn forget_subscription(&self, name: &str) -> Result<bool, Error> {
        let store = &self.ports.store;
        let member: Arc<str> = "clean-up".into();
        let consumers = Consumer::all(&self.ports.catalog, &member);
        if consumers.iter().any(|consumer| *consumer.name == *name) {
            return Err(Error::setup(format!(
                "the domain has the subscription `{name}`, so it cannot be forgotten: remove its handler first"
            )));
        }

        let forgotten = LedgerRow::default().encode();
        let ledgers = store.ledgers(name).await?;
        let known = ledgers.iter().filter(|(_, ledger)| *ledger != forgotten);
        let Some(last) = known.map(|(partition, _)| *partition).max() else {
            return Ok(false);
        };

        // The rows stay, because their epochs keep owners from committing that were replaced.
        let group: Arc<str> = name.into();
        let turn = Turn {
            group: &group,
            member: &member,
            n_partitions: last + 1,
            held: &[],
            lease: LEASE,
            is_takeover: true,
        };
        let won = store.turn(&turn).await?.won;
        let mut changes = Changes::new("the clean-up");
        changes.ledgers.extend(won.iter().map(|won| LedgerWrite {
            fence: Fence {
                group: Arc::clone(&group),
                partition: won.partition,
                epoch: won.epoch,
            },
            value: forgotten.clone(),
        }));
        let forgotten = store.commit(&changes).await;

        let held = won.iter().map(|won| HeldPartition {
            partition: won.partition,
            epoch: won.epoch,
        });
        let held: Vec<HeldPartition> = held.collect();
        store.release(&group, &held).await?;
        store.leave(&group, &member).await?;
        forgotten.map(|_| true)
    }
}
