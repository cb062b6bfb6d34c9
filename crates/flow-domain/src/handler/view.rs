use std::{fmt, marker::PhantomData, sync::Arc};

use crate::{
    error::Error,
    handler::Ports,
    json::{Json, SortKind},
    message::require_key,
    model::{DeclaredField, Id, Projection},
    port::{Comparison, Condition, Direction, FieldValue, OrderBy, Query, StoredState},
    record::{Table, TableKind},
};
use serde::Serialize;

/// Reads the rows of a projection.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::{OrderDashboard, PlaceOrder, app};
/// use flow_domain::field;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let app = app()?;
/// app.process(PlaceOrder { order_id: "ord-1".into(), total_cents: 9_995 }).await?;
///
/// let dashboard = app.view::<OrderDashboard>();
/// assert_eq!(dashboard.get("ord-1").await?.map(|row| row.status), Some("placed".into()));
/// assert_eq!(dashboard.count().await?, 1);
///
/// let drafts = dashboard.query().filter(field("status").equals("draft")).all().await?;
/// assert!(drafts.is_empty());
/// # Ok::<(), flow_domain::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct View<P> {
    ports: Arc<Ports>,
    projection: PhantomData<fn() -> P>,
}

impl<P: Projection> View<P> {
    pub(crate) fn new(ports: Arc<Ports>) -> Self {
        Self {
            ports,
            projection: PhantomData,
        }
    }

    const fn table() -> Table {
        Table::new(TableKind::Projection, P::NAME)
    }

    /// Returns the row with this id, if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if the projection is not registered, the key of the id is invalid, the store
    /// fails, or the stored row is not a `P`.
    pub async fn get(&self, id: impl Id) -> Result<Option<P>, Error> {
        let stored = self.load(&id.key()).await?;

        stored
            .map(|stored| stored.value.decode(P::NAME))
            .transpose()
    }

    /// Returns true if there is a row with this id.
    ///
    /// # Errors
    ///
    /// Returns an error if the projection is not registered, the key of the id is invalid, or the
    /// store fails.
    pub async fn exists(&self, id: impl Id) -> Result<bool, Error> {
        Ok(self.load(&id.key()).await?.is_some())
    }

    async fn load(&self, key: &str) -> Result<Option<StoredState>, Error> {
        self.ports.catalog.require_projection::<P>()?;
        require_key(P::NAME, P::ID_FIELD, key)?;
        self.ports.hooks.count_read().await;
        self.ports.store.get(Self::table(), key).await
    }

    /// Counts all rows.
    ///
    /// # Errors
    ///
    /// Returns an error if the projection is not registered or the store fails.
    pub async fn count(&self) -> Result<usize, Error> {
        self.query().count().await
    }

    /// Finds the first row that meets `condition`, in the order of the ids.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`ViewQuery::all`].
    pub async fn find(&self, condition: FieldCondition) -> Result<Option<P>, Error> {
        self.query().filter(condition).first().await
    }

    /// Starts a query for several rows.
    pub fn query(&self) -> ViewQuery<P> {
        ViewQuery {
            ports: Arc::clone(&self.ports),
            query: Query::default(),
            invalid_value: None,
            projection: PhantomData,
        }
    }
}

impl<P: Projection> fmt::Debug for View<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("projection", &P::NAME)
            .finish_non_exhaustive()
    }
}

/// A query for rows of a projection.
///
/// The rows are sorted by the fields of [`order_by`](Self::order_by), and then by their ids.
#[must_use = "a query does nothing until `all`, `first` or `count` is called"]
pub struct ViewQuery<P> {
    ports: Arc<Ports>,
    query: Query,
    /// The first value of a condition that has no JSON form.
    invalid_value: Option<Error>,
    projection: PhantomData<fn() -> P>,
}

impl<P: Projection> ViewQuery<P> {
    /// Adds a condition that the rows must meet.
    pub fn filter(mut self, condition: FieldCondition) -> Self {
        let field = condition.field.as_str();
        match condition
            .value
            .and_then(|value| field_value::<P>(field, value))
        {
            Ok(value) => self.query.conditions.push(Condition {
                field: condition.field,
                comparison: condition.comparison,
                value,
            }),
            Err(err) => {
                self.invalid_value.get_or_insert(err);
            }
        }
        self
    }

    /// Sorts by `field`, smallest first. A further call sorts the rows that are equal so far.
    pub fn order_by(self, field: &str) -> Self {
        self.add_order(field, Direction::Ascending)
    }

    /// Sorts by `field`, greatest first. A further call sorts the rows that are equal so far.
    pub fn order_by_descending(self, field: &str) -> Self {
        self.add_order(field, Direction::Descending)
    }

    fn add_order(mut self, field: &str, direction: Direction) -> Self {
        self.query.order.push(OrderBy {
            field: field.to_owned(),
            is_declared: declared_field::<P>(field).is_some(),
            direction,
        });
        self
    }

    /// Returns at most `limit` rows.
    pub fn limit(mut self, limit: usize) -> Self {
        self.query.limit = Some(limit);
        self
    }

    /// Skips the first `offset` rows.
    pub fn offset(mut self, offset: usize) -> Self {
        self.query.offset = offset;
        self
    }

