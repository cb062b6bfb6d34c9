use std::sync::Arc;

use crate::handler::{Catalog, Source, SubscriptionOptions, SubscriptionSettings};

/// What a domain says of all its subscriptions, and what those share who read together.
impl Catalog {
    /// Hands down to every handler what the domain says of all and a delivery asks for: it asks the
    /// handler alone.
    pub(crate) fn apply_defaults(&mut self) {
        if self.defaults.configured_origin().is_none() && !self.defaults.is_once() {
            return;
        }

        let defaults = self.defaults;
        for subscription in &mut self.subscriptions {
            let options = subscription.options.get_or_insert_default();
            options.inherit(&defaults);
        }

        for route in &mut self.commands {
            let options = route.options.get_or_insert_default();
            Arc::make_mut(options).inherit(&defaults);
        }
    }

    /// The name of the subscription that reads the commands of a category.
    pub(crate) fn command_subscription_name(category: &str) -> String {
        format!("{category}:command")
    }

    /// How the commands of a category are read: the first of their handlers that says so decides.
    pub(crate) fn command_settings(&self, category: &str) -> SubscriptionSettings {
        let mut routes = self.commands.iter();
        let first = routes.find_map(|route| {
            let options = route.options.as_ref()?;
            (route.category == category && options.configures_reading()).then_some(options)
        });
        let settings = match first {
            Some(options) => options.settings(&self.defaults),
            None => SubscriptionOptions::default().settings(&self.defaults),
        };
        let limits = self
            .commands
            .iter()
            .filter(|route| route.category == category)
            .map(|route| route.settings(&self.defaults).time_limit);

        SubscriptionSettings {
            // No command is read from the event store.
            source: Source::Broker,
            // Whoever takes longest must be done before somebody else is handed the same.
            time_limit: limits.max().unwrap_or(settings.time_limit),
            ..settings
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{
        Domain, Error,
        doc_fixture::{ConfirmOrder, Order, PlaceOrder},
        handler::{CommandHandler, CommandRoutes, UnitOfWork},
    };

    struct Placing;

    impl CommandHandler for Placing {
        fn routes(on: &mut CommandRoutes<Self>) {
            on.command(Self::place);
            on.subscription()
                .batch_size(7)
                .time_limit(Duration::from_secs(10));
        }
    }

    impl Placing {
        async fn place(&self, _: PlaceOrder, _: &mut UnitOfWork) -> Result<(), Error> {
            Ok(())
        }
    }

    struct Confirming;

    impl CommandHandler for Confirming {
        fn routes(on: &mut CommandRoutes<Self>) {
            on.command(Self::confirm);
            on.subscription().time_limit(Duration::from_secs(90));
        }
    }

    impl Confirming {
        async fn confirm(&self, _: ConfirmOrder, _: &mut UnitOfWork) -> Result<(), Error> {
            Ok(())
        }
    }

    #[test]
    fn command_settings_use_the_longest_time_limit() {
        let domain = Domain::builder("shop")
            .aggregate::<Order>()
            .command_handler(Placing)
            .command_handler(Confirming)
            .build()
            .expect("the handlers differ in nothing that they share");

        let read = domain.catalog().command_settings("order");

        assert_eq!(read.time_limit, Duration::from_secs(90));
        assert_eq!(read.batch_size, 7);
    }
}
