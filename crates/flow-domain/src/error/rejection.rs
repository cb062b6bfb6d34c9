/// A refusal by the domain: an error type of the user's own that means "understood, and no".
///
/// A handler that returns a rejection with `?` refuses the command; the caller gets the value back
/// through [`Error::rejection`](crate::Error::rejection). Every other error is a failure, which is
/// worth a retry and an alarm; a rejection is neither.
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
// The compiler shows nothing but the label where `?` is meant.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a refusal by the domain nor an error of flow-domain",
    label = "not an error of flow-domain; a refusal by the domain: `impl flow_domain::Rejection for {Self} {{}}`; a failure of the outside: `.map_err(|err| flow_domain::Error::failed(\"what was being done\", err))?`"
)]
pub trait Rejection: std::error::Error + Send + Sync + 'static {}
