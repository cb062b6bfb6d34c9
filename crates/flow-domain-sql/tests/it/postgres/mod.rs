#[cfg(feature = "testing")]
mod backend;
mod contract;
mod crashes;
#[cfg(feature = "testing")]
mod database;
mod engines;
mod failures;
mod fixture;
#[cfg(feature = "testing")]
mod flows;
mod gaps;
mod migrations;
mod own_server;
mod personal;
mod random;
mod rebuilds;
mod round_trips;
mod server_crashes;
mod stepped_clocks;
mod tls;
mod unknown_types;
mod unreadable_messages;
mod views;
