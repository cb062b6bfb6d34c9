//! Flows on real databases.

#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod comparison;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod databases;
mod environment;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod failures;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod own_server;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod random_flows;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod records;
