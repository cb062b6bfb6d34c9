//! Two engines under load: many streams, four messages at once, and handlers that yield at random.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flow_domain::{App, Engine, Error, RetryPolicy, message::Processing};
use pretty_assertions::assert_eq;

use crate::{
    fixture::CallLog,
    production::fixture::{
        Doer, Job, World, count, counter_domain, doer_domain, job, spawn_engine, wait_until,
    },
};

const N_STREAMS: u32 = 40;
const N_EACH: u32 = 25;

/// Returns a handler that yields up to four times; about every 50th attempt fails.
fn erratic_doer(calls: &CallLog, seed: &Arc<AtomicU64>) -> Doer {
    let (calls, seed) = (calls.clone(), Arc::clone(seed));

    Doer::new(move |job: Job| {
        let calls = calls.clone();

        // A linear congruential generator is random enough here.
        let step = |seed: u64| {
            Some(
                seed.wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407),
            )
        };
        let last = seed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        let random = last.unwrap_or_default() >> 33;

        async move {
            for _ in 0..random % 5 {
                tokio::task::yield_now().await;
            }

            if random % 50 == 0 {
                return Err(Error::failed("doing the job", "bad luck"));
            }

            calls.note(format!("{} {}", job.id, job.n));
            Ok(())
        }
    })
}

/// Returns the numbers of the jobs that were handled, in order, for each stream.
fn by_stream(calls: &CallLog) -> BTreeMap<String, Vec<u32>> {
    let mut streams: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for line in calls.lines() {
        let (id, n) = line.split_once(' ').expect("id and number");
        streams
            .entry(id.to_owned())
            .or_default()
            .push(n.parse().unwrap());
    }

    streams
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_engines_handle_each_message_once_in_stream_order() {
    let world = World::new();
    let calls = CallLog::default();
    let seed = Arc::new(AtomicU64::new(7));
    let app = || -> App {
        let domain = doer_domain(erratic_doer(&calls, &seed));
        world.app(domain.subscriptions(|on| {
            let retry = RetryPolicy::attempts(20).first_delay(std::time::Duration::ZERO);
            on.concurrency(4)
                .batch_size(16)
                .retry(retry)
                .circuit_breaker(None);
        }))
    };
    let (one, two) = (app(), app());
    let engines = [
        spawn_engine(Engine::new(one.clone()).worker("one")),
        spawn_engine(Engine::new(two.clone()).worker("two")),
    ];

    for n in 0..N_EACH {
        for stream in 0..N_STREAMS {
            let app = if stream % 2 == 0 { &one } else { &two };
            app.publish(job(format!("s{stream}"), n)).await.unwrap();
        }
    }
    wait_until(|| calls.len() == (N_STREAMS * N_EACH) as usize).await;
    for engine in engines {
        engine.stop().await;
    }

    let streams = by_stream(&calls);
    assert_eq!(streams.len(), N_STREAMS as usize);
    let in_order: Vec<u32> = (0..N_EACH).collect();
    let wrong: Vec<_> = streams.iter().filter(|(_, ns)| **ns != in_order).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let health = one.health().await.unwrap();
    assert_eq!(
        (health.lag(), health.outbox, health.dead_letters),
        (0, 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_engines_lose_no_command_with_inline_events() {
    let world = World::new();
    let calls = CallLog::default();
    let app = || world.app_with(counter_domain(&calls), Processing::Sync);
    let (one, two) = (app(), app());
    let engines = [
        spawn_engine(Engine::new(one.clone())),
        spawn_engine(Engine::new(two)),
    ];

    for n in 0..300 {
        one.submit(count(&format!("c{}", n % 100))).await.unwrap();
    }
    wait_until(|| calls.len() == 300).await;
    for engine in engines {
        engine.stop().await;
    }

    assert_eq!(one.health().await.unwrap().dead_letters, 0);
}
