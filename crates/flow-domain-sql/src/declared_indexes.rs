use flow_domain::Projection;

/// The fields of a projection that are declared with `index(..)`, each of which needs an index.
///
/// A store takes it in its method `migrate_indexes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredIndexes {
    pub(crate) projection: &'static str,
    pub(crate) fields: Vec<&'static str>,
}

impl DeclaredIndexes {
    /// Returns the declared fields of the projection `P`.
    pub fn of<P: Projection>() -> Self {
        Self {
            projection: P::NAME,
            fields: P::INDEX.iter().map(|field| field.name).collect(),
        }
    }
}
