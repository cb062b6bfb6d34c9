//! The flows of a school that is built on `disintegrate`.

mod production;

use disintegrate::{EventSourcedStateStore, LoadState, NoSnapshot};
use flow_harness::{CommittedEvents, SystemHarness, SystemUnderTest, at, expect};
use flow_harness_disintegrate::{ListenerWorker, MemoryStore, RecordedStore, at_ids, execute};
use production::{
    Course, Decisions, DomainEvent, Enroll, EnrollmentError, JoinSchool, Leave, OpenCourse, Roster,
    Rosters, SeatOffers, Student, decisions,
};
use rstest::{fixture, rstest};

type Store = RecordedStore<MemoryStore<DomainEvent>>;

/// What a run starts: the decisions and the listeners on one store.
struct School {
    store: Store,
    decisions: Decisions<Store>,
    rosters: ListenerWorker<Rosters, Store>,
    seat_offers: ListenerWorker<SeatOffers<Store>, Store>,
}

impl School {
    fn start(events: CommittedEvents) -> Self {
        let store = RecordedStore::new(MemoryStore::default(), events);
        let seat_offers = SeatOffers::new(decisions(store.clone()));

        Self {
            decisions: decisions(store.clone()),
            rosters: ListenerWorker::new(Rosters::new(), store.clone()),
            seat_offers: ListenerWorker::new(seat_offers, store.clone()),
            store,
        }
    }

    /// Loads a state as a decision does. It has all events that are committed.
    async fn load<S>(&self, state: S) -> S
    where
        S: Clone,
        EventSourcedStateStore<i64, DomainEvent, Store, NoSnapshot>: LoadState<i64, S, DomainEvent>,
    {
        let states = EventSourcedStateStore::new(self.store.clone(), NoSnapshot);
        let loaded = states.load(state).await.expect("a store in memory");
        loaded.state().clone()
    }
}

#[fixture]
fn school() -> SystemHarness {
    SystemHarness::new(
        SystemUnderTest::new("school", |events| async { School::start(events) })
            .fallible_command("courses", |school, _id, open: OpenCourse| async move {
                execute(&school.decisions, open).await
            })
            .fallible_command("students", |school, _id, join: JoinSchool| async move {
                execute(&school.decisions, join).await
            })
            .fallible_command("enrollments", |school, _id, enroll: Enroll| async move {
                execute(&school.decisions, enroll).await
            })
            .fallible_command("enrollments", |school, _id, leave: Leave| async move {
                execute(&school.decisions, leave).await
            })
            .history(|school, id, events| async move {
                school.store.put_history(&id, events).await?;
                // What the process manager did about these events happened before, too.
                Ok::<_, disintegrate::BoxDynError>(school.seat_offers.skip_history().await?)
            })
            .aggregate(|school, id| async move { Some(school.load(Course::new(&id)).await) })
            .aggregate(|school, id| async move { Some(school.load(Student::new(&id)).await) })
            .view(|school, id| async move { school.rosters.listener().of(&id) })
            .fallible_worker(
                "rosters",
                |school| async move { school.rosters.step().await },
            )
            .fallible_worker("seat_offers", |school| async move {
                school.seat_offers.step().await
            }),
    )
}

fn opened(course_id: &str, n_seats: usize) -> DomainEvent {
    DomainEvent::CourseOpened {
        course_id: course_id.to_owned(),
        n_seats,
    }
}

fn joined(student_id: &str) -> DomainEvent {
    DomainEvent::StudentJoined {
        student_id: student_id.to_owned(),
    }
}

fn enrolled(course_id: &str, student_id: &str) -> DomainEvent {
    DomainEvent::StudentEnrolled {
        course_id: course_id.to_owned(),
        student_id: student_id.to_owned(),
    }
}

fn queued(course_id: &str, student_id: &str) -> DomainEvent {
    DomainEvent::StudentQueued {
        course_id: course_id.to_owned(),
        student_id: student_id.to_owned(),
    }
}

fn left(course_id: &str, student_id: &str) -> DomainEvent {
    DomainEvent::StudentLeft {
        course_id: course_id.to_owned(),
        student_id: student_id.to_owned(),
    }
}

