/// A refusal by the domain: an error type of the user's own.
///
/// A handler that returns a rejection with `?` refuses the command. The caller gets the value back
/// through [`Error::rejection`](crate::Error::rejection). Every other error is a failure,
/// which is worth a retry and an alarm. A rejection needs neither.
///
/// # Examples
///
/// ```
/// use flow_domain::{Error, Rejection};
///
/// #[derive(Debug, PartialEq, thiserror::Error)]
/// enum OrderError {
///     #[error("the order is already placed")]
///     AlreadyPlaced,
/// }
///
/// impl Rejection for OrderError {}
///
/// fn place() -> Result<(), Error> {
///     Err(OrderError::AlreadyPlaced)?
/// }
///
/// let err = place().unwrap_err();
/// assert!(err.is_rejection());
/// assert_eq!(err.rejection(), Some(&OrderError::AlreadyPlaced));
/// ```
// For a `?` the compiler shows only the label, so the label has the advice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a rejection nor a `flow_domain::Error`",
    label = "not a `flow_domain::Error`; for a rejection by the domain: `impl flow_domain::Rejection for {Self} {{}}`; for any other failure: `.map_err(|err| flow_domain::Error::failed(\"the operation\", err))?`"
)]
pub trait Rejection: std::error::Error + Send + Sync + 'static {}
