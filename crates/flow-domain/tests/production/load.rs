//! Many streams, two engines, four messages at once, and handlers that yield as chance will have it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flow_domain::{App, Engine, Error, RetryPolicy, message::Processing};
use pretty_assertions::assert_eq;

use crate::fixture::{
    CallLog, Doer, Job, World, count, counter_domain, doer_domain, job, spawn_engine, wait_until,
};

const N_STREAMS: u32 = 40;
const N_EACH: u32 = 25;

/// Yields a few times; every 50th attempt fails.
fn erratic_doer(heard: &CallLog, chance: &Arc<AtomicU64>) -> Doer {
    let (heard, chance) = (heard.clone(), Arc::clone(chance));
    Doer::new(move |job: Job| {
        let heard = heard.clone();
        // A linear congruence is chance enough.
        let step = |seed: u64| {
            Some(
                seed.wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407),
            )
        };
        let last = chance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        let chance = last.unwrap_or_default() >> 33;
        async move {
            for _ in 0..chance % 5 {
                tokio::task::yield_now().await;
            }
            if chance % 50 == 0 {
                return Err(Error::failed("doing the job", "bad luck"));
            }
            heard.note(format!("{} {}", job.id, job.n));
            Ok(())
        }
    })
}

fn by_stream(heard: &CallLog) -> BTreeMap<String, Vec<u32>> {
    let mut streams: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for line in heard.lines() {
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
    let heard = CallLog::default();
    let chance = Arc::new(AtomicU64::new(7));
    let app = || -> App {
        let domain = doer_domain(erratic_doer(&heard, &chance));
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
    wait_until(|| heard.len() == (N_STREAMS * N_EACH) as usize).await;
    for engine in engines {
        engine.stop().await;
    }

    let streams = by_stream(&heard);
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
    let heard = CallLog::default();
    let app = || world.app_with(counter_domain(&heard), Processing::Sync);
    let (one, two) = (app(), app());
    let engines = [
        spawn_engine(Engine::new(one.clone())),
        spawn_engine(Engine::new(two)),
    ];

    for n in 0..300 {
        one.submit(count(&format!("c{}", n % 100))).await.unwrap();
    }
    wait_until(|| heard.len() == 300).await;
    for engine in engines {
        engine.stop().await;
    }

    assert_eq!(one.health().await.unwrap().dead_letters, 0);
}
