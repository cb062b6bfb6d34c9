use std::collections::BTreeMap;

use crate::{
    engine::{
        delivery::consumer::Consumer,
        delivery::feed::Feed,
        delivery::ledger_row::{LedgerRow, TopicProgress},
        relay::topics,
    },
    error::Error,
    handler::{Catalog, Ports},
    message::MessageKind,
    port::{Broker, Cursor, Lane, Topic},
};

/// Deletes the messages that all groups of the domain have settled from the topics of the broker.
///
/// Returns their number.
pub(in crate::engine) async fn trim_topics(ports: &Ports) -> Result<usize, Error> {
    let Some(broker) = &ports.broker else {
        return Ok(0);
    };

    let mut n_trimmed = 0;
    for (topic, floors) in floors(ports, &**broker).await? {
        let floors: Vec<Cursor> = (0..)
            .zip(floors)
            .map(|(partition, place)| Cursor {
                topic: 0,
                partition,
                place,
            })
            .collect();
        let n_messages = broker.trim(&topic, &floors).await?;
        if 0 < n_messages {
            tracing::debug!(%topic, n_messages, "trimmed a topic");
        }
        n_trimmed += n_messages;
    }

    Ok(n_trimmed)
}

/// Returns the place in each partition of each topic up to which no group needs the messages.
async fn floors(ports: &Ports, broker: &dyn Broker) -> Result<BTreeMap<Topic, Vec<u64>>, Error> {
    let n_partitions = broker.n_partitions();
    // A topic that no group reads needs no message at all.
    let unread = || vec![u64::MAX; n_partitions as usize];
    let mut floors: BTreeMap<Topic, Vec<u64>> = all_topics(&ports.catalog)
        .map(|topic| (topic, unread()))
        .collect();

    // These consumers own nothing, so the name of the engine does not matter.
    for consumer in Consumer::all(&ports.catalog, &"clean-up".into()) {
        let Feed::Broker { topics, .. } = &consumer.feed else {
            continue;
        };
        let mut ledgers = BTreeMap::new();
        for (partition, ledger) in ports.store.ledgers(&consumer.name).await? {
            ledgers.insert(partition, LedgerRow::decode(&ledger)?);
        }

        for topic in topics {
            let name = topic.to_string();
            let of_group = (0..n_partitions).map(|partition| {
                let progress = ledgers.get(&partition)?.progress(&name);
                progress.map(TopicProgress::floor)
            });
            let of_topic = floors.entry(topic.clone()).or_insert_with(unread);
            for (floor, of_group) in of_topic.iter_mut().zip(of_group) {
                // A group that has saved nothing needs all messages.
                *floor = of_group.unwrap_or(0).min(*floor);
            }
        }
    }

    Ok(floors)
}

/// Returns the topics that messages of the domain can be in.
fn all_topics(catalog: &Catalog) -> impl Iterator<Item = Topic> {
    let aggregates = catalog.aggregates.iter().map(|entry| entry.category);
    let outside = catalog.outside_events.iter().map(|(category, _)| *category);
    let categories: Vec<&'static str> = aggregates.chain(outside).collect();

    let kinds = [MessageKind::Event, MessageKind::Command];
    kinds.into_iter().flat_map(move |kind| {
        let primary = topics(&categories, kind, Lane::Primary);
        primary
            .into_iter()
            .chain(topics(&categories, kind, Lane::Backfill))
    })
}
