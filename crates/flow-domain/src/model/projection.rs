use std::{borrow::Cow, fmt};

use serde::{Serialize, de::DeserializeOwned};

/// One row of a read model. Projectors make it from events, and views read it.
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

    /// The JSON names of the fields that a query may name.
    const FIELDS: &'static [&'static str];

    /// Returns the id of this row, unique within the projection.
    fn id(&self) -> Cow<'_, str>;

    /// Compares two rows by `PartialEq`. Returns `None` if the type does not implement it.
    ///
    /// The derive implements this. Tests use it to check that a row is equal after a round trip or
    /// a rebuild.
    #[doc(hidden)]
    fn try_eq(&self, other: &Self) -> Option<bool> {
        let _ = other;
        None
    }
}
