#[cfg(feature = "testing")]
mod backend;
mod contract;
mod crashes;
mod engines;
mod files;
mod fixture;
mod random;
mod views;
