use std::fmt;

use flow_domain::record::EntryId;

use crate::{
    diagnosis::{Cause, Diagnosis},
    expect::Subject,
    outcome::Outcome,
    report::{
        failure::Inner,
        rerun_hint::{rerun_command, test_name},
    },
    value::{RenderOptions, Style, indent},
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
    let mut text = format!("{name} passed");
    // Writing to a `String` never fails.
    let _ = write_story_and_chain(&mut text, outcome, None, &RenderOptions::for_terminal());

    text
}

/// Writes the story and the chain, with a mark at the entry `marked`.
fn write_story_and_chain(
    f: &mut impl fmt::Write,
    outcome: &Outcome,
    marked: Option<EntryId>,
    options: &RenderOptions,
) -> fmt::Result {
    let indented = options.indented(MARGIN);

    write_section(f, options, "story", &outcome.render_story(&indented))?;
    write_section(
        f,
        options,
        "chain",
        &outcome.render_chain(marked, &indented),
    )
}

/// Writes the cause and the advice.
fn write_cause(
    f: &mut impl fmt::Write,
    diagnosis: &Diagnosis,
    options: &RenderOptions,
) -> fmt::Result {
    let indented = options.indented(MARGIN);
    // A guess must not read like a fact.
    let prefix = if diagnosis.is_proven { "" } else { "perhaps: " };
    let cause = indented.wrap_words(&format!("{prefix}{}", diagnosis.cause));
    write_section(f, options, "why", &cause)?;

    match diagnosis.cause.advice() {
        Some(advice) => write_line(f, options, "fix", &indented.wrap_words(&advice)),
        None => Ok(()),
    }
}

impl Inner {
    /// Writes the whole report in reading order.
    pub(super) fn write_report(
        &self,
        f: &mut impl fmt::Write,
        options: &RenderOptions,
    ) -> fmt::Result {
        self.write_failed_steps(f, options)?;
        self.write_n_skipped(f)?;
        self.write_diagnosis(f, options)?;

        write_section(f, options, "run", self.note.as_deref().unwrap_or_default())?;
        if let Some(outcome) = &self.outcome {
            self.write_outcome(f, outcome, options)?;
        }

        write_section(f, options, "end", &self.remaining)?;
        if let Some(test_name) = &self.test_name {
            let command = rerun_command(test_name, self.environment_mode);
            let name = options.paint(Style::SectionName, "rerun");
            write!(f, "\n{name}  {command}")?;
        }

        Ok(())
    }

    /// Writes the first failed steps in full, and the numbers of the others.
    fn write_failed_steps(&self, f: &mut impl fmt::Write, options: &RenderOptions) -> fmt::Result {
        for (idx, failed) in self.failed_steps.iter().take(MAX_FULL_STEPS).enumerate() {
            let start = match idx {
                0 if self.outcome.is_none() => "flow failed before step",
                0 => "flow failed at step",
                _ => {
                    f.write_str("\n\n")?;
                    "and at step"
                }
            };
            let head = format!("{start} {}: {}", failed.step, failed.described);
            let head = options.paint(Style::Failure, &head);

            write!(f, "{head}      {}\n\n", failed.location)?;
            failed.mismatch.write_to(f, options)?;
        }

        let others: Vec<String> = self
            .failed_steps
            .iter()
            .skip(MAX_FULL_STEPS)
            .map(|failed| failed.step.to_string())
            .collect();
        match others.as_slice() {
            [] => Ok(()),
            [step] => write!(f, "\n\nand at step {step}"),
            steps => write!(f, "\n\nand at steps {}", steps.join(", ")),
        }
    }

    /// Writes how many steps were skipped because of the failure.
    fn write_n_skipped(&self, f: &mut impl fmt::Write) -> fmt::Result {
        match self.outcome.as_ref().map_or(0, Outcome::n_skipped) {
            0 => Ok(()),
            1 => f.write_str("\n\n  1 later step was skipped"),
            n => write!(f, "\n\n  {n} later steps were skipped"),
        }
    }

