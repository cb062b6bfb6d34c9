//! Mutation tests: each mutation changes one thing in a sample domain, and a flow should then fail.

mod bank_flows;
mod booking_flows;
mod depot;
mod domain_mutation;
mod flows;
mod measure;
mod shop_flows;
