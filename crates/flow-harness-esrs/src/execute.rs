use std::fmt;

use esrs::{Aggregate, manager::AggregateManager, store::EventStore};
use uuid::Uuid;

/// Why [`execute`] failed.
#[derive(thiserror::Error)]
pub enum ExecuteError<E> {
    /// The test addresses an aggregate by something else than a UUID.
    #[error(
        "esrs names an aggregate by a UUID, but the test wrote at({id:?}, ..): write at(Uuid::from_u128(1), ..)"
    )]
    NoUuid {
        /// What the test wrote.
        id: String,
        /// Why it is no UUID.
        source: uuid::Error,
    },
    /// The store failed, or another command was executed first.
    #[error("{0}")]
    Store(E),
}

/// Executes a command as production does, for
/// [`fallible_command`](flow_harness::SystemUnderTest::fallible_command).
///
/// The inner error is the error of the aggregate, which a test expects with `then_rejected`. An aggregate that has
/// no events begins with its default state.
///
/// # Errors
///
/// Returns every other error as a failure. An error of an event handler is none: esrs does not report it.
pub async fn execute<S>(
    manager: &AggregateManager<S>,
    aggregate_id: &str,
    command: <S::Aggregate as Aggregate>::Command,
) -> Result<Result<(), <S::Aggregate as Aggregate>::Error>, ExecuteError<S::Error>>
where
    S: EventStore,
{
    let id = parse(aggregate_id)?;
    let loaded = manager.lock_and_load(id).await;
    let state = loaded.map_err(ExecuteError::Store)?.unwrap_or_default();

    let handled = manager.handle_command(state, command).await;
    Ok(handled.map_err(ExecuteError::Store)?.map(|_| ()))
}

/// Returns the UUID of an aggregate that a test has addressed.
pub(crate) fn parse<E>(id: &str) -> Result<Uuid, ExecuteError<E>> {
    id.parse().map_err(|source| ExecuteError::NoUuid {
        id: id.to_owned(),
        source,
    })
}

/// The report shows it.
impl<E: fmt::Debug + fmt::Display> fmt::Debug for ExecuteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUuid { .. } => fmt::Display::fmt(self, f),
            Self::Store(err) => fmt::Debug::fmt(err, f),
        }
    }
}
