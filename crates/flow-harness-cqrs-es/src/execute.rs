use cqrs_es::{Aggregate, AggregateError, CqrsFramework, EventStore};

/// Executes a command as production does, for
/// [`fallible_command`](flow_harness::SystemUnderTest::fallible_command).
///
/// The inner error is the error of the aggregate, which a test expects with `then_rejected`.
///
/// # Errors
///
/// Returns every other error as a failure: a conflict, or an error of the store.
pub async fn execute<A, ES>(
    framework: &CqrsFramework<A, ES>,
    aggregate_id: &str,
    command: A::Command,
) -> Result<Result<(), A::Error>, AggregateError<A::Error>>
where
    A: Aggregate,
    ES: EventStore<A>,
    ES::AC: Send,
{
    match framework.execute(aggregate_id, command).await {
        Ok(()) => Ok(Ok(())),
        Err(AggregateError::UserError(refused)) => Ok(Err(refused)),
        Err(err) => Err(err),
    }
}
