#[cfg(feature = "testing")]
mod backend;
mod contract;
mod crashes;
mod engines;
mod files;
mod fixture;
mod full_disk;
mod personal;
mod random;
mod rebuilds;
mod stepped_clocks;
mod unknown_types;
mod unreadable_messages;
mod views;
