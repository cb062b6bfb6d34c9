//! Mutates the domains at random. Counts how often a flow fails, and how often its report names the
//! mutated handler. The last column counts the reports that state a wrong cause without `perhaps`.
//!
//! `FLOW_MUTANTS_TABLE=1 cargo test --test it mutation::` writes listings to `target/`. Each lists
//! the mutations that make no flow fail, and the reports that do not name the mutated handler:
//!
//! * `mutants-sync.txt` and `mutants-engine.txt`: for random mutations of the shop and the bank, in
//!   each mode;
//! * `mutants-all.txt`: for all mutations of the shop and the bank, in sync mode;
//! * `mutants-booking.txt` and `mutants-depot.txt`: for the booking system and the depot.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

use flow_domain::testing::mutation::{Mutation, MutationKind};
use flow_harness::{diagnosis::Cause, prelude::*};
use rstest::rstest;

use crate::mutation::flows::{BANK, BOOKING, DEPOT, SHOP, TestedDomain};

const N_MUTATIONS: usize = 100;
const SEED: u64 = 2026;

/// Returns whether the diagnosis names the handler and the message of the mutation.
fn names_mutated_handler(failure: &FlowFailure, mutation: &Mutation) -> bool {
    let Some(diagnosis) = failure.diagnosis() else {
        return false;
    };
    if let Cause::NoHandler { command, .. } = &diagnosis.cause
        && mutation.kind == MutationKind::Unrouted
    {
        // The domain no longer knows the handler of an unrouted command.
        return *command == mutation.message;
    }

    let cause = diagnosis.cause.to_string();
    let is_named = |name: &String| cause.contains(name.as_str());
    match diagnosis.cause.handler_call() {
        Some(call) if mutation.kind != MutationKind::Unrouted => {
            call.handler == mutation.handler && call.message == mutation.message
        }
        _ => is_named(&mutation.handler) && is_named(&mutation.message),
    }
}

/// The result of one mutation.
struct MutationResult {
    domain: &'static str,
    mutation: Mutation,
    /// The first flow that failed, its failure, and whether the diagnosis names the mutated
    /// handler.
    first_failure: Option<(&'static str, FlowFailure, bool)>,
}

impl MutationResult {
    /// Returns true if the report states a cause as proven that does not name the mutated handler.
    fn states_wrong_cause(&self) -> bool {
        let Some((_, failure, false)) = &self.first_failure else {
            return false;
        };

        failure
            .diagnosis()
            .is_some_and(|diagnosis| diagnosis.is_proven)
    }
}

/// The counts for one kind of mutation.
#[derive(Default)]
#[expect(clippy::struct_field_names, reason = "all fields are counts")]
struct KindCount {
    n_tried: usize,
    n_killed: usize,
    n_named: usize,
    /// The reports that state a cause as proven, although it is elsewhere.
    n_wrong: usize,
}

impl KindCount {
    fn add(&mut self, result: &MutationResult) {
        self.n_tried += 1;
        self.n_killed += usize::from(result.first_failure.is_some());
        self.n_named += usize::from(matches!(result.first_failure, Some((.., true))));
        self.n_wrong += usize::from(result.states_wrong_cause());
    }

