use crate::{
    port::{Broker, Publication, ReadRequest, StartFrom},
    testing::contract::{
        broker::fixture::{
            BACKFILL, COMMANDS, ORDERS, PAYMENTS, acknowledge, publish, read, read_numbers,
            request, subscribe, with_time, with_topics,
        },
        fixture::event,
    },
};

/// Every group receives every message once, in the order of publication.
///
/// What the other groups do makes no difference.
pub async fn each_group_gets_each_message_once<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1, 2]).await;
    subscribe(broker, "billing", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-2", [3]).await;

    let shipping = read(broker, request("shipping", "a")).await;
    acknowledge(broker, "shipping", &shipping).await;

    assert!(shipping.is_sorted_by(|left, right| left.offset < right.offset));
    assert_eq!(
        read_numbers(broker, request("shipping", "a")).await,
        [0; 0],
        "`read` must not return an acknowledged message again"
    );
    assert_eq!(
        read_numbers(broker, request("billing", "a")).await,
        [1, 2, 3]
    );
    assert_eq!(read_numbers(broker, request("billing", "a")).await, [0; 0]);

    publish(broker, &ORDERS, "order-3", [4]).await;
    assert_eq!(read_numbers(broker, request("shipping", "a")).await, [4]);
}

/// A read returns the published message with its topic, as the first attempt.
pub async fn read_returns_what_was_published<B: Broker + ?Sized>(broker: &B) {
    let publications = [Publication {
        topic: COMMANDS,
        envelope: event("order-1", 1),
    }];
    subscribe(broker, "shipping", &[COMMANDS]).await;

    let published = broker.publish(&publications).await;
    let messages = read(broker, with_topics(&[COMMANDS], request("shipping", "a"))).await;

    assert_eq!(published.expect("`publish` must succeed").len(), 1);
    assert_eq!(messages.len(), 1);
    let [expected] = &publications;
    let envelope = &messages[0].envelope;
    assert_eq!(messages[0].topic, expected.topic);
    assert_eq!(envelope.metadata, expected.envelope.metadata);
    assert_eq!(
        envelope.message.to_json().expect("the store returns JSON"),
        expected
            .envelope
            .message
            .to_json()
            .expect("the store returns JSON")
    );
    assert_eq!(messages[0].attempt, 1);
}

/// A read of several topics returns their messages in the order of publication.
pub async fn topics_are_read_in_publication_order<B: Broker + ?Sized>(broker: &B) {
    let topics = [PAYMENTS, ORDERS];
    subscribe(broker, "shipping", &topics).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    publish(broker, &PAYMENTS, "payment-1", [2]).await;
    publish(broker, &ORDERS, "order-2", [3, 4]).await;
    publish(broker, &PAYMENTS, "payment-1", [5]).await;

    let both = ReadRequest {
        topics: &topics,
        limit: 3,
        ..request("shipping", "a")
    };
    let first = read(broker, both).await;
    acknowledge(broker, "shipping", &first).await;

    let received_topics: Vec<_> = first.iter().map(|message| &message.topic).collect();
    assert_eq!(received_topics, [&ORDERS, &PAYMENTS, &ORDERS]);
    assert_eq!(read_numbers(broker, both).await, [4, 5]);
}

/// Each lane and each kind of a category is a separate topic.
pub async fn lanes_and_kinds_are_separate_topics<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS, BACKFILL, COMMANDS]).await;
    publish(broker, &BACKFILL, "order-1", [1]).await;
    publish(broker, &ORDERS, "order-1", [2]).await;
    publish(broker, &COMMANDS, "order-1", [3]).await;
    let a = request("shipping", "a");

    assert_eq!(read_numbers(broker, with_topics(&[ORDERS], a)).await, [2]);
    assert_eq!(
        read_numbers(broker, with_topics(&[ORDERS], a)).await,
        [0; 0]
    );
    assert_eq!(read_numbers(broker, with_topics(&[BACKFILL], a)).await, [1]);
    assert_eq!(read_numbers(broker, with_topics(&[COMMANDS], a)).await, [3]);
}

