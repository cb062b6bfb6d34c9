//! Warnings that are acknowledged with a reason.

use flow_domain::{
    Domain, Event, EventHandler, EventRoutes, ProcessManager, ProcessManagerRoutes,
    WarningSelector,
    message::Priority,
    wiring::{DomainBuilder, WiringWarning},
};
use serde::{Deserialize, Serialize};

use crate::{
    fixture::build,
    wiring::fixture::{
        Inventory, Order, OrderCommandHandler, OrderDashboard, OrderPlaced, PlaceOrder,
        StockReserved, advance, react, wiring_errors_text, wiring_warnings_text,
    },
};

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "tide", id = harbour)]
enum Tide {
    Rose { harbour: String },
    Fell { harbour: String },
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(category = "tide", id = harbour)]
enum RisingTide {
    Rose { harbour: String },
}

/// It handles an event and raises the same event.
struct Echo;

impl EventHandler for Echo {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, RisingTide>).raises::<RisingTide>();
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Watch;

impl ProcessManager for Watch {
    const KEY: &'static str = "harbour";

    fn routes(on: &mut ProcessManagerRoutes<Self>) {
        on.start_by("order_id", advance::<Self, OrderPlaced>);
        on.event(advance::<Self, Tide>);
    }
}

#[derive(Debug)]
struct Ledger;

impl EventHandler for Ledger {
    fn routes(on: &mut EventRoutes<Self>) {
        on.event(react::<Self, OrderPlaced>);
        on.subscription()
            .source(flow_domain::handler::Source::EventStore);
    }
}

fn harbour() -> DomainBuilder {
    Domain::builder("harbour")
}

/// Each domain has the warnings that its selector selects, and no others.
fn all_kinds() -> Vec<(DomainBuilder, WarningSelector)> {
    vec![
        (
            harbour()
                .aggregate::<Order>()
                .command_handler(OrderCommandHandler),
            WarningSelector::unhandled_event::<OrderPlaced>(),
        ),
        (
            harbour().event_from_outside::<Tide>(),
            WarningSelector::unhandled_event::<Tide>(),
        ),
        (
            harbour().aggregate::<Order>().event_handler(Ledger),
            WarningSelector::unhandled_command::<PlaceOrder>(),
        ),
        (
            harbour().projection::<OrderDashboard>(),
            WarningSelector::projection_without_projector::<OrderDashboard>(),
        ),
        (
            harbour()
                .aggregate::<Order>()
                .command_handler(OrderCommandHandler)
                .event_handler(Ledger)
                .lanes_below(Priority::NORMAL),
            WarningSelector::lanes_for_commands_only(),
        ),
        (
            harbour()
                .aggregate::<Order>()
                .command_handler(OrderCommandHandler)
                .event_from_outside::<Tide>()
                .process_manager::<Watch>(),
            WarningSelector::event_before_start::<Watch, Tide>(),
        ),
        (
            harbour()
                .event_from_outside::<RisingTide>()
                .event_handler(Echo),
            WarningSelector::cycle_through::<RisingTide>(),
        ),
    ]
}

#[test]
fn acknowledged_warnings_are_not_returned() {
    for (domain, selector) in all_kinds() {
        let domain = build(domain.acknowledge(selector.clone(), "we know"));
        assert_eq!(domain.check(), [], "{selector}");
    }
}

#[test]
fn acknowledgement_selects_only_its_own_kind() {
    for (idx, (_, selector)) in all_kinds().into_iter().enumerate() {
        for (domain_idx, (domain, _)) in all_kinds().into_iter().enumerate() {
            let n_before = build(all_kinds().swap_remove(domain_idx).0).check().len();
            let warnings = build(domain.acknowledge(selector.clone(), "we know")).check();

            assert_eq!(warnings.is_empty(), idx == domain_idx, "{selector}");
            if idx != domain_idx {
                assert_eq!(warnings.len(), n_before + 1, "{selector}");
            }
        }
    }
}

