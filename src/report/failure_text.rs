use flow_domain::record::{EntryId, Invariant};

use crate::{
    diagnosis::{Cause, Diagnosis},
    outcome::Outcome,
    report::{
        failure::{FailedStep, Inner},
        rerun_hint::{rerun_command, test_name},
    },
    value::{RenderOptions, Style, cut_list, indent},
};

/// The maximum number of failed steps that are shown in full.
///
/// Later steps mostly failed because of these.
const MAX_FULL_STEPS: usize = 4;

/// The indentation of the sections.
const MARGIN: usize = 7;

/// Returns the story and the chain of a test flow that passed, for the terminal.
pub(crate) fn passed_text(outcome: &Outcome) -> String {
    let name = test_name().unwrap_or_else(|| "a flow".to_owned());
    let story_and_chain = story_and_chain(outcome, None, &RenderOptions::for_terminal());

    format!("{name} passed{story_and_chain}")
}

/// Returns the story and the chain, with a mark at the entry `marked`.
fn story_and_chain(outcome: &Outcome, marked: Option<EntryId>, options: &RenderOptions) -> String {
    let indented = options.indented(MARGIN);
    let story = section(options, "story", &outcome.render_story(&indented));
    let chain = section(options, "chain", &outcome.render_chain(marked, &indented));

    story + &chain
}

impl FailedStep {
    fn render(&self, start: &str, options: &RenderOptions) -> String {
        let head = format!("{start} {}: {}", self.step, self.described);
        let head = options.paint(Style::Failure, &head);
        let mut text = format!("{head}      {}\n\n", self.location);
        // Writing to a `String` never fails.
        let _ = self.mismatch.write_to(&mut text, options);

        text
    }
}

impl Inner {
    /// Returns the whole report in reading order.
    pub(super) fn report(&self, options: &RenderOptions) -> String {
        let run = self.outcome.as_ref();
        let rerun = self.test_name.as_ref().map(|test_name| {
            let command = rerun_command(test_name, &self.environment);
            line(options, "rerun", &command)
        });

        [
            self.failed_steps(options),
            self.skipped_steps(),
            self.cause(options),
            section(options, "run", self.note.as_deref().unwrap_or_default()),
            run.map_or(String::new(), |outcome| self.run(outcome, options)),
            section(options, "end", &self.remaining),
            rerun.unwrap_or_default(),
        ]
        .concat()
    }

    /// Returns the first failed steps in full, and the numbers of the others.
    fn failed_steps(&self, options: &RenderOptions) -> String {
        let n_full = self.failed_steps.len().min(MAX_FULL_STEPS);
        let (full, others) = self.failed_steps.split_at(n_full);

        let full: Vec<String> = full
            .iter()
            .enumerate()
            .map(|(idx, failed)| {
                let start = match idx {
                    0 if self.outcome.is_none() => "flow failed before step",
                    0 => "flow failed at step",
                    _ => "and at step",
                };
                failed.render(start, options)
            })
            .collect();
        let others: Vec<String> = others.iter().map(|other| other.step.to_string()).collect();
        let others = match others.as_slice() {
            [] => String::new(),
            [step] => format!("\n\nand at step {step}"),
            _ => format!("\n\nand at steps {}", cut_list(others).join(", ")),
        };

        full.join("\n\n") + &others
    }

    /// Returns how many steps were skipped because of the failure.
    fn skipped_steps(&self) -> String {
        match self
            .outcome
            .as_ref()
            .map_or(0, |outcome| outcome.story.n_skipped())
        {
            0 => String::new(),
            1 => "\n\n  1 later step was skipped".to_owned(),
            n => format!("\n\n  {n} later steps were skipped"),
        }
    }

    /// Returns the cause and the advice, but leaves out what the mismatch says already.
    fn cause(&self, options: &RenderOptions) -> String {
        let Some(Diagnosis {
            cause, is_proven, ..
        }) = &self.diagnosis
        else {
            return String::new();
        };

        let indented = options.indented(MARGIN);
        let advice = cause.advice().map(|advice| indented.wrap_words(&advice));
        if !self.is_stated_by_mismatch(cause) {
            // A guess must not read like a fact.
            let prefix = if *is_proven { "" } else { "perhaps: " };
            let why = indented.wrap_words(&format!("{prefix}{cause}"));
            let fix = advice.map_or(String::new(), |advice| line(options, "fix", &advice));

            return section(options, "why", &why) + &fix;
        }

        // The mismatch states the cause. Only advice about a missing state adds something to it.
        let is_about_missing_state = matches!(
            cause,
            Cause::HandlerFailed {
                missing: Some(_),
                ..
            } | Cause::Rejected {
                missing_state: Some(_),
                ..
            }
        );
        let advice = advice.filter(|_| is_about_missing_state);
        section(options, "fix", &advice.unwrap_or_default())
    }

    /// Returns the story and the chain, the warnings, and the disabled invariants.
    fn run(&self, outcome: &Outcome, options: &RenderOptions) -> String {
        let diagnosis = self.diagnosis.as_ref();
        let marked = diagnosis.and_then(|diagnosis| diagnosis.cause.entry());
        let indented = options.indented(MARGIN);
        let warnings = indented.wrap_words(&warning_lines(outcome));
        let disabled_invariants = indented.wrap_words(&disabled_invariant_lines(outcome));

        [
            story_and_chain(outcome, marked, options),
            section(options, "warn", &warnings),
            section(options, "note", &disabled_invariants),
        ]
        .concat()
    }

