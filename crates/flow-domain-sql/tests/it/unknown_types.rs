//! Stored types that the program does not know.

use std::{sync::Arc, time::Duration};

use flow_domain::{adapter::memory::MemoryBroker, port::Store};
use insta::{allow_duplicates, assert_snapshot};

use crate::engines::{Count, Counter, app};

pub(crate) const LEASE: Duration = Duration::from_secs(10);

/// Renames the stored events of a counter. `rename` gets the former type and the new one.
pub(crate) async fn check_unknown_event(
    store: Arc<dyn Store>,
    rename: impl AsyncFn(&'static str, &'static str),
) {
    let app = app(&store, &(Arc::new(MemoryBroker::default()) as _));
    for _ in 0..2 {
        let count = Count { id: "1".into() };
        app.process(count).await.expect("it is counted");
    }

    rename("Yard.Counted.v1", "Yard.Vanished.v1").await;
    let err = app
        .load::<Counter>("1")
        .await
        .expect_err("an unknown event");
    allow_duplicates! {
        assert_snapshot!(err.with_causes(), @r#"the event `Yard.Vanished.v1` of `counter-1` is not registered: list it in `#[aggregate(.., events(..))]`, or add it with `.event_from_outside::<..>()`; if it has another name today, add `.was("Vanished", ..)` to its `Upcast`; if nobody needs it any more, add `.retired("Vanished")`"#);
    }

    rename("Yard.Vanished.v1", "Vanished").await;
    let err = app.load::<Counter>("1").await.expect_err("no type");
    allow_duplicates! {
        assert_snapshot!(err.with_causes(), @"reading the event at position 1 failed: `Vanished` is not the type of a message: it should look like `Shop.OrderPlaced.v1` at line 1 column 77");
    }

    // Nothing was lost, and no restart is needed.
    rename("Vanished", "Yard.Counted.v1").await;
    let counter = app.load::<Counter>("1").await.expect("it can be read");
    assert_eq!(counter.expect("it exists").n, 2);
}