    /// Writes the diagnosis, but leaves out what the mismatch says already.
    fn write_diagnosis(&self, f: &mut impl fmt::Write, options: &RenderOptions) -> fmt::Result {
        let Some(diagnosis) = &self.diagnosis else {
            return Ok(());
        };

        if !self.is_stated_by_mismatch(&diagnosis.cause) {
            return write_cause(f, diagnosis, options);
        }

        // The mismatch states the cause. Only advice about a missing state adds something to it.
        let is_about_missing_state = matches!(
            diagnosis.cause,
            Cause::HandlerFailed {
                missing: Some(_),
                ..
            } | Cause::Rejected {
                missing_state: Some(_),
                ..
            }
        );
        let advice = diagnosis
            .cause
            .advice()
            .filter(|_| is_about_missing_state)
            .unwrap_or_default();

        let indented = options.indented(MARGIN);
        write_section(f, options, "fix", &indented.wrap_words(&advice))
    }

    /// Writes the story and the chain, the warnings, and the disabled invariants.
    fn write_outcome(
        &self,
        f: &mut impl fmt::Write,
        outcome: &Outcome,
        options: &RenderOptions,
    ) -> fmt::Result {
        let marked = self
            .diagnosis
            .as_ref()
            .and_then(|diagnosis| diagnosis.cause.entry());
        let indented = options.indented(MARGIN);
        let warnings = indented.wrap_words(&warning_lines(outcome));
        let disabled_invariants = indented.wrap_words(&disabled_invariant_lines(outcome));

        write_story_and_chain(f, outcome, marked, options)?;
        write_section(f, options, "warn", &warnings)?;
        write_section(f, options, "note", &disabled_invariants)
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
        let is_about_a_failure = matches!(
            mismatch.subject(),
            Some(Subject::Problem(_) | Subject::CommandResult | Subject::Given)
        );

        is_about_a_failure && mismatch.shown_handlers().contains(&Some(at.handler))
    }
}

fn warning_lines(outcome: &Outcome) -> String {
    let lines: Vec<String> = outcome.warnings().iter().map(ToString::to_string).collect();

    lines.join("\n")
}

fn disabled_invariant_lines(outcome: &Outcome) -> String {
    let lines: Vec<String> = outcome
        .disabled_invariants()
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

/// Writes a section after an empty line, or nothing if the text is empty.
fn write_section(
    f: &mut impl fmt::Write,
    options: &RenderOptions,
    name: &str,
    text: &str,
) -> fmt::Result {
    if text.is_empty() {
        return Ok(());
    }

    f.write_char('\n')?;
    write_line(f, options, name, text)
}

/// Writes a named line that belongs to the section before it.
fn write_line(
    f: &mut impl fmt::Write,
    options: &RenderOptions,
    name: &str,
    text: &str,
) -> fmt::Result {
    let space = " ".repeat(MARGIN - name.len());
    let name = options.paint(Style::SectionName, name);

    write!(f, "\n{name}{space}{}", indent(text, MARGIN))
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

        end    nothing pending · no handlers failed
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

        ESC[1mstoryESC[0m   1 given  PlaceOrder { order_id: "ord-1", customer_id: .. }
                2 when   PlaceOrder { order_id: "ord-1", customer_id: .. }  ESC[1;31mREJECTED: the order is already placedESC[0m
                3 then   rejected with a message that contains "placed"     ok
                4 then   OrderDashboard "ord-1" has                         ESC[1;31mFAILEDESC[0m

        ESC[1mchainESC[0m  PlaceOrder                          OrderCommandHandler  ESC[1;31mREJECTED: the order is already placedESC[0mESC[1;36m   <- hereESC[0m

        ESC[1mendESC[0m    nothing pending · no handlers failed
        "#);
    }
}
