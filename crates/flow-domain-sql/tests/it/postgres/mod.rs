mod contract;
mod failures;
mod fixture;
mod gaps;
mod migrations;
mod round_trips;
mod views;
