//! Measures the cost of forking a world.

use std::{hint::black_box, sync::Arc};

use flow_domain::{
    App, Engine,
    adapter::memory::{MemoryBroker, MemoryStore},
    clock::{VirtualClock, VirtualIds},
    message::Processing,
    record::{Record, Recorder},
    testing::TestEngine,
};
use shop::ReceiveStock;

use crate::{
    measure::{fastest_rounds, figure, ratio},
    place_order,
};

pub(crate) fn measure(quick: bool) {
    let sizes = if quick {
        [0, 10, 100]
    } else {
        [0, 1_000, 100_000]
    };
    let (rounds, n_forks) = if quick { (1, 1) } else { (20, 1_000) };

    let mut worlds = sizes.map(world);
    let [mut fork_empty, mut fork_small, mut fork_large] =
        worlds.each_mut().map(|world| || fork(world));
    let work: [&mut dyn FnMut(); 3] = [&mut fork_empty, &mut fork_small, &mut fork_large];
    let times = fastest_rounds(rounds, n_forks, work);

    for (n_rows, time) in sizes.into_iter().zip(times) {
        figure(&format!("fork-{n_rows}"), time);
    }
    let [empty, small, large] = sizes;
    ratio(&format!("fork-{small}-over-{empty}"), times[1], times[0]);
    ratio(&format!("fork-{large}-over-{empty}"), times[2], times[0]);
}

fn fork(engine: &mut TestEngine) {
    let fork = engine.fork().expect("everything is in memory");
    drop(black_box(fork));
}

/// Returns a world with `n_rows` products, each with a stream and a row.
fn world(n_rows: usize) -> TestEngine {
    let recorder = Arc::new(Recorder::default());
    let app = App::builder(place_order::domain().expect("a domain that can work"))
        .store(MemoryStore::default())
        .broker(MemoryBroker::default())
        .clock(Arc::new(VirtualClock::default()))
        .ids(Arc::new(VirtualIds::default()))
        .recorder(Arc::clone(&recorder))
        .event_processing(Processing::Async)
        .budget(usize::MAX)
        .start();
    let mut engine = Engine::test_mode(&app);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime of one thread");

    runtime.block_on(async {
        for idx in 0..n_rows {
            app.process(ReceiveStock {
                product_id: format!("prod-{idx}"),
                quantity: 100,
            })
            .await
            .expect("accepted");
        }

        let settled = engine.run().await.expect("nothing fails in memory");
        assert!(settled.remaining.is_quiet(), "{}", settled.remaining);
    });

    // The given entries leave the recorder before the first fork, so they are not measured.
    recorder.drain_into(&mut Record::default());
    engine
}
