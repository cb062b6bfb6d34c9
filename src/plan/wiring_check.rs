use std::{
    any::TypeId,
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use flow_domain::Domain;

use crate::outcome::Warning;

/// The warnings about the wiring of a domain, found at the first run and then known.
///
/// The check costs more than a small flow. So a process checks the domain of a function only once, if
/// the function captures no values.
#[derive(Clone, Debug, Default)]
pub(crate) struct WiringCheck(Arc<OnceLock<Arc<[Warning]>>>);

static OF_FUNCTIONS: Mutex<BTreeMap<TypeId, WiringCheck>> = Mutex::new(BTreeMap::new());

impl WiringCheck {
    /// Returns the check of the domain that a function of the type `F` builds.
    pub(crate) fn of_function<F: 'static>() -> Self {
        // Functions with captured values share a type, but may build different domains.
        if 0 < size_of::<F>() {
            return Self::default();
        }

        let mut checks = OF_FUNCTIONS.lock().unwrap_or_else(PoisonError::into_inner);
        checks.entry(TypeId::of::<F>()).or_default().clone()
    }

    /// Returns the warnings about the wiring of `domain`.
    pub(crate) fn warnings(&self, domain: &Domain) -> Arc<[Warning]> {
        let find = || domain.check().iter().map(Warning::about_wiring).collect();
        Arc::clone(self.0.get_or_init(find))
    }
}
