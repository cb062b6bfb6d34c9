//! The tested domains with their flows.

use flow_domain::{Domain, WiringErrors, testing::mutation::Mutation};
use flow_harness::prelude::*;

use crate::mutation::{bank_flows, booking_flows, depot, shop_flows};

/// The result of a flow.
pub(crate) type FlowResult = Result<Outcome, FlowFailure>;

/// A flow and its name.
pub(crate) type NamedFlow = (&'static str, fn(&FlowHarness) -> FlowResult);

/// A domain and its flows.
#[derive(Clone, Copy)]
pub(crate) struct TestedDomain {
    pub(crate) name: &'static str,
    pub(crate) domain: fn() -> Result<Domain, WiringErrors>,
    pub(crate) flows: &'static [NamedFlow],
}

pub(crate) const SHOP: TestedDomain = TestedDomain {
    name: "shop",
    domain: ::shop::domain,
    flows: shop_flows::FLOWS,
};

pub(crate) const BANK: TestedDomain = TestedDomain {
    name: "bank",
    domain: ::bank::domain,
    flows: bank_flows::FLOWS,
};

pub(crate) const BOOKING: TestedDomain = TestedDomain {
    name: "booking",
    domain: booking_flows::domain,
    flows: booking_flows::FLOWS,
};

pub(crate) const DEPOT: TestedDomain = TestedDomain {
    name: "depot",
    domain: depot::domain,
    flows: depot::flows::FLOWS,
};

impl TestedDomain {
    /// Returns every mutation of a message that occurs in the flows.
    pub(crate) fn mutations(self) -> Vec<Mutation> {
        let harness = FlowHarness::new(self.domain).mode(Mode::Sync);
        let outcomes: Vec<Outcome> = self
            .flows
            .iter()
            .map(|(name, flow)| {
                flow(&harness).unwrap_or_else(|failure| panic!("{name}\n{failure}"))
            })
            .collect();

        let records: Vec<_> = outcomes.iter().map(Outcome::record).collect();
        Mutation::all(&(self.domain)().unwrap(), &records)
    }

    /// Returns a harness of the domain with one mutation.
    pub(crate) fn harness_with_mutation(self, mutation: &Mutation) -> FlowHarness {
        let (domain, mutation) = (self.domain, mutation.clone());
        FlowHarness::new(move || domain().map(|domain| domain.mutated(&mutation)))
    }

    /// Returns the first flow that fails with the mutation, and its failure.
    pub(crate) fn first_failing_flow(
        self,
        mutation: &Mutation,
        mode: Mode,
    ) -> Option<(&'static str, FlowFailure)> {
        let harness = self.harness_with_mutation(mutation).mode(mode);

        self.flows
            .iter()
            .find_map(|(name, flow)| flow(&harness).err().map(|failure| (*name, failure)))
    }
}
