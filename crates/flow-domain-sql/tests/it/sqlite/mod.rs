mod contract;
mod files;
mod fixture;
mod views;
