use std::{borrow::Cow, fmt};

use serde::{Serialize, de::DeserializeOwned};

/// One row of a read model: made from events, read by views, never a source of truth.
///
/// # Examples
///
/// ```
/// use flow_domain::Projection;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, Serialize, Deserialize, Projection)]
/// #[projection(id = order_id)]
/// struct OrderDashboard {
///     order_id: String,
///     status: String,
/// }
///
/// assert_eq!(OrderDashboard::NAME, "OrderDashboard");
/// assert_eq!(OrderDashboard::FIELDS, ["order_id", "status"]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a projection",
    note = "add `#[derive(Projection)]` and `#[projection(id = the_field)]` to it"
)]
pub trait Projection: Serialize + DeserializeOwned + fmt::Debug + Send + Sync + 'static {
    /// The name of the projection.
    const NAME: &'static str;

    /// The fields that a query may name, as they are called in JSON.
    const FIELDS: &'static [&'static str];

    /// The id of this row, unique within the projection.
    fn id(&self) -> Cow<'_, str>;

    /// Compares it with another by `PartialEq`; `None` if it has none. The derive writes it, for tests
    /// that ask whether what is serialised or rebuilt comes back equal.
    fn try_eq(&self, other: &Self) -> Option<bool> {
        let _ = other;
        None
    }
}
