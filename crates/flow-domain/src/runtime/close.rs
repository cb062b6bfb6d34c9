use crate::{error::Error, runtime::App};

impl App {
    /// Closes the broker and then the store, the store also if the broker cannot be closed. Nothing is to
    /// be done with this app or a clone of it any more.
    ///
    /// It is the last thing that a process does, after its engines have stopped. They leave the adapters
    /// open, because others may use them still.
    ///
    /// # Errors
    ///
    /// Returns the error of the broker, or else that of the store. Both are logged.
    pub async fn close(&self) -> Result<(), Error> {
        let broker = match &self.ports.broker {
            Some(broker) => broker.close().await,
            None => Ok(()),
        };
        let store = self.ports.store.close().await;

        for error in [&broker, &store]
            .into_iter()
            .filter_map(|one| one.as_ref().err())
        {
            tracing::error!(error = %error.with_causes(), "an adapter could not be closed");
        }

        broker.and(store)
    }
}
