//! A command and an event with one name.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    UnitOfWork, WiringErrors,
};
use flow_harness::{FlowHarness, schema::SchemaCheck};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::schema::empty_folder;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(command::Payment), events(event::Payment))]
struct Account {
    id: String,
    #[serde(skip)]
    raised: PendingEvents,
}

mod command {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Command)]
    #[command(part_of = Account, id = id)]
    pub(super) struct Payment {
        pub(super) id: String,
    }
}

mod event {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(part_of = Account, id = id)]
    pub(super) struct Payment {
        pub(super) id: String,
        pub(super) is_first: bool,
    }
}

struct AccountHandler;

impl CommandHandler for AccountHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::pay).raises::<event::Payment>();
    }
}

impl AccountHandler {
    async fn pay(&self, command: command::Payment, work: &mut UnitOfWork) -> Result<(), Error> {
        let id = command.id;
        let mut account = Account {
            id: id.clone(),
            raised: PendingEvents::default(),
        };
        account.raise(event::Payment { id, is_first: true });
        work.add(account)
    }
}

fn domain() -> Result<Domain, WiringErrors> {
    Domain::builder("shop")
        .aggregate::<Account>()
        .command_handler(AccountHandler)
        .build()
}

fn pay() -> command::Payment {
    command::Payment { id: "1".into() }
}

#[test]
fn command_and_event_of_one_name_have_their_own_samples() {
    let folder = empty_folder("shared-name");
    let outcome = FlowHarness::new(domain).when(pay()).then_accepted().run();

    let check = SchemaCheck::new(domain().unwrap(), &folder)
        .samples_from(&outcome)
        .sample(pay())
        .update(true);
    assert_eq!(check.try_check(), Ok(()));

    let file = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(
        file("commands/account.Payment.v1.json"),
        "[\n{\"id\":\"1\"}\n]\n"
    );
    assert_eq!(
        file("events/account.Payment.v1.json"),
        "[\n{\"id\":\"1\",\"is_first\":true}\n]\n"
    );
}