fn enroll(course_id: &str, student_id: &str) -> Enroll {
    Enroll {
        course_id: course_id.to_owned(),
        student_id: student_id.to_owned(),
    }
}

fn leave(course_id: &str, student_id: &str) -> Leave {
    Leave {
        course_id: course_id.to_owned(),
        student_id: student_id.to_owned(),
    }
}

#[rstest]
fn free_seat_goes_to_the_first_in_the_queue(school: SystemHarness) {
    school
        .given_events([
            at_ids(opened("rust", 1)),
            at_ids(joined("ada")),
            at_ids(joined("bob")),
            at_ids(enrolled("rust", "ada")),
        ])
        .when(at("rust", enroll("rust", "bob")))
        .then_events(at("rust+bob", queued("rust", "bob")))
        .then_projection::<Roster>("rust")
        .unchanged()
        .when(at("rust", leave("rust", "ada")))
        .then_events([at_ids(left("rust", "ada")), at_ids(enrolled("rust", "bob"))])
        .then_aggregate::<Course>("rust")
        .is(Course {
            course_id: "rust".to_owned(),
            n_seats: Some(1),
            enrolled: vec!["bob".to_owned()],
            queue: vec![],
        })
        .then_aggregate::<Student>("ada")
        .has(|ada| ada.n_courses == 0)
        .then_projection::<Roster>("rust")
        .is(Roster {
            n_seats: 1,
            n_enrolled: 1,
        })
        .run();
}

#[rstest]
fn listener_that_decides_skips_the_history(school: SystemHarness) {
    school
        .given_events([
            at_ids(joined("eve")),
            at_ids(opened("rust", 1)),
            at_ids(enrolled("rust", "ada")),
            at_ids(queued("rust", "bob")),
            at_ids(left("rust", "ada")),
        ])
        // Nobody has offered the seat to bob.
        .when(at("rust", enroll("rust", "eve")))
        .then_events(at_ids(enrolled("rust", "eve")))
        .run();
}

#[rstest]
fn rejection_is_the_error_of_the_decision(school: SystemHarness) {
    school
        .given_command(at(
            "rust",
            OpenCourse {
                course_id: "rust".to_owned(),
                n_seats: 9,
            },
        ))
        .when(at("rust", enroll("rust", "ada")))
        .then_rejected(EnrollmentError::UnknownStudent)
        .then_no_events()
        .when(at("go", enroll("go", "ada")))
        .then_rejected(EnrollmentError::UnknownCourse)
        .when(at("rust", leave("rust", "ada")))
        .then_rejected(EnrollmentError::NotEnrolled)
        .run();
}

#[rstest]
#[tokio::test]
async fn decision_about_two_entities_reads_both(school: SystemHarness) {
    school
        .given_events([
            at_ids(joined("ada")),
            at_ids(opened("rust", 9)),
            at_ids(opened("go", 9)),
            at_ids(opened("zig", 9)),
            at_ids(enrolled("rust", "ada")),
        ])
        .when(at("go", enroll("go", "ada")))
        .then_events(at("go+ada", enrolled("go", "ada")))
        .when(at("zig", enroll("zig", "ada")))
        .then_rejected(EnrollmentError::TooManyCourses)
        .await;
}

#[rstest]
fn decision_without_events_fails_as_in_production(school: SystemHarness) {
    let again = OpenCourse {
        course_id: "rust".to_owned(),
        n_seats: 9,
    };

    school
        .given_events(at_ids(opened("rust", 9)))
        .when(at("rust", again))
        .then(expect::component_failed("courses", "NoEvents"))
        .run();
}

#[rstest]
fn listeners_settle_in_any_order(
    school: SystemHarness,
    #[values(1, 2, 3, 4, 5, 6, 7, 8)] seed: u64,
) {
    school
        .shuffle_workers(seed)
        .given_events([
            at_ids(opened("rust", 1)),
            at_ids(enrolled("rust", "ada")),
            at_ids(queued("rust", "bob")),
        ])
        .when(at("rust", leave("rust", "ada")))
        .then_settled()
        .then_projection::<Roster>("rust")
        .has(|roster| roster.n_enrolled == 1)
        .run();
}

