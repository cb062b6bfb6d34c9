//! The test flows of the ticket office: they begin at its HTTP router and end at its read model.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use flow_harness::{
    SystemHarness, SystemUnderTest, WorkerStep, at,
    flow_domain::clock::{Timestamp, VirtualClock},
};
use http_body_util::BodyExt;
use rstest::{fixture, rstest};
use serde_json::{Value, json};
use ticket_office::{Fact, Office, Sales, Timer, router};
use tower::ServiceExt;

/// What a run starts: the service on a database in memory, and its clock.
struct TestOffice {
    office: Arc<Office>,
    clock: Arc<AtomicI64>,
}

/// A request of a buyer.
#[derive(Debug)]
struct Post(String, Value);

/// The answer to a request that was refused.
#[derive(Debug, PartialEq)]
struct HttpError(StatusCode, Value);

impl TestOffice {
    fn start() -> Self {
        let clock = Arc::new(AtomicI64::new(0));
        let now = Arc::clone(&clock);
        let office = Office::open(":memory:", move || now.load(Ordering::Relaxed));

        Self {
            office: Arc::new(office.expect("a database in memory")),
            clock,
        }
    }

    async fn request(&self, method: Method, path: &str, body: Value) -> Result<Value, HttpError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .expect("a valid request");
        let service: Router = router(Arc::clone(&self.office));
        let response = service.oneshot(request).await.expect("it never fails");

        let status = response.status();
        let body = response.into_body().collect().await.expect("a body");
        let body = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
        if status.is_success() {
            Ok(body)
        } else {
            Err(HttpError(status, body))
        }
    }
}

#[fixture]
fn office() -> SystemHarness {
    SystemHarness::new(
        SystemUnderTest::new("ticket office", |_| async { TestOffice::start() })
            .command("http", |test, _, Post(path, body)| async move {
                test.request(Method::POST, &path, body).await
            })
            .failures(|err: &HttpError| err.0.is_server_error())
            .event_log(|test, n_read| async move {
                test.office.facts_after(n_read).expect("a readable log")
            })
            .view(|test, show| async move {
                let path = format!("/shows/{show}/sales");
                let sales = test.request(Method::GET, &path, json!({})).await.ok()?;
                serde_json::from_value::<Sales>(sales).ok()
            })
            .worker("read model", |test| async move {
                match test.office.project_next().expect("a working database") {
                    true => WorkerStep::Worked,
                    false => WorkerStep::Idle,
                }
            })
            .worker("timer", |test| async move {
                match test.office.release_overdue().expect("a working database") {
                    Timer::Released => WorkerStep::Worked,
                    Timer::NothingReserved => WorkerStep::Idle,
                    Timer::NextAt(seconds) => {
                        WorkerStep::WaitingUntil(Timestamp::from_micros(seconds * 1_000_000))
                    }
                }
            })
            .clock(|test, now| {
                let seconds = now.as_micros() / 1_000_000;
                test.clock.store(seconds, Ordering::Relaxed);
            }),
    )
}

fn add_show(seats: u32) -> Post {
    Post("/shows/gig".into(), json!({ "seats": seats }))
}

fn reserve(buyer: &str) -> Post {
    Post("/shows/gig/reservations".into(), json!({ "buyer": buyer }))
}

fn reserved(reservation: i64, buyer: &str) -> Fact {
    Fact::SeatReserved {
        reservation,
        buyer: buyer.into(),
    }
}

#[rstest]
fn paid_seat_is_sold(office: SystemHarness) {
    office
        .given_command(at("gig", add_show(2)))
        .when(at("gig", reserve("ada")))
        .then_events(at("gig", reserved(1, "ada")))
        .then_projection::<Sales>("gig")
        .is(Sales {
            free: 1,
            reserved: 1,
            sold: 0,
        })
        .when_with(|outcome| {
            let answer = outcome.reply::<Value>().expect("the answer of the service");
            let path = format!("/reservations/{}/payment", answer["reservation"]);
            at("gig", Post(path, json!({})))
        })
        .then_events(at("gig", Fact::SeatPaid { reservation: 1 }))
        .then_projection::<Sales>("gig")
        .is(Sales {
            free: 1,
            reserved: 0,
            sold: 1,
        })
        .run();
}

#[rstest]
fn unpaid_seat_is_released_after_15_minutes(office: SystemHarness) {
    office
        .given_command(at("gig", add_show(1)))
        .when(at("gig", reserve("ada")))
        .then_reply(json!({ "reservation": 1 }))
        .when(at("gig", reserve("bob")))
        .then_rejected(HttpError(
            StatusCode::CONFLICT,
            json!({ "error": "sold out" }),
        ))
        .when_time_passes(Duration::from_secs(15 * 60))
        .then_events(at("gig", Fact::SeatReleased { reservation: 1 }))
        .then_projection::<Sales>("gig")
        .is(Sales {
            free: 1,
            reserved: 0,
            sold: 0,
        })
        .when(at("gig", reserve("bob")))
        .then_accepted()
        .run();
}

#[rstest]
fn unknown_show_is_not_found(office: SystemHarness) {
    office
        .when(at("gig", reserve("ada")))
        .then_rejected(HttpError(
            StatusCode::NOT_FOUND,
            json!({ "error": "no such show" }),
        ))
        .then_projection::<Sales>("gig")
        .absent()
        .run();
}

#[rstest]
#[tokio::test]
async fn read_model_and_timer_work_in_any_order(
    office: SystemHarness,
    #[values(1, 2, 3)] seed: u64,
) {
    office
        .shuffle_workers(seed)
        .given_command(at("gig", add_show(2)))
        .when(at("gig", reserve("ada")))
        .then_projection::<Sales>("gig")
        .is(Sales {
            free: 1,
            reserved: 1,
            sold: 0,
        })
        .await;
}

#[rstest]
fn clock_begins_with_the_run(office: SystemHarness) {
    let outcome = office.when(at("gig", add_show(1))).then_accepted().run();

    let test = outcome.resource::<TestOffice>();
    let start = VirtualClock::START.as_micros() / 1_000_000;
    assert_eq!(test.clock.load(Ordering::Relaxed), start);
}