    fn row(&self) -> String {
        let percent = match self.n_killed {
            0 => "-".to_owned(),
            n_killed => format!(
                "{}.{} %",
                self.n_named * 100 / n_killed,
                self.n_named * 1000 / n_killed % 10
            ),
        };

        format!(
            "{:>5}  {:>6}  {:>5}  {percent:>7}  {:>5}",
            self.n_tried, self.n_killed, self.n_named, self.n_wrong
        )
    }
}

fn mutation_results(
    tested_domain: TestedDomain,
    n_mutations: usize,
    mode: Mode,
) -> Vec<MutationResult> {
    let mutations = Mutation::pick(tested_domain.mutations(), n_mutations, SEED);
    mutations
        .into_iter()
        .map(|mutation| {
            let first_failure =
                tested_domain
                    .first_failing_flow(&mutation, mode)
                    .map(|(flow, failure)| {
                        let is_named = names_mutated_handler(&failure, &mutation);
                        (flow, failure, is_named)
                    });

            MutationResult {
                domain: tested_domain.name,
                mutation,
                first_failure,
            }
        })
        .collect()
}

/// Returns the results of `n_mutations` mutations of the shop, and as many of the bank.
fn shop_and_bank_results(n_mutations: usize, mode: Mode) -> Vec<MutationResult> {
    [SHOP, BANK]
        .into_iter()
        .flat_map(|tested_domain| mutation_results(tested_domain, n_mutations, mode))
        .collect()
}

fn table(results: &[MutationResult]) -> String {
    let mut counts: BTreeMap<(&str, &str), KindCount> = BTreeMap::new();
    let mut all = KindCount::default();

    for result in results {
        let kind = result.mutation.kind.label();
        counts.entry((result.domain, kind)).or_default().add(result);
        all.add(result);
    }

    let mut table = format!("{:<34}  tried  killed  named  percent  wrong", "");
    for ((domain, kind), count) in counts {
        write!(table, "\n{domain}  {kind:<28}  {}", count.row()).unwrap();
    }
    write!(table, "\n{:<34}  {}", "all", all.row()).unwrap();
    table
}

/// Returns the table, the mutations that made no flow fail, and the reports that do not name the
/// mutated handler.
fn full_listing(results: &[MutationResult]) -> String {
    let mut text = table(results);
    text.push_str("\n\nno flow fails\n");
    for result in results
        .iter()
        .filter(|result| result.first_failure.is_none())
    {
        writeln!(text, "  {}: {}", result.domain, result.mutation).unwrap();
    }

    text.push_str("\nthe place is not named\n");
    for result in results {
        if let Some((flow, failure, false)) = &result.first_failure {
            let report = failure.to_string();
            let lines: Vec<&str> = report.lines().take(25).collect();
            let lines = lines.join("\n    ");
            writeln!(
                text,
                "\n  {}: {}\n  flow: {flow}\n    {lines}",
                result.domain, result.mutation
            )
            .unwrap();
        }
    }

    text
}

fn is_listing_requested() -> bool {
    env::var_os("FLOW_MUTANTS_TABLE").is_some()
}

/// Writes the full listing to `target/mutants-<name>.txt`.
fn write_listing(results: &[MutationResult], name: &str) {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    fs::write(
        target.join(format!("mutants-{name}.txt")),
        full_listing(results),
    )
    .unwrap();
}

#[test]
fn mutations_of_shop_and_bank_fail_a_flow_in_sync_mode() {
    let results = shop_and_bank_results(N_MUTATIONS, Mode::Sync);

    if is_listing_requested() {
        write_listing(&results, "sync");
        write_listing(&shop_and_bank_results(usize::MAX, Mode::Sync), "all");
    }

    insta::assert_snapshot!(table(&results), @"
                                        tried  killed  named  percent  wrong
    bank  error                             8       8      8  100.0 %      0
    bank  fields swapped when read         12      12     12  100.0 %      0
    bank  fields swapped when written      16      16     16  100.0 %      0
    bank  id changed when read             17      13     13  100.0 %      0
    bank  id changed when written          20      20     20  100.0 %      0
    bank  panic                            18      18     18  100.0 %      0
    bank  route dropped                     9       8      8  100.0 %      0
    shop  error                            10      10     10  100.0 %      0
    shop  fields swapped when read         14      12     12  100.0 %      0
    shop  fields swapped when written      33      28     27   96.4 %      1
    shop  id changed when read             17       9      9  100.0 %      0
    shop  id changed when written           9       9      9  100.0 %      0
    shop  panic                             9       9      9  100.0 %      0
    shop  route dropped                     8       8      8  100.0 %      0
    all                                   200     180    179   99.4 %      1
    ");
}

#[test]
fn mutations_of_shop_and_bank_fail_a_flow_in_engine_mode() {
    let results = shop_and_bank_results(N_MUTATIONS, Mode::Engine);

    if is_listing_requested() {
        write_listing(&results, "engine");
    }

    insta::assert_snapshot!(table(&results), @"
                                        tried  killed  named  percent  wrong
    bank  error                             8       8      8  100.0 %      0
    bank  fields swapped when read         12      12     12  100.0 %      0
    bank  fields swapped when written      16      16     16  100.0 %      0
    bank  id changed when read             17      13     13  100.0 %      0
    bank  id changed when written          20      20     20  100.0 %      0
    bank  panic                            18      18     18  100.0 %      0
    bank  route dropped                     9       8      8  100.0 %      0
    shop  error                            10      10     10  100.0 %      0
    shop  fields swapped when read         14      12     12  100.0 %      0
    shop  fields swapped when written      33      28     27   96.4 %      1
    shop  id changed when read             17       9      9  100.0 %      0
    shop  id changed when written           9       9      9  100.0 %      0
    shop  panic                             9       9      9  100.0 %      0
    shop  route dropped                     8       8      8  100.0 %      0
    all                                   200     180    179   99.4 %      1
    ");
}

/// The rules of the diagnosis were written with the shop and the bank. On this later domain, 94.2 %
/// of the reports named the mutated handler at first.
#[rstest]
fn mutations_of_booking_fail_a_flow(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let results = mutation_results(BOOKING, usize::MAX, mode);

    if is_listing_requested() && mode == Mode::Sync {
        write_listing(&results, "booking");
    }

    insta::allow_duplicates! {
        insta::assert_snapshot!(table(&results), @"
                                            tried  killed  named  percent  wrong
        booking  error                            10      10     10  100.0 %      0
        booking  fields swapped when read          6       5      5  100.0 %      0
        booking  fields swapped when written      20      20     20  100.0 %      0
        booking  id changed when read             10       9      9  100.0 %      0
        booking  id changed when written           7       7      7  100.0 %      0
        booking  panic                            10      10     10  100.0 %      0
        booking  route dropped                    10       9      9  100.0 %      0
        all                                    73      70     70  100.0 %      0
        ");
    }
}

/// The depot was added last. At first, 92.9 % of the reports named the mutated handler.
#[rstest]
fn mutations_of_depot_fail_a_flow(#[values(Mode::Sync, Mode::Engine)] mode: Mode) {
    let results = mutation_results(DEPOT, usize::MAX, mode);

    if is_listing_requested() && mode == Mode::Sync {
        write_listing(&results, "depot");
    }

    insta::allow_duplicates! {
        insta::assert_snapshot!(table(&results), @"
                                            tried  killed  named  percent  wrong
        depot  error                            26      26     26  100.0 %      0
        depot  fields swapped when read         54      34     32   94.1 %      0
        depot  fields swapped when written      50      49     49  100.0 %      0
        depot  id changed when read             39      22     22  100.0 %      0
        depot  id changed when written          21      21     21  100.0 %      0
        depot  panic                            26      26     26  100.0 %      0
        depot  route dropped                    26      20     18   90.0 %      1
        all                                   242     198    194   97.9 %      1
        ");
    }
}

#[test]
fn mutation_seed_gives_equal_reports() {
    let [first, second] =
        [(); 2].map(|()| full_listing(&mutation_results(BANK, N_MUTATIONS, Mode::Sync)));

    assert_eq!(first, second);
}
