#[cfg(feature = "testing")]
mod backend;
mod contract;
mod crashes;
#[cfg(feature = "testing")]
mod database;
mod engines;
mod failures;
mod fixture;
mod gaps;
mod migrations;
mod own_server;
mod random;
mod round_trips;
mod server_crashes;
mod tls;
mod views;
