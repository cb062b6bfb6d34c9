//! Engines with clocks that are wrong, or that are set to another time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use flow_domain::{
    Engine, RetryPolicy,
    clock::{Clock, Timestamp},
};
use pretty_assertions::assert_eq;

use crate::{
    fixture::CallLog,
    production::fixture::{
        Doer, World, doer_domain, job, machine_failure, pass_time, seconds, spawn_engine,
        wait_until,
    },
};

/// A clock that is an hour ahead.
#[derive(Debug)]
struct FastClock(Arc<dyn Clock>);

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        self.0.now() + seconds(3_600)
    }
}

/// The dead engine has saved when the next attempt is due, by its own clock.
#[tokio::test(start_paused = true)]
async fn retry_of_a_fast_clock_does_not_wait_for_an_hour() {
    let world = World::new();
    let calls = CallLog::default();
    let is_broken = Arc::new(AtomicBool::new(true));
    let domain = || {
        let (calls, is_broken) = (calls.clone(), Arc::clone(&is_broken));
        let doer = Doer::new(move |job| {
            calls.note(format!("{}{}", job.id, job.n));
            let is_broken = is_broken.load(Ordering::Relaxed);
            async move {
                if is_broken {
                    Err(machine_failure())
                } else {
                    Ok(())
                }
            }
        });
        doer_domain(doer).subscriptions(|on| {
            on.retry(
                RetryPolicy::attempts(9)
                    .first_delay(seconds(60))
                    .longest_delay(seconds(60)),
            );
        })
    };
    let fast_world = World {
        clock: Arc::new(FastClock(Arc::clone(&world.clock))),
        ..world.clone()
    };
    world.app(domain()).publish(job("a", 1)).await.unwrap();
    let fast = spawn_engine(Engine::new(fast_world.app(domain())));
    wait_until(|| calls.len() == 1).await;
    pass_time(seconds(1)).await;
    fast.kill().await;

    is_broken.store(false, Ordering::Relaxed);
    let engine = spawn_engine(Engine::new(world.app(domain())));
    wait_until(|| calls.len() == 2).await;
    assert_eq!(
        world.elapsed_millis() / 10_000,
        7,
        "the lease, and a minute"
    );
    engine.stop().await;
}
