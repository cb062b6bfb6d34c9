use std::{
    any::{Any, TypeId, type_name},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

type Resource = Arc<dyn Any + Send + Sync>;
type MakeResource = Arc<dyn Fn() -> Resource + Send + Sync>;

/// The fakes of one run, by their Rust types.
#[derive(Clone, Default)]
pub struct Resources {
    resources: Vec<RunResource>,
    makers: ResourceMakers,
}

/// A fake of one run.
#[derive(Clone)]
struct RunResource {
    id: TypeId,
    /// The name of its Rust type.
    name: &'static str,
    resource: Resource,
    /// Whether the function that builds the domain has taken it. All copies share it.
    is_taken: Arc<AtomicBool>,
}

impl Resources {
    /// Returns the fake of type `T`.
    ///
    /// # Panics
    ///
    /// Panics if the harness has no [`resource`](crate::FlowHarness::resource) of this type.
    #[track_caller]
    pub fn get<T: Send + Sync + 'static>(&self) -> Arc<T> {
        if let Some(entry) = self.entry::<T>() {
            entry.is_taken.store(true, Ordering::Relaxed);
        }

        self.get_for_test()
    }

    /// Returns the started system as the only resource.
    pub(crate) fn of_system<S: Send + Sync + 'static>(system: Arc<S>) -> Self {
        let resource = RunResource {
            id: TypeId::of::<S>(),
            name: type_name::<S>(),
            resource: system,
            is_taken: Arc::new(AtomicBool::new(true)),
        };

        Self {
            resources: vec![resource],
            makers: ResourceMakers::default(),
        }
    }

    /// Returns the fake of type `T` to the test.
    ///
    /// # Panics
    ///
    /// Panics if there is no such fake.
    #[track_caller]
    pub(crate) fn get_for_test<T: Send + Sync + 'static>(&self) -> Arc<T> {
        let resource = self
            .entry::<T>()
            .and_then(|entry| Arc::clone(&entry.resource).downcast().ok());

        // The panic is not in a closure. Otherwise it would report the line of the closure.
        let Some(resource) = resource else {
            let name = type_name::<T>();
            panic!("the harness has no resource `{name}`; add it with `.resource(|| ..)`");
        };

        resource
    }

    /// Returns true if the harness has no fakes.
    pub(crate) fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    pub(crate) fn find<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.entry::<T>()
            .and_then(|entry| entry.resource.downcast_ref())
    }

    /// Returns the type names of the fakes that the function that builds the domain has not taken.
    pub(crate) fn not_taken(&self) -> impl Iterator<Item = &'static str> {
        let unused = |entry: &&RunResource| !entry.is_taken.load(Ordering::Relaxed);
        self.resources.iter().filter(unused).map(|entry| entry.name)
    }

    fn entry<T: 'static>(&self) -> Option<&RunResource> {
        self.resources
            .iter()
            .find(|entry| entry.id == TypeId::of::<T>())
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
        let names = self.resources.iter().map(|entry| entry.name);
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
            .map(|(id, name, make)| RunResource {
                id: *id,
                name,
                resource: make(),
                is_taken: Arc::default(),
            })
            .collect();

        Resources {
            resources,
            makers: self.clone(),
        }
    }
}