    /// Returns true if the first mismatch states the cause already. Then the report omits the cause.
    fn is_stated_by_mismatch(&self, cause: &Cause) -> bool {
        if let Cause::InvariantViolated { .. } = cause {
            return true;
        }

        let (Cause::Rejected { at, .. } | Cause::HandlerFailed { at, .. }) = cause else {
            return false;
        };

        let mismatch = &self.failed_steps[0].mismatch;
        mismatch.shown_handlers().contains(&Some(at.handler))
    }
}

fn warning_lines(outcome: &Outcome) -> String {
    // A comparison by JSON is about the types of the domain, not about this failure.
    let lines: Vec<String> = outcome
        .warnings()
        .iter()
        .filter(|warning| warning.invariant != Some(Invariant::RoundTrip))
        .map(ToString::to_string)
        .collect();

    cut_list(lines).join("\n")
}

fn disabled_invariant_lines(outcome: &Outcome) -> String {
    let lines: Vec<String> = outcome
        .disabled_invariants
        .iter()
        .map(|disabled| {
            format!(
                "invariant not checked: {}, because {}",
                disabled.invariant, disabled.reason
            )
        })
        .collect();

    lines.join("\n")
}

/// Returns a section after an empty line, or nothing if the text is empty.
fn section(options: &RenderOptions, name: &str, text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!("\n{}", line(options, name, text)),
    }
}

/// Returns a named line that belongs to the section before it.
fn line(options: &RenderOptions, name: &str, text: &str) -> String {
    let space = " ".repeat(MARGIN - name.len());
    let name = options.paint(Style::SectionName, name);

    format!("\n{name}{space}{}", indent(text, MARGIN))
}

#[cfg(test)]
mod tests {
    use shop::{OrderDashboard, OrderStatus, PlaceOrder};

    use crate::{FlowFailure, FlowHarness, expect, value::RenderOptions};

    fn failure() -> FlowFailure {
        let place = || PlaceOrder {
            order_id: "ord-1".into(),
            customer_id: "a customer with a name that goes on for very long".into(),
            product_id: "tea".into(),
            quantity: 2,
            total_cents: 1_200,
        };

        let flow = FlowHarness::new(shop::domain)
            .mode(crate::Mode::Sync)
            .given_command(place())
            .when(place())
            .then(expect::rejected_with_message("placed"))
            .then_projection::<OrderDashboard>("ord-1")
            .has(|row| row.status == OrderStatus::Placed);

        flow.try_run().unwrap_err()
    }

    fn render_with(options: &RenderOptions) -> String {
        let failure = failure();
        let text = failure.render(options).replace(failure.location(), "LINE");

        text.lines()
            .filter(|line| !line.contains("rerun"))
            .collect::<Vec<&str>>()
            .join("\n")
            .replace('\x1b', "ESC")
    }

    #[test]
    fn report_wraps_at_the_given_width() {
        let narrow = RenderOptions {
            width: 70,
            ..RenderOptions::PLAIN
        };

        insta::assert_snapshot!(render_with(&narrow), @r#"
        flow failed at step 4: then OrderDashboard "ord-1" has      LINE

          expected  OrderDashboard "ord-1" for which the closure returns true
          found     OrderDashboard "ord-1" {
                        order_id: "ord-1",
                        customer_id: "a customer with a name that goes on for very long",
                        status: "Cancelled",
                        total_cents: 1200,
                    }

        why    OrderCommandHandler rejected PlaceOrder: the order is already
                 placed
        fix    set up the required state in a `given_..` step, if PlaceOrder
                 should be accepted

        story   1 given  PlaceOrder { order_id: "o .. }
                2 when   PlaceOrder { order_id: "o .. }  REJECTED: the orde ..
                3 then   rejected with a message tha ..  ok
                4 then   OrderDashboard "ord-1" has      FAILED

        chain  PlaceOrder                          OrderCommandHa ..   <- here

        end    nothing pending · no handlers failed · 1 command rejected
        "#);
    }

    #[test]
    fn report_colours_failures_and_values() {
        let coloured = RenderOptions {
            is_coloured: true,
            ..RenderOptions::PLAIN
        };

        insta::assert_snapshot!(render_with(&coloured), @r#"
        ESC[1;31mflow failed at step 4: then OrderDashboard "ord-1" hasESC[0m      LINE

          ESC[1mexpectedESC[0m  ESC[32mOrderDashboard "ord-1" for which the closure returns trueESC[0m
          ESC[1mfoundESC[0m     ESC[31mOrderDashboard "ord-1" {ESC[0m
                    ESC[31m    order_id: "ord-1",ESC[0m
                    ESC[31m    customer_id: "a customer with a name that goes on for very long",ESC[0m
                    ESC[31m    status: "Cancelled",ESC[0m
                    ESC[31m    total_cents: 1200,ESC[0m
                    ESC[31m}ESC[0m

        ESC[1mwhyESC[0m    OrderCommandHandler rejected PlaceOrder: the order is already placed
        ESC[1mfixESC[0m    set up the required state in a `given_..` step, if PlaceOrder should be accepted

        ESC[1mstoryESC[0m   1 given  PlaceOrder { order_id: "ord-1", customer_id: "a customer with a n .. }
                2 when   PlaceOrder { order_id: "ord-1", customer_id: "a customer with a n .. }  ESC[1;31mREJECTED: the order is already placedESC[0m
                3 then   rejected with a message that contains "placed"                          ok
                4 then   OrderDashboard "ord-1" has                                              ESC[1;31mFAILEDESC[0m

        ESC[1mchainESC[0m  PlaceOrder                          OrderCommandHandler  ESC[1;31mREJECTED: the order is already placedESC[0mESC[1;36m   <- hereESC[0m

        ESC[1mendESC[0m    nothing pending · no handlers failed · 1 command rejected
        "#);
    }
}