fn report_of(failure: impl ToString) -> String {
    let report = failure.to_string();
    let (report, _) = report.split_once("\nrerun").expect("a hint");
    let (_, report) = report.split_once('\n').expect("the line of the test");
    report.to_owned()
}

#[rstest]
fn wrong_roster_is_explained(school: SystemHarness) {
    let failure = school
        .given_events([
            at_ids(opened("rust", 1)),
            at_ids(enrolled("rust", "ada")),
            at_ids(queued("rust", "bob")),
        ])
        .when(at("rust", leave("rust", "ada")))
        .then_projection::<Roster>("rust")
        .is(Roster {
            n_seats: 1,
            n_enrolled: 0,
        })
        .try_run()
        .expect_err("bob has the seat");

    insta::assert_snapshot!(report_of(failure), @r#"

      expected  Roster "rust" Roster { n_seats: 1, n_enrolled: 0 }
      found     Roster "rust" Roster { n_seats: 1, n_enrolled: 1 }

    story   1 given  CourseOpened {..}, StudentEnrolled {..}, StudentQueued {..}
            2 when   at("rust", Leave { course_id: "rust", student_id: "ada" })   accepted
            3 then   Roster "rust" is                                             FAILED

    chain  Leave                               enrollments  returned
           └ StudentLeft                       DomainEvent-rust+ada @2
           rosters                             wrote Roster "rust"
           seat_offers                         returned
           └ StudentEnrolled                   DomainEvent-rust+bob @2
           rosters                             wrote Roster "rust"

    end    nothing pending · no handlers failed
    "#);
}

#[rstest]
fn failure_of_a_listener_is_explained(school: SystemHarness) {
    let failure = school
        .given_events([at_ids(joined("ada")), at_ids(enrolled("rust", "ada"))])
        .when(at("rust", leave("rust", "ada")))
        .then_accepted()
        .try_run()
        .expect_err("the rosters have no such course");

    insta::assert_snapshot!(report_of(failure), @r#"

      expected  the given step runs without problems
      found     rosters failed on a step: the call failed: Listener(UnknownCourse)

      2 later steps were skipped

    story   1 given  StudentJoined {..}, StudentEnrolled {..}                    FAILED
            2 when   at("rust", Leave { course_id: "rust", student_id: "ada" })  skipped
            3 then   accepted                                                    skipped

    chain  StudentJoined                       DomainEvent-ada @1
           └ history                           returned
           StudentEnrolled                     DomainEvent-rust+ada @1
           └ history                           returned
           rosters                             FAILED: the call failed: Listener(UnknownCourse)   <- here

    end    nothing pending · 1 handler failed
    "#);
}

#[rstest]
fn history_at_another_id_is_explained(school: SystemHarness) {
    let failure = school
        .given_events(at("rust", enrolled("rust", "ada")))
        .when(at("rust", leave("rust", "ada")))
        .then_accepted()
        .try_run()
        .expect_err("the event belongs to the student, too");

    insta::assert_snapshot!(report_of(failure), @r#"

      expected  the given step runs without problems
      found     the call failed: the domain ids of StudentEnrolled are "rust+ada", not "rust": write `at_ids(StudentEnrolled { .. })`

      2 later steps were skipped

    why    history failed on StudentEnrolled: the call failed: the domain ids of StudentEnrolled are "rust+ada", not "rust": write
             `at_ids(StudentEnrolled { .. })`

    story   1 given  at("rust", StudentEnrolled { course_id: "rust", student_id: "ada" })  FAILED
            2 when   at("rust", Leave { course_id: "rust", student_id: "ada" })            skipped
            3 then   accepted                                                              skipped

    chain  StudentEnrolled                     DomainEvent-rust @1
           └ history                           FAILED: the call failed: the domain ids of StudentEnrolled are "rust+ada", not "rust ..   <- here

    end    nothing pending · 1 handler failed
    "#);
}
