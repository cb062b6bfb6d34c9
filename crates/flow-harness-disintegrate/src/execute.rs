use disintegrate::{
    BoxDynError, Decision, DecisionError, DecisionMaker, Event, EventId, IntoState, IntoStatePart,
    LoadState, MultiState, PersistDecision,
};
use serde::{Serialize, de::DeserializeOwned};

/// Makes a decision as production does, for
/// [`fallible_command`](flow_harness::SystemUnderTest::fallible_command).
///
/// The inner error is the error of the decision, which a test expects with `then_rejected`.
///
/// # Errors
///
/// Returns every error of a store as a failure, also that another decision came first.
pub async fn execute<D, S, ID, E, SS>(
    decision_maker: &DecisionMaker<SS>,
    decision: D,
) -> Result<Result<(), D::Error>, BoxDynError>
where
    D: Decision<StateQuery = S, Event = E>,
    D::Error: 'static,
    S: Send + Sync + Serialize + DeserializeOwned + IntoStatePart<ID, S>,
    <S as IntoStatePart<ID, S>>::Target:
        Send + Sync + Serialize + DeserializeOwned + IntoState<S> + MultiState<ID, E>,
    ID: EventId,
    E: Event + Clone + Send + Sync + 'static,
    SS: LoadState<ID, S, E> + PersistDecision<ID, S, E>,
{
    match decision_maker.make(decision).await {
        Ok(_) => Ok(Ok(())),
        Err(DecisionError::Domain(refused)) => Ok(Err(refused)),
        Err(DecisionError::EventStore(err) | DecisionError::StateStore(err)) => Err(err),
    }
}
