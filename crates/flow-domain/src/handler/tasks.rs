use std::{
    cell::RefCell,
    panic::PanicHookInfo,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::runtime::{Handle, RuntimeFlavor};

static IS_WATCHED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static SEEN: RefCell<Seen> = const {
        RefCell::new(Seen { n_spawned: 0, spawners: Vec::new(), panics: Vec::new() })
    };
}

/// What was seen of tasks in this thread.
struct Seen {
    n_spawned: usize,
    /// The handlers that spawned some.
    spawners: Vec<&'static str>,
    /// The panics in them, in words.
    panics: Vec<String>,
}

/// What handlers leave to tasks that they spawn, and no handling is told of, since this was made.
///
/// It is seen where everything runs in one thread: in a current-thread runtime. From the first of them
/// on, handlers are watched, at the cost of a look at the runtime before and after each is polled. The
/// harness does so; nothing else should.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct TaskWatch {
    n_spawners: usize,
    n_panics: usize,
}

impl TaskWatch {
    /// Looks at what happens from here on.
    pub fn begin() -> Self {
        IS_WATCHED.store(true, Ordering::Relaxed);
        SEEN.with_borrow(|seen| Self {
            n_spawners: seen.spawners.len(),
            n_panics: seen.panics.len(),
        })
    }

    /// The handlers that spawned tasks.
    pub fn spawners(self) -> Vec<&'static str> {
        SEEN.with_borrow(|seen| {
            seen.spawners
                .iter()
                .skip(self.n_spawners)
                .copied()
                .collect()
        })
    }

    /// The panics in tasks, each with its place.
    pub fn panics(self) -> Vec<String> {
        SEEN.with_borrow(|seen| seen.panics.iter().skip(self.n_panics).cloned().collect())
    }
}

/// Keeps a panic that happened in a task.
pub(super) fn keep_panic(info: &PanicHookInfo<'_>, message: &str) {
    if !IS_WATCHED.load(Ordering::Relaxed) || tokio::task::try_id().is_none() {
        return;
    }
    let place = info.location().map(ToString::to_string);
    let place = place.as_deref().unwrap_or("an unknown place");
    let text = format!("panicked at {place}: {message}");
    // A panic while this is borrowed would be one of this file.
    SEEN.with_borrow_mut(|seen| seen.panics.push(text));
}

/// The tasks that were alive before a handler was polled, if anybody wants to know.
pub(super) struct Spawning(Option<Counted>);

struct Counted {
    n_alive: usize,
    n_spawned: usize,
}

impl Spawning {
    pub(super) fn begin() -> Self {
        if !IS_WATCHED.load(Ordering::Relaxed) {
            return Self(None);
        }
        let n_spawned = SEEN.with_borrow(|seen| seen.n_spawned);
        Self(n_alive().map(|n_alive| Counted { n_alive, n_spawned }))
    }

    /// Remembers `handler` if it spawned tasks; those of a handler inside of it are that one's.
    pub(super) fn end(self, handler: &'static str) {
        let Self(Some(before)) = self else { return };
        let n_more = n_alive().unwrap_or(0).saturating_sub(before.n_alive);
        SEEN.with_borrow_mut(|seen| {
            let n_own = n_more.saturating_sub(seen.n_spawned - before.n_spawned);
            if 0 < n_own {
                seen.n_spawned += n_own;
                seen.spawners.push(handler);
            }
        });
    }
}

/// How many tasks are alive in a runtime of one thread.
fn n_alive() -> Option<usize> {
    let handle = Handle::try_current().ok()?;
    let is_alone = handle.runtime_flavor() == RuntimeFlavor::CurrentThread;
    is_alone.then(|| handle.metrics().num_alive_tasks())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_handler_inside_of_another_spawns_is_its_own() {
        let watch = TaskWatch::begin();

        let outer = Spawning::begin();
        let inner = Spawning::begin();
        tokio::spawn(std::future::pending::<()>());
        inner.end("Inner");
        outer.end("Outer");

        assert_eq!(watch.spawners(), ["Inner"]);
    }

    #[tokio::test]
    async fn a_handler_that_spawns_beside_one_inside_of_it_spawned_too() {
        let watch = TaskWatch::begin();

        let outer = Spawning::begin();
        tokio::spawn(std::future::pending::<()>());
        let inner = Spawning::begin();
        tokio::spawn(std::future::pending::<()>());
        inner.end("Inner");
        outer.end("Outer");

        assert_eq!(watch.spawners(), ["Inner", "Outer"]);
    }
}
