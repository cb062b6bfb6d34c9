//! Numbers are stored, read and found without loss: floats to the last bit, integers of 128 bits.

use flow_domain::{
    Aggregate, Command, CommandHandler, CommandRoutes, Domain, Error, Event, PendingEvents,
    Projection, Projector, ProjectorRoutes, Rows, UnitOfWork, field,
};
use pretty_assertions::assert_eq;
use serde::{Deserialize, Serialize};

use crate::runtime::fixture::World;

/// 20 ether and 1 wei: more than `u64::MAX`.
const WEI: u128 = 20_000_000_000_000_000_001;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(id = id, commands(Survey, Touch), events(Surveyed))]
struct Site {
    id: String,
    longitude: f64,
    #[serde(skip)]
    raised: PendingEvents,
}

#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Site, id = id)]
struct Survey {
    id: String,
    longitude: f64,
    wei: u128,
}

/// Loads and stores, and changes nothing.
#[derive(Debug, Serialize, Deserialize, Command)]
#[command(part_of = Site, id = id)]
struct Touch {
    id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(part_of = Site, id = id)]
struct Surveyed {
    id: String,
    longitude: f64,
    wei: u128,
}

struct SiteHandler;

impl CommandHandler for SiteHandler {
    fn routes(on: &mut CommandRoutes<Self>) {
        on.command(Self::survey).raises::<Surveyed>();
        on.command(Self::touch);
    }
}

impl SiteHandler {
    async fn survey(&self, command: Survey, work: &mut UnitOfWork) -> Result<(), Error> {
        let Survey { id, longitude, wei } = command;
        let mut site = Site {
            id: id.clone(),
            longitude,
            raised: PendingEvents::default(),
        };

        site.raise(Surveyed { id, longitude, wei });
        work.add(site)
    }

    async fn touch(&self, command: Touch, work: &mut UnitOfWork) -> Result<(), Error> {
        let site = work.load::<Site>(&command.id).await?;
        work.add(site)
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Projection)]
#[projection(id = id, index(wei))]
struct SiteRow {
    id: String,
    longitude: f64,
    wei: u128,
}

struct SiteProjector;

impl Projector for SiteProjector {
    type Projection = SiteRow;

    fn routes(on: &mut ProjectorRoutes<Self>) {
        on.event(Self::on_surveyed);
    }
}

impl SiteProjector {
    async fn on_surveyed(
        &self,
        event: Surveyed,
        rows: &mut Rows<'_, SiteRow>,
    ) -> Result<(), Error> {
        rows.put(SiteRow {
            id: event.id,
            longitude: event.longitude,
            wei: event.wei,
        })
        .await
    }
}

fn sites() -> World {
    World::new(
        Domain::builder("sites")
            .aggregate::<Site>()
            .projection::<SiteRow>()
            .command_handler(SiteHandler)
            .projector(SiteProjector),
    )
}

async fn survey(world: &World, id: &str, longitude: f64, wei: u128) {
    let survey = Survey {
        id: id.to_owned(),
        longitude,
        wei,
    };
    world.app.process(survey).await.expect("it is stored");
}

/// Returns floats from -180 to 180 with arbitrary last bits.
#[expect(clippy::cast_precision_loss, reason = "the upper 53 bits fit")]
fn longitudes() -> impl Iterator<Item = f64> {
    let mut seed = 42_u64;
    std::iter::repeat_with(move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 11) as f64 / (1_u64 << 53) as f64 * 360.0 - 180.0
    })
}

#[tokio::test]
async fn floats_are_stored_to_the_last_bit() {
    let world = sites();

    for (nth, longitude) in longitudes().take(200).enumerate() {
        let id = format!("site-{nth}");
        survey(&world, &id, longitude, 0).await;
        for _ in 0..3 {
            let id = id.clone();
            world.app.process(Touch { id }).await.expect("stored");
        }

        let site = world.app.load::<Site>(&id).await.unwrap().unwrap();
        let row = world.app.view::<SiteRow>().get(&id).await.unwrap();
        assert_eq!(site.longitude.to_bits(), longitude.to_bits());
        assert_eq!(row.unwrap().longitude.to_bits(), longitude.to_bits());
    }
}

#[tokio::test]
async fn rows_are_found_and_sorted_by_integers_of_128_bits() {
    let world = sites();
    for (id, wei) in [("more", WEI + 1_000), ("exact", WEI), ("small", 5)] {
        survey(&world, id, 0.0, wei).await;
    }

    let view = world.app.view::<SiteRow>();
    let equal = view.query().filter(field("wei").equals(WEI));
    let greater = view.query().filter(field("wei").greater_than(WEI));
    let at_least = view.query().filter(field("wei").at_least(5_u64));
    let sorted = view.query().order_by("wei").all().await.unwrap();

    assert_eq!(equal.all().await.unwrap()[0].id, "exact");
    assert_eq!(greater.all().await.unwrap()[0].id, "more");
    assert_eq!(at_least.count().await.unwrap(), 3);
    let sorted: Vec<&str> = sorted.iter().map(|row| &*row.id).collect();
    assert_eq!(sorted, ["small", "exact", "more"]);
}
