use std::{
    any::{Any, TypeId, type_name},
    fmt,
    sync::Arc,
};

type Resource = Arc<dyn Any + Send + Sync>;
type MakeResource = Arc<dyn Fn() -> Resource + Send + Sync>;

/// The fakes of one run, by their Rust types.
#[derive(Clone, Default)]
pub struct Resources {
    /// Each fake, with its Rust type and the name of the type.
    resources: Vec<(TypeId, &'static str, Resource)>,
    makers: ResourceMakers,
}

impl Resources {
    /// Returns the fake of type `T`.
    ///
    /// # Panics
    ///
    /// Panics if the harness has no [`resource`](crate::FlowHarness::resource) of this type.
    #[track_caller]
    pub fn get<T: Send + Sync + 'static>(&self) -> Arc<T> {
        let resource = self
            .resources
            .iter()
            .find(|(id, ..)| *id == TypeId::of::<T>())
            .and_then(|(.., resource)| Arc::clone(resource).downcast().ok());

        // The panic is not in a closure. Otherwise it would report the line of the closure.
        let Some(resource) = resource else {
            let name = type_name::<T>();
            panic!("the harness has no resource `{name}`; add it with `.resource(|| ..)`");
        };

        resource
    }

    pub(crate) fn find<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.resources
            .iter()
            .find(|(id, ..)| *id == TypeId::of::<T>())
            .and_then(|(.., resource)| resource.downcast_ref())
    }

    /// Makes a fake of type `T` that no run uses.
    pub(crate) fn make_fresh<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.makers
            .makers
            .iter()
            .find(|(id, ..)| *id == TypeId::of::<T>())
            .and_then(|(.., make)| make().downcast().ok())
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.resources.iter().map(|(_, name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

/// The functions that make the fakes of a run.
#[derive(Clone, Default)]
pub(crate) struct ResourceMakers {
    /// Each function, with the Rust type of its fake and the name of the type.
    makers: Vec<(TypeId, &'static str, MakeResource)>,
}

impl ResourceMakers {
    /// Adds the function that makes a `T`, and removes an earlier function for `T`.
    pub(crate) fn add<T: Send + Sync + 'static>(
        &mut self,
        make: impl Fn() -> T + Send + Sync + 'static,
    ) {
        self.makers.retain(|(id, ..)| *id != TypeId::of::<T>());

        let make: MakeResource = Arc::new(move || Arc::new(make()));
        self.makers
            .push((TypeId::of::<T>(), type_name::<T>(), make));
    }

    pub(crate) fn make(&self) -> Resources {
        let resources = self
            .makers
            .iter()
            .map(|(id, name, make)| (*id, *name, make()))
            .collect();

        Resources {
            resources,
            makers: self.clone(),
        }
    }
}
