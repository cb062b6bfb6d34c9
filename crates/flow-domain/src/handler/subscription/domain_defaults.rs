use std::sync::Arc;

use crate::handler::{Catalog, Source, SubscriptionOptions, SubscriptionSettings};

/// The options that handlers get from the domain, and the settings that command handlers share.
impl Catalog {
    /// Copies the options `origin`, `once` and `conflict_tries` of the domain to the handlers that do not
    /// set them.
    ///
    /// A delivery reads these from the options of the handler, not from the settings.
    pub(crate) fn apply_defaults(&mut self) {
        if self.defaults.configured_origin().is_none()
            && self.defaults.configured_conflict_tries().is_none()
            && !self.defaults.is_once()
        {
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

    /// Returns the name of the subscription that reads the commands of a category.
    pub(crate) fn command_subscription_name(category: &str) -> String {
        format!("{category}:command")
    }

    /// Returns the settings for reading the commands of a category.
    ///
    /// They come from the first handler of the category that sets a read option.
    pub(crate) fn command_settings(&self, category: &str) -> SubscriptionSettings {
        let routes = || {
            self.commands
                .iter()
                .filter(|route| route.category == category)
        };
        let read_options = routes()
            .filter_map(|route| route.options.as_ref())
            .find(|options| options.has_read_options());
        let settings = match read_options {
            Some(options) => options.settings(&self.defaults),
            None => SubscriptionOptions::default().settings(&self.defaults),
        };
        let longest_time_limit = routes()
            .map(|route| route.settings(&self.defaults).time_limit)
            .max();

        SubscriptionSettings {
            // No command is read from the event store.
            source: Source::Broker,
            // The slowest handler must be done before the broker may deliver a command again.
            time_limit: longest_time_limit.unwrap_or(settings.time_limit),
            ..settings
        }
    }
}

#[cfg(feature = "derive")]
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{
        Domain, Error,
        doc_fixture::{ConfirmOrder, Order, PlaceOrder},
        handler::{CommandHandler, CommandRoutes, UnitOfWork},
    };

    struct PlaceOrderHandler;

    impl CommandHandler for PlaceOrderHandler {
        fn routes(on: &mut CommandRoutes<Self>) {
            on.command(Self::place);
            on.subscription()
                .batch_size(7)
                .time_limit(Duration::from_secs(10));
        }
    }

    impl PlaceOrderHandler {
        async fn place(&self, _: PlaceOrder, _: &mut UnitOfWork) -> Result<(), Error> {
            Ok(())
        }
    }

    struct ConfirmOrderHandler;

    impl CommandHandler for ConfirmOrderHandler {
        fn routes(on: &mut CommandRoutes<Self>) {
            on.command(Self::confirm);
            on.subscription().time_limit(Duration::from_secs(90));
        }
    }

    impl ConfirmOrderHandler {
        async fn confirm(&self, _: ConfirmOrder, _: &mut UnitOfWork) -> Result<(), Error> {
            Ok(())
        }
    }

    #[test]
    fn command_settings_use_the_longest_time_limit() {
        let domain = Domain::builder("shop")
            .aggregate::<Order>()
            .command_handler(PlaceOrderHandler)
            .command_handler(ConfirmOrderHandler)
            .build()
            .expect("the read options do not conflict");

        let settings = domain.catalog().command_settings("order");

        assert_eq!(settings.time_limit, Duration::from_secs(90));
        assert_eq!(settings.batch_size, 7);
    }
}
