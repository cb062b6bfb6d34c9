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
    resources: Vec<(TypeId, &'static str, Resource)>,
}

impl Resources {
    /// Returns the fake of type `T`, to hand it to a handler or to look at what it saw.
    ///
    /// # Panics
    ///
    /// Panics if the harness was not told how to make one.
    #[track_caller]
    pub fn get<T: Send + Sync + 'static>(&self) -> Arc<T> {
        let resource = self
            .resources
            .iter()
            .find(|(id, ..)| *id == TypeId::of::<T>())
            .and_then(|(.., resource)| Arc::clone(resource).downcast().ok());

        // Not in a closure: its line would be blamed instead of the caller's.
        let Some(resource) = resource else {
            let name = type_name::<T>();
            panic!(
                "the flow has no resource `{name}`: add `.resource(|| ..)` that makes one to the harness"
            );
        };

        resource
    }

    pub(crate) fn find<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.resources
            .iter()
            .find(|(id, ..)| *id == TypeId::of::<T>())
            .and_then(|(.., resource)| resource.downcast_ref())
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.resources.iter().map(|(_, name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

/// How the fakes of a run are made.
#[derive(Clone, Default)]
pub(crate) struct ResourceMakers {
    makers: Vec<(TypeId, &'static str, MakeResource)>,
}

impl ResourceMakers {
    /// Adds how to make a `T`; what was said of it before does not count any more.
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
        let makers = self.makers.iter();
        Resources {
            resources: makers
                .map(|(id, name, make)| (*id, *name, make()))
                .collect(),
        }
    }
}