/// Only one consumer of a group receives a message.
pub async fn message_goes_to_one_consumer_of_a_group<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    publish(broker, &ORDERS, "order-2", [2]).await;
    publish(broker, &ORDERS, "order-3", [3]).await;
    let limited_to_two = |consumer| ReadRequest {
        limit: 2,
        ..request("shipping", consumer)
    };

    assert_eq!(read_numbers(broker, limited_to_two("a")).await, [1, 2]);
    assert_eq!(read_numbers(broker, limited_to_two("b")).await, [3]);
    assert_eq!(read_numbers(broker, limited_to_two("a")).await, [0; 0]);
    assert_eq!(
        read_numbers(broker, with_time(29, limited_to_two("b"))).await,
        [0; 0]
    );
}

/// A read returns at most `limit` messages, and the next read continues after them.
pub async fn read_is_limited<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[ORDERS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;
    publish(broker, &ORDERS, "order-2", [2]).await;
    publish(broker, &ORDERS, "order-3", [3]).await;
    let at_most = |limit| ReadRequest {
        limit,
        ..request("shipping", "a")
    };

    assert_eq!(read_numbers(broker, at_most(0)).await, [0; 0]);
    assert_eq!(read_numbers(broker, at_most(1)).await, [1]);
    assert_eq!(read_numbers(broker, at_most(2)).await, [2, 3]);
}

/// A group that starts from now receives only messages that are published after its subscription.
pub async fn start_from_now_skips_older_messages<B: Broker + ?Sized>(broker: &B) {
    publish(broker, &ORDERS, "order-1", [1]).await;

    let topics = &[ORDERS, PAYMENTS];
    let subscribed = broker.subscribe("shipping", topics, StartFrom::Now).await;
    subscribed.expect("`subscribe` must succeed");
    publish(broker, &ORDERS, "order-1", [2]).await;
    publish(broker, &PAYMENTS, "payment-1", [3]).await;

    let both = with_topics(topics, request("shipping", "a"));
    assert_eq!(read_numbers(broker, both).await, [2, 3]);
}

/// A group that subscribes again keeps its positions, and ignores the new start.
///
/// The subscription adds topics that are new to the group.
pub async fn resubscribing_keeps_the_position<B: Broker + ?Sized>(broker: &B) {
    publish(broker, &PAYMENTS, "payment-1", [1]).await;
    publish(broker, &ORDERS, "order-1", [2]).await;
    publish(broker, &ORDERS, "order-2", [3]).await;
    subscribe(broker, "shipping", &[ORDERS]).await;
    let limited_to_one = ReadRequest {
        limit: 1,
        ..request("shipping", "a")
    };
    let first = read(broker, limited_to_one).await;
    acknowledge(broker, "shipping", &first).await;

    let resubscribed = broker
        .subscribe("shipping", &[ORDERS], StartFrom::Now)
        .await;
    resubscribed.expect("`subscribe` must succeed a second time");
    subscribe(broker, "shipping", &[PAYMENTS, ORDERS]).await;

    let topics = &[ORDERS, PAYMENTS];
    let both = with_topics(topics, request("shipping", "a"));
    assert_eq!(read_numbers(broker, both).await, [1, 3]);
}

/// A group that did not subscribe to a topic receives no messages from it, and has no backlog.
pub async fn unsubscribed_group_gets_nothing<B: Broker + ?Sized>(broker: &B) {
    subscribe(broker, "shipping", &[PAYMENTS]).await;
    publish(broker, &ORDERS, "order-1", [1]).await;

    assert_eq!(read_numbers(broker, request("shipping", "a")).await, [0; 0]);
    assert_eq!(read_numbers(broker, request("billing", "a")).await, [0; 0]);
    for group in ["shipping", "billing"] {
        let backlog = broker.backlog(group, &[ORDERS]).await;
        assert_eq!(backlog.expect("`backlog` must succeed").total(), 0);
    }
}
