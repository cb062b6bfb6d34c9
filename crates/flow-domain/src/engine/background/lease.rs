use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::Error,
    handler::Ports,
    message::{ExpectedVersion, Payload, Version},
    port::{Changes, RowKeys, Write},
    record::{Table, TableKind},
};

const TABLE: Table = Table::new(TableKind::Checkpoint, "SubscriptionLease");

/// How long a lease lasts. If it is not renewed in this time, its engine counts as dead.
const LEASE_DURATION: Duration = Duration::from_secs(30);

/// The age at which a lease is renewed.
///
/// It is a third of the duration, so an engine does not lose the lease if the store fails once.
pub(in crate::engine) const RENEW_AFTER: Duration = Duration::from_secs(10);

/// A lease is renewed when it has this much time left, or less.
const RENEW_AT_TIME_LEFT: Duration = Duration::from_secs(20);

/// The exclusive right of an engine to read the event store for a subscription and to save the
/// checkpoint.
///
/// An engine that was suspended for longer than the lease may believe that it still holds the
/// lease. It then handles events twice, and gets a conflict when it saves the checkpoint.
#[derive(Debug)]
pub(in crate::engine) struct Lease {
    subscription: Arc<str>,
    worker: Arc<str>,
    /// The version in the store and the end of the lease, while this engine holds it.
    held: Option<(Version, Timestamp)>,
}

/// A lease as the store keeps it.
// Invariant: the names of the fields are part of the stored format.
#[derive(Debug, Serialize, Deserialize)]
struct StoredLease {
    worker: Arc<str>,
    until: Timestamp,
}

impl Lease {
    pub(in crate::engine) fn new(subscription: Arc<str>, worker: Arc<str>) -> Self {
        Self {
            subscription,
            worker,
            held: None,
        }
    }

    /// Returns true if this engine holds the lease, as far as it knows.
    pub(in crate::engine) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Acquires the lease if it is free, or renews it at the age of [`RENEW_AFTER`].
    ///
    /// Returns false if another engine holds it.
    pub(in crate::engine) async fn acquire_or_renew(
        &mut self,
        ports: &Ports,
    ) -> Result<bool, Error> {
        let now = ports.clock.now();
        let version = match self.held {
            Some((_, until)) if now + RENEW_AT_TIME_LEFT < until => return Ok(true),
            Some((version, _)) => version,
            None => match ports.store.load(TABLE, &self.subscription).await? {
                None => Version::NONE,
                Some(stored) => {
                    let lease: StoredLease = stored.value.decode("SubscriptionLease")?;
                    if now < lease.until {
                        return Ok(false);
                    }

                    stored.version
                }
            },
        };

        let until = now + LEASE_DURATION;
        match self.write(ports, version, until).await {
            Ok(()) => {
                self.held = Some((version.next(), until));
                Ok(true)
            }
            Err(err) if err.is_conflict() => {
                self.held = None;
                Ok(false)
            }
            Err(err) => {
                // The store may have written the new lease, or not. Keep the old lease until its end.
                // The next call after that loads the lease from the store.
                self.held = self.held.filter(|(_, until)| now < *until);
                Err(err)
            }
        }
    }

    /// Releases the lease, so another engine can acquire it at once.
    pub(in crate::engine) async fn release(&mut self, ports: &Ports) -> Result<(), Error> {
        let Some((version, _)) = self.held.take() else {
            return Ok(());
        };

        // A lease that ends now is free.
        let now = ports.clock.now();
        match self.write(ports, version, now).await {
            Err(err) if !err.is_conflict() => Err(err),
            _ => Ok(()),
        }
    }

    async fn write(&self, ports: &Ports, version: Version, until: Timestamp) -> Result<(), Error> {
        let worker = Arc::clone(&self.worker);
        let mut changes = Changes::new("the engine");

        changes.writes.push(Write {
            table: TABLE,
            id: Arc::clone(&self.subscription),
            expected: ExpectedVersion::Exact(version),
            value: Some(Payload::encode(
                "SubscriptionLease",
                &StoredLease { worker, until },
            )?),
            keys: RowKeys::default(),
        });

        ports.store.commit(&changes).await.map(|_| ())
    }
}