#[test]
fn unneeded_acknowledgement_is_a_warning() {
    let texts: Vec<String> = all_kinds()
        .into_iter()
        .map(|(_, selector)| wiring_warnings_text(harbour().acknowledge(selector, "we know")))
        .collect();

    insta::assert_snapshot!(texts.join("\n"), @r#"
    the acknowledged warning does not occur: remove `.acknowledge(WarningSelector::unhandled_event::<OrderPlaced>(), "we know")`
    the acknowledged warning does not occur: remove `.acknowledge(WarningSelector::unhandled_event::<Tide>(), "we know")`
    the acknowledged warning does not occur: remove `.acknowledge(WarningSelector::unhandled_command::<PlaceOrder>(), "we know")`
    the acknowledged warning does not occur: remove `.acknowledge(WarningSelector::projection_without_projector::<OrderDashboard>(), "we know")`
    the acknowledged warning does not occur: remove `.acknowledge(WarningSelector::lanes_for_commands_only(), "we know")`
    the acknowledged warning does not occur: remove `.acknowledge(WarningSelector::event_before_start::<Watch, Tide>(), "we know")`
    the acknowledged warning does not occur: remove `.acknowledge(WarningSelector::cycle_through::<RisingTide>(), "we know")`
    "#);
}

#[track_caller]
fn check_unhandled(selector: WarningSelector, expected: &[&str]) {
    let domain = harbour().event_from_outside::<Tide>();

    let warnings = build(domain.acknowledge(selector, "we know")).check();
    let expected: Vec<WiringWarning> = expected
        .iter()
        .map(|event| WiringWarning::UnhandledOutsideEvent {
            event: (*event).to_owned(),
        })
        .collect();
    assert_eq!(warnings, expected);
}

#[test]
fn acknowledgement_selects_the_variants_of_an_enum() {
    check_unhandled(WarningSelector::unhandled_event::<Tide>(), &[]);
    check_unhandled(WarningSelector::unhandled_event::<RisingTide>(), &["Fell"]);
}

#[test]
fn acknowledgement_names_the_process_manager() {
    #[derive(Debug, Default, Serialize, Deserialize)]
    struct OtherWatch;

    impl ProcessManager for OtherWatch {
        const KEY: &'static str = "order_id";

        fn routes(on: &mut ProcessManagerRoutes<Self>) {
            on.start(advance::<Self, OrderPlaced>);
            on.event_by("harbour", advance::<Self, Tide>);
        }
    }

    let domain = harbour()
        .aggregate::<Order>()
        .command_handler(OrderCommandHandler)
        .event_from_outside::<Tide>()
        .process_manager::<Watch>()
        .process_manager::<OtherWatch>()
        .acknowledge(
            WarningSelector::event_before_start::<Watch, Tide>(),
            "ships are ordered at low tide",
        );

    let managers: Vec<String> = build(domain)
        .check()
        .into_iter()
        .filter_map(|warning| match warning {
            WiringWarning::EventBeforeStart {
                process_manager, ..
            } => Some(process_manager),
            _ => None,
        })
        .collect();
    assert_eq!(managers, ["OtherWatch", "OtherWatch"]);
}

#[test]
fn acknowledgement_without_a_reason_is_a_mistake() {
    let selector = WarningSelector::unhandled_event::<StockReserved>();
    let domain = harbour()
        .aggregate::<Inventory>()
        .acknowledge(selector.clone(), "")
        .acknowledge(selector, " \n");

    insta::assert_snapshot!(wiring_errors_text(domain), @r#"
    the domain `harbour` has 2 wiring mistakes

      1. the warning of `WarningSelector::unhandled_event::<StockReserved>()` is acknowledged without a reason
         write why it is no mistake: `.acknowledge(WarningSelector::unhandled_event::<StockReserved>(), "..")`

      2. the warning of `WarningSelector::unhandled_event::<StockReserved>()` is acknowledged without a reason
         write why it is no mistake: `.acknowledge(WarningSelector::unhandled_event::<StockReserved>(), "..")`
    "#);
}

#[test]
fn acknowledgement_does_not_hide_mistakes() {
    let domain = harbour()
        .aggregate::<Order>()
        .command_handler(OrderCommandHandler)
        .command_handler(OrderCommandHandler)
        .acknowledge(WarningSelector::unhandled_event::<OrderPlaced>(), "we know");

    assert!(domain.build().is_err());
}