    /// Runs the query and returns the sorted rows.
    ///
    /// # Errors
    ///
    /// Returns an error if the projection is not registered, or lacks a field that the query names.
    /// Returns one if a condition compares with a value that has no JSON form. Returns one if the
    /// store fails, or a stored row is not a `P`.
    pub async fn all(mut self) -> Result<Vec<P>, Error> {
        self.check()?;
        self.ports.hooks.count_read().await;

        let rows = self
            .ports
            .store
            .query(View::<P>::table(), &self.query)
            .await?;

        rows.iter().map(|row| row.value.decode(P::NAME)).collect()
    }

    /// Runs the query and returns the first of the sorted rows.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`all`](Self::all).
    pub async fn first(self) -> Result<Option<P>, Error> {
        Ok(self.limit(1).all().await?.pop())
    }

    /// Counts the rows that meet the conditions. Limit and offset are ignored.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`all`](Self::all).
    pub async fn count(mut self) -> Result<usize, Error> {
        self.check()?;
        self.ports.hooks.count_read().await;

        self.ports
            .store
            .count(View::<P>::table(), &self.query.conditions)
            .await
    }

    /// Returns an error if the projection is not registered, or if the query is not valid for it.
    fn check(&mut self) -> Result<(), Error> {
        self.ports.catalog.require_projection::<P>()?;
        if let Some(err) = self.invalid_value.take() {
            return Err(err);
        }

        let conditions = self
            .query
            .conditions
            .iter()
            .map(|condition| &condition.field);
        let order = self.query.order.iter().map(|order_by| &order_by.field);
        for field in conditions.chain(order) {
            if !P::FIELDS.contains(&field.as_str()) {
                return Err(Error::setup(format!(
                    "{} has no field `{field}`: it has `{}`",
                    P::NAME,
                    P::FIELDS.join("`, `")
                )));
            }
        }

        Ok(())
    }
}

impl<P: Projection> fmt::Debug for ViewQuery<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewQuery")
            .field("projection", &P::NAME)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}

fn declared_field<P: Projection>(name: &str) -> Option<&'static DeclaredField<P>> {
    P::INDEX.iter().find(|field| field.name == name)
}

/// Returns the value that a field is compared with.
fn field_value<P: Projection>(name: &str, value: Json) -> Result<FieldValue, Error> {
    let Some(field) = declared_field::<P>(name) else {
        return Ok(FieldValue::Json(value));
    };

    match (field.key_of_json)(&value) {
        Some(key) => Ok(FieldValue::Key(key)),
        None => Err(Error::setup(format!(
            "`{name}` of {} is compared with {value}, but it holds {}: \
             compare it with a value of its Rust type",
            P::NAME,
            match field.kind {
                SortKind::Bool => "booleans",
                SortKind::Number => "numbers",
                SortKind::Text => "texts",
                SortKind::Time => "times",
            }
        ))),
    }
}

/// Names a field of a projection, for a condition on it.
///
/// # Examples
///
/// ```
/// # use flow_domain::doc_fixture::{OrderDashboard, PlaceOrder, app};
/// use flow_domain::field;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let app = app()?;
/// # app.process(PlaceOrder { order_id: "ord-1".into(), total_cents: 12_500 }).await?;
/// let placed = field("status").equals("placed");
/// assert!(app.view::<OrderDashboard>().find(placed).await?.is_some());
/// # Ok::<(), flow_domain::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn field(name: &str) -> Field {
    Field(name.to_owned())
}

/// A field of a projection.
#[derive(Clone, Debug)]
#[must_use = "a field is not a condition until it is compared with a value"]
pub struct Field(String);

/// A condition on one field, from [`field`].
///
/// The value that it compares with may have no JSON form. Then the query returns an error.
#[derive(Debug)]
#[must_use = "a condition does nothing until it is passed to a query"]
pub struct FieldCondition {
    field: String,
    comparison: Comparison,
    value: Result<Json, Error>,
}

impl Field {
    fn compare_with(self, comparison: Comparison, value: impl Serialize) -> FieldCondition {
        FieldCondition {
            field: self.0,
            comparison,
            value: Json::from_serialize(&value),
        }
    }

    /// The field has this value.
    pub fn equals(self, value: impl Serialize) -> FieldCondition {
        self.compare_with(Comparison::Equal, value)
    }

    /// The field has another value.
    pub fn differs_from(self, value: impl Serialize) -> FieldCondition {
        self.compare_with(Comparison::NotEqual, value)
    }

    /// The field is smaller than this value.
    pub fn less_than(self, value: impl Serialize) -> FieldCondition {
        self.compare_with(Comparison::Less, value)
    }

    /// The field is smaller than this value, or equal to it.
    pub fn at_most(self, value: impl Serialize) -> FieldCondition {
        self.compare_with(Comparison::AtMost, value)
    }

    /// The field is greater than this value.
    pub fn greater_than(self, value: impl Serialize) -> FieldCondition {
        self.compare_with(Comparison::Greater, value)
    }

    /// The field is greater than this value, or equal to it.
    pub fn at_least(self, value: impl Serialize) -> FieldCondition {
        self.compare_with(Comparison::AtLeast, value)
    }
}
