use std::{borrow::Cow, fmt};

use serde::{Serialize, de::DeserializeOwned};

use crate::model::DeclaredField;

/// One row of a read model. Projectors make it from events, and views read it.
///
/// The derive takes
///
/// | attribute | meaning |
/// |---|---|
/// | `id = field` | the field that identifies the row, an [`Id`](crate::Id) |
/// | `index(a, b)` | the fields that queries filter or sort by |
/// | `name = "Order"` | its name, if not the name of the struct |
///
/// A field in `index(..)` is [`Sortable`](crate::Sortable). It is sorted and compared by its type, and
/// the store has an index of it. Any other field is sorted and compared by its JSON; see
/// [`Comparison`](crate::port::Comparison). Times in particular need `index(..)`, because the text of a
/// time may not sort as the time does.
///
/// A row that was stored before a field was declared has no key for it. Then a query for the field is
/// an error until the projection is rebuilt.
///
/// # Examples
///
/// ```
/// use flow_domain::{Projection, clock::Timestamp};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, Serialize, Deserialize, Projection)]
/// #[projection(id = order_id, index(status, due_at))]
/// struct OrderDashboard {
///     order_id: String,
///     status: String,
///     due_at: Timestamp,
/// }
///
/// assert_eq!(OrderDashboard::NAME, "OrderDashboard");
/// assert_eq!(OrderDashboard::FIELDS, ["order_id", "status", "due_at"]);
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

    /// The fields that are declared with `index(..)`.
    #[doc(hidden)]
    const INDEX: &'static [DeclaredField<Self>] = &[];

    /// The field with the id of the row.
    #[doc(hidden)]
    const ID_FIELD: &'static str;

    /// Returns the key of this row, unique within the projection. See [`Id`](crate::Id).
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
