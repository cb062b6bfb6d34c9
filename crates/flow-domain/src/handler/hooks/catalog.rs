use crate::{
    error::Error,
    handler::{Catalog, ProjectionEntry, catalog::not_registered_error},
    record::TableKind,
};

impl Catalog {
    /// Returns the projection with this name, or an error if it is not registered.
    pub(crate) fn require_projection_named(&self, name: &str) -> Result<&ProjectionEntry, Error> {
        self.projections
            .iter()
            .find(|entry| entry.name == name)
            .ok_or_else(|| not_registered_error(TableKind::Projection, name))
    }

    /// Returns an error unless an aggregate of the domain has this category.
    ///
    /// `name` is the name of the aggregate, for the error.
    pub(crate) fn require_category(&self, category: &str, name: &str) -> Result<(), Error> {
        if self
            .aggregates
            .iter()
            .any(|entry| entry.category == category)
        {
            return Ok(());
        }
        Err(not_registered_error(TableKind::Aggregate, name))
    }
}
