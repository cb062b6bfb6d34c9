//! Handlers that use the network, tasks and timers during a run.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ::shop::{Order, OrderCommandHandler, OrderPlaced};
use flow_domain::{Domain, Error, EventHandler, EventRoutes, UnitOfWork, WiringErrors};
use flow_harness::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::fixture::{place_order, place_order_with_id};

/// Sends an order to a carrier over HTTP.
#[derive(Debug)]
struct Courier {
    carrier: SocketAddr,
}

impl EventHandler for Courier {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed);
    }
}

impl Courier {
    async fn on_order_placed(&self, event: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        let response = post(self.carrier, &event.order_id)
            .await
            .map_err(|err| Error::failed("asking the carrier", err))?;

        if response.starts_with("HTTP/1.1 200") {
            return Ok(());
        }
        Err(Error::failed("asking the carrier", response))
    }
}

async fn post(carrier: SocketAddr, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(carrier).await?;
    let length = body.len();
    let request = format!("POST / HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await?;

    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response)
}

/// Starts a carrier on the runtime of the caller. It replies with `status` and counts its requests.
async fn carrier(status: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let n_requests = Arc::new(AtomicUsize::new(0));

    let counter = Arc::clone(&n_requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            counter.fetch_add(1, Ordering::SeqCst);
            let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.write_all(response.as_bytes()).await;
        }
    });

    (address, n_requests)
}

fn shop_with_courier(handler: impl Fn() -> Courier + Send + Sync + 'static) -> FlowHarness {
    FlowHarness::new(move || domain_with(handler()))
}

fn domain_with(handler: impl EventHandler) -> Result<Domain, WiringErrors> {
    Domain::builder("shop")
        .aggregate::<Order>()
        .command_handler(OrderCommandHandler)
        .event_handler(handler)
        .build()
}

#[tokio::test]
async fn handler_reaches_a_server_on_the_test_runtime() {
    let (carrier, n_requests) = carrier("200 OK").await;

    shop_with_courier(move || Courier { carrier })
        .when(place_order())
        .then_handled_by::<Courier>()
        .times(1)
        .when(place_order_with_id("ord-2"))
        .then_settled()
        .await;

    assert_eq!(n_requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn server_error_is_a_handler_failure() {
    let (carrier, n_requests) = carrier("503 Service Unavailable").await;

    shop_with_courier(move || Courier { carrier })
        .when(place_order())
        .then(expect::handler_failed_with_message::<Courier>(
            "asking the carrier failed: HTTP/1.1 503",
        ))
        .await;

    assert_eq!(n_requests.load(Ordering::SeqCst), 1);
}

#[test]
fn missing_server_is_a_handler_failure() {
    // A free port on which no server listens any more.
    let carrier = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap();

    shop_with_courier(move || Courier { carrier })
        .when(place_order())
        .then(expect::handler_failed_with_message::<Courier>(
            "asking the carrier failed",
        ))
        .run();
}

/// Awaits a task and a timer.
#[derive(Debug)]
struct TaskAndTimer;

impl EventHandler for TaskAndTimer {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed);
    }
}

impl TaskAndTimer {
    async fn on_order_placed(&self, event: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        let length = tokio::spawn(async move { event.order_id.len() })
            .await
            .map_err(|err| Error::failed("waiting for the task", err))?;
        let timer = tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>());
        let is_timed_out = timer.await.is_err();

        if length == 5 && is_timed_out {
            return Ok(());
        }
        Err(Error::setup("the task or the timer did not work"))
    }
}

#[test]
fn handler_uses_tasks_and_timers_in_a_plain_test() {
    FlowHarness::new(|| domain_with(TaskAndTimer))
        .when(place_order())
        .then_handled_by::<TaskAndTimer>()
        .run();
}

#[tokio::test]
async fn handler_uses_tasks_and_timers_in_an_async_test() {
    FlowHarness::new(|| domain_with(TaskAndTimer))
        .when(place_order())
        .then_handled_by::<TaskAndTimer>()
        .await;
}

/// Never returns.
#[derive(Debug)]
struct NeverEnding;

impl EventHandler for NeverEnding {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed);
    }
}

impl NeverEnding {
    async fn on_order_placed(&self, _: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn flow_that_is_cancelled_panics() {
    let cancelled = tokio::spawn(async {
        let flow = FlowHarness::new(|| domain_with(NeverEnding))
            .when(place_order())
            .then_settled();
        tokio::time::timeout(Duration::from_millis(1), flow).await
    });
    let panic = cancelled.await.unwrap_err().into_panic();

    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("was never run to its end"), "{text}");
}

/// Spawns a task that counts for ever, and does not await it.
#[derive(Debug)]
struct DetachedTaskHandler {
    n_ticks: Arc<AtomicUsize>,
}

impl EventHandler for DetachedTaskHandler {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(Self::on_order_placed);
    }
}

impl DetachedTaskHandler {
    async fn on_order_placed(&self, _: OrderPlaced, _: &mut UnitOfWork) -> Result<(), Error> {
        let n_ticks = Arc::clone(&self.n_ticks);
        tokio::spawn(async move {
            loop {
                tokio::task::yield_now().await;
                n_ticks.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(())
    }
}

#[test]
fn detached_task_does_not_reach_the_next_run() {
    let n_ticks = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_ticks);
    let shop = FlowHarness::new(move || {
        domain_with(DetachedTaskHandler {
            n_ticks: Arc::clone(&counter),
        })
    });

    shop.when(place_order()).then_settled().run();
    let n_ticks_of_first_run = n_ticks.load(Ordering::SeqCst);
    // No order is placed, so only the task of the first run could count.
    shop.when(::shop::ConfirmOrder {
        order_id: "ord-9".into(),
    })
    .then(expect::handler_failed_with_message::<OrderCommandHandler>(
        "no Order",
    ))
    .run();

    assert_eq!(n_ticks.load(Ordering::SeqCst), n_ticks_of_first_run);
    // The task and its counter are dropped: only the test and the harness still hold one.
    assert_eq!(Arc::strong_count(&n_ticks), 2);
}
