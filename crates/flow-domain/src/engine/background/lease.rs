use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::Error,
    handler::Ports,
    message::{ExpectedVersion, Payload, Version},
    port::{Changes, Write},
    record::{Table, TableKind},
};

const TABLE: Table = Table::new(TableKind::Checkpoint, "SubscriptionLease");

/// How long a lease lasts. After that the engine that has it is taken for dead.
const LEASE_DURATION: Duration = Duration::from_secs(30);

/// How old a lease becomes at most before it is renewed, so that one failure of the store does not lose
/// it.
pub(in crate::engine) const RENEW_AFTER: Duration = Duration::from_secs(10);

/// A lease that lasts for longer than this is not renewed.
const FRESH_IF_LONGER: Duration = Duration::from_secs(20);

/// The right to read the event store for a subscription: one engine has it, and saves the checkpoint.
///
/// Who was asleep for longer than it lasts may believe to have it still. What it handles then is handled
/// twice, and it finds out when it saves the checkpoint over another's.
#[derive(Debug)]
pub(in crate::engine) struct Lease {
    subscription: Arc<str>,
    worker: Arc<str>,
    /// While it is held: the version that was written, and until when it lasts.
    held: Option<(Version, Timestamp)>,
}

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

    /// Returns true if this engine has it, as far as it knows.
    pub(in crate::engine) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Takes it if nobody has it, or renews it if that is needed; returns false if another engine has it.
    pub(in crate::engine) async fn acquire_or_renew(
        &mut self,
        ports: &Ports,
    ) -> Result<bool, Error> {
        let now = ports.clock.now();
        let version = match self.held {
            Some((_, until)) if now + FRESH_IF_LONGER < until => return Ok(true),
            Some((version, _)) => version,
            None => match ports.store.load(TABLE, &self.subscription).await? {
                None => Version::NONE,
                Some(stored) => {
                    let kept: StoredLease = stored.value.decode("SubscriptionLease")?;
                    if now < kept.until {
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
                // It may be written or not, which is to be seen in the store.
                self.held = self.held.filter(|(_, until)| now < *until);
                Err(err)
            }
        }
    }

    /// Gives it back, so that another engine need not wait until it ends.
    pub(in crate::engine) async fn release(&mut self, ports: &Ports) -> Result<(), Error> {
        let Some((version, _)) = self.held.take() else {
            return Ok(());
        };

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
        });

        ports.store.commit(&changes).await.map(|_| ())
    }
}
