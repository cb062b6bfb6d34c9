use flow_domain::{
    Aggregate, Apply, Error, Event, PendingEvents,
    message::{Envelope, Payload},
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, event_sourced, events(Opened, Movement))]
struct Account {
    id: String,
    cents: i64,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
struct Opened {
    account_id: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
enum Movement {
    Deposited {
        account_id: String,
        cents: i64,
    },
    #[event(version = 2)]
    Withdrawn {
        account_id: String,
        cents: i64,
    },
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(part_of = Account, id = account_id)]
struct Frozen {
    account_id: String,
}

impl Apply<Opened> for Account {
    fn apply(&mut self, event: &Opened) {
        self.id.clone_from(&event.account_id);
    }
}

impl Apply<Movement> for Account {
    fn apply(&mut self, event: &Movement) {
        match event {
            Movement::Deposited { cents, .. } => self.cents += cents,
            Movement::Withdrawn { cents, .. } => self.cents -= cents,
        }
    }
}

fn opened() -> Opened {
    Opened {
        account_id: "acc-1".into(),
    }
}

fn deposited(cents: i64) -> Movement {
    Movement::Deposited {
        account_id: "acc-1".into(),
        cents,
    }
}

fn withdrawn(cents: i64) -> Movement {
    Movement::Withdrawn {
        account_id: "acc-1".into(),
        cents,
    }
}

/// Folds a stored event into an aggregate.
pub(crate) fn replay<A: Aggregate>(aggregate: &mut A, event: &Envelope) -> Result<(), Error> {
    aggregate.replay(&event.metadata.message_type, &event.message)
}

/// Returns the event as a store returns it.
pub(crate) fn envelope<E: Event>(stream: &str, event: &E) -> Envelope {
    let name = event.message_name();
    let metadata = json!({
        "id": "00000000-0000-0000-0000-000000000001",
        "kind": "event",
        "type": format!("Bank.{}.v{}", name.as_str(), name.version()),
        "stream": stream,
        "time": "2024-01-01T00:00:00Z",
        "correlation": "00000000-0000-0000-0000-000000000001",
        "causation": null,
        "priority": 0,
        "initiated_by": null,
        "processing": "sync",
    });

    Envelope {
        metadata: serde_json::from_value(metadata).expect("this is what metadata looks like"),
        message: Payload::encode(E::NAME, event).expect("the events here have a JSON form"),
    }
}

fn stored<E: Event>(event: &E) -> Envelope {
    envelope("account-acc-1", event)
}

#[test]
fn an_account_is_folded_from_structs_and_variants() {
    let mut account = Account::initial().unwrap();

    replay(&mut account, &stored(&opened())).unwrap();
    replay(&mut account, &stored(&deposited(100))).unwrap();
    replay(&mut account, &stored(&withdrawn(30))).unwrap();

    assert_eq!(account.id(), "acc-1");
    assert_eq!(account.cents, 70);
    assert_eq!(account.raised(), ());
    const { assert!(Account::EVENT_SOURCED) };
}

#[test]
fn raised_event_changes_the_state_immediately() {
    let mut account = Account::default();

    account.raise(opened());
    account.raise(deposited(100));

    assert_eq!(account.cents, 100);
    assert_eq!(account.raised(), (opened(), deposited(100)));
}

#[test]
fn unlisted_event_is_not_folded() {
    let frozen = Frozen {
        account_id: "acc-1".into(),
    };

    let err = replay(&mut Account::default(), &stored(&frozen)).unwrap_err();

    assert!(err.is_setup());
    insta::assert_snapshot!(err, @"`Bank.Frozen.v1` is not in the `events(..)` of `Account`: list it in `#[aggregate(.., events(..))]`");
}

#[test]
fn an_event_of_another_version_is_not_folded() {
    let mut event = stored(&deposited(100));
    event.metadata.message_type = "Bank.Deposited.v9".parse().unwrap();

    let err = replay(&mut Account::default(), &event).unwrap_err();

    assert!(err.is_setup());
}

#[test]
fn unreadable_event_is_a_codec_error() {
    let mut event = stored(&opened());
    event.message = Payload::from_json("{}");

    let err = replay(&mut Account::default(), &event).unwrap_err();

    assert!(err.is_codec());
    insta::assert_snapshot!(err.with_causes(), @"deserializing `Opened` failed: missing field `account_id` at line 1 column 2");
}
