use crate::{error::Error, runtime::App};

impl App {
    /// Closes the broker, and then the store. The store is closed also if closing the broker fails.
    ///
    /// Call it last in a process, after its engines have stopped. Engines leave the adapters open, because
    /// others may still use them. Do not use the app or a clone of it afterwards.
    ///
    /// # Errors
    ///
    /// Returns the error of the broker, or else the error of the store. Both are logged.
    pub async fn close(&self) -> Result<(), Error> {
        let broker_result = match &self.ports.broker {
            Some(broker) => broker.close().await,
            None => Ok(()),
        };
        let store_result = self.ports.store.close().await;

        for error in [&broker_result, &store_result]
            .into_iter()
            .filter_map(|result| result.as_ref().err())
        {
            tracing::error!(error = %error.with_causes(), "an adapter could not be closed");
        }

        broker_result.and(store_result)
    }
}
