use std::fmt;

use flow_domain::record::EntryId;

use crate::{
    diagnosis::{Cause, Diagnosis, Subject},
    flow::Mismatch,
    report::{
        RenderOptions,
        failure::Inner,
        indent,
        render_options::Style,
        rerun_hint::{rerun_command, test_name},
    },
    run::Outcome,
};

/// How many steps that failed are told in full: what comes after them mostly failed with them.
const MAX_FULL_STEPS: usize = 4;

/// How far the sections are indented, and what was expected and found.
const MARGIN: usize = 7;
const VALUE_MARGIN: usize = 12;

impl Outcome {
    /// What happened in a sentence that passed, for the terminal.
    pub(crate) fn render_passed(&self) -> String {
        let name = test_name().unwrap_or_else(|| "a flow".to_owned());
        let mut text = format!("{name} passed");
        // A `String` takes everything.
        let _ = self.write_story_and_chain(&mut text, None, &RenderOptions::for_terminal());
        text
    }

    /// Writes its story and its chain, with a mark at `here`.
    fn write_story_and_chain(
        &self,
        f: &mut impl fmt::Write,
        here: Option<EntryId>,
        page: &RenderOptions,
    ) -> fmt::Result {
        let inside = page.indented(MARGIN);
        write_section(f, page, "story", &self.render_story(&inside))?;
        write_section(f, page, "chain", &self.render_chain(here, &inside))
    }
}

impl Inner {
    /// Writes the whole report in reading order.
    pub(super) fn write_report(
        &self,
        f: &mut impl fmt::Write,
        page: &RenderOptions,
    ) -> fmt::Result {
        for (idx, failed) in self.failed_steps.iter().take(MAX_FULL_STEPS).enumerate() {
            let head = match idx {
                0 if self.outcome.is_none() => "flow failed before step",
                0 => "flow failed at step",
                _ => {
                    f.write_str("\n\n")?;
                    "and at step"
                }
            };
            let head = format!("{head} {}: {}", failed.step, failed.described);
            let head = page.paint(Style::Failure, &head);

            write!(f, "{head}      {}\n\n", failed.location)?;
            failed.mismatch.write_to(f, page)?;
        }

        let more = self.failed_steps.iter().skip(MAX_FULL_STEPS);
        let more: Vec<String> = more.map(|failed| failed.step.to_string()).collect();

        match more.as_slice() {
            [] => {}
            [step] => write!(f, "\n\nand at step {step}")?,
            steps => write!(f, "\n\nand at steps {}", steps.join(", "))?,
        }

        match self.outcome.as_ref().map_or(0, Outcome::n_skipped) {
            0 => {}
            1 => f.write_str("\n\n  1 step after it was not run")?,
            n => write!(f, "\n\n  {n} steps after it were not run")?,
        }

        match &self.diagnosis {
            // Of what is told, only what to do is worth a line.
            Some(why) if self.is_stated_by_mismatch(&why.cause) => {
                let is_worth_it = matches!(
                    why.cause,
                    Cause::HandlerFailed {
                        missing: Some(_),
                        ..
                    } | Cause::Rejected {
                        missing_state: Some(_),
                        ..
                    }
                );
                let advice = why.cause.advice().filter(|_| is_worth_it);
                let inside = page.indented(MARGIN);

                write_section(
                    f,
                    page,
                    "do",
                    &inside.wrap_words(&advice.unwrap_or_default()),
                )?;
            }
            Some(why) => why.write_to(f, page)?,
            None => {}
        }

        write_section(f, page, "run", self.note.as_deref().unwrap_or_default())?;
        if let Some(outcome) = &self.outcome {
            let here = self.diagnosis.as_ref().and_then(|why| why.cause.entry());
            outcome.write_story_and_chain(f, here, page)?;
            let inside = page.indented(MARGIN);
            write_section(f, page, "warn", &inside.wrap_words(&warning_lines(outcome)))?;
            write_section(
                f,
                page,
                "laws",
                &inside.wrap_words(&disabled_invariant_lines(outcome)),
            )?;
        }

        write_section(f, page, "left", &self.remaining)?;
        if let Some(test) = &self.test_name {
            let again = rerun_command(test, self.environment_mode);
            write!(f, "\n{}  {again}", page.paint(Style::SectionName, "again"))?;
        }

        Ok(())
    }
}

impl Inner {
    /// Whether the mismatch says itself that a command was refused or a handler failed, so that who reads
    /// it need not be told twice.
    fn is_stated_by_mismatch(&self, verdict: &Cause) -> bool {
        if let Cause::InvariantViolated { .. } = verdict {
            return true;
        }

        let (Cause::Rejected { at, reason, .. }
        | Cause::HandlerFailed {
            at, error: reason, ..
        }) = verdict
        else {
            return false;
        };

        let mismatch = &self.failed_steps[0].mismatch;
        let is_told = |text: &str| mismatch.found.contains(text);
        let speaks_of_it = matches!(
            mismatch.subject(),
            Some(Subject::Problem(_) | Subject::CommandResult | Subject::Given)
        );

        speaks_of_it && is_told(reason) && (is_told(at.handler) || is_told(&at.message))
    }
}

fn warning_lines(outcome: &Outcome) -> String {
    let warnings = outcome.warnings();
    let lines: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn disabled_invariant_lines(outcome: &Outcome) -> String {
    let unchecked = outcome.disabled_invariants();
    let lines: Vec<String> = unchecked
        .map(|one| format!("not checked: {}, because {}", one.invariant, one.reason))
        .collect();
    lines.join("\n")
}

impl Diagnosis {
    /// Writes it, with what to do.
    fn write_to(&self, f: &mut impl fmt::Write, page: &RenderOptions) -> fmt::Result {
        let inside = page.indented(MARGIN);
        write_section(f, page, "why", &inside.wrap_words(&self.cause.to_string()))?;
        if let Some(advice) = self.cause.advice() {
            write_line(f, page, "do", &inside.wrap_words(&advice))?;
        }

        match &self.runner_up {
            Some(runner_up) => {
                write_line(f, page, "or", &inside.wrap_words(&runner_up.to_string()))
            }
            None => Ok(()),
        }
    }
}

impl Mismatch {
    /// Writes it, fitted to the page.
    pub(crate) fn write_to(&self, f: &mut impl fmt::Write, page: &RenderOptions) -> fmt::Result {
        let inside = page.indented(VALUE_MARGIN);
        let told = |ink, text: &str| {
            let wrapped = inside.wrap_fields(text);
            indent(&page.paint(ink, &wrapped), VALUE_MARGIN)
        };
        let name = |name| page.paint(Style::SectionName, name);
        let expected = told(Style::Expected, &self.expected);

        write!(f, "  {}  {expected}", name("expected"))?;
        let found = told(Style::Found, &self.found);
        write!(f, "\n  {}     {found}", name("found"))?;

        for difference in &self.differences {
            let difference = told(Style::Difference, difference);
            write!(f, "\n{:VALUE_MARGIN$}{difference}", "")?;
        }

        Ok(())
    }
}

fn write_section(
    f: &mut impl fmt::Write,
    page: &RenderOptions,
    name: &str,
    text: &str,
) -> fmt::Result {
    if text.is_empty() {
        return Ok(());
    }
    f.write_char('\n')?;
    write_line(f, page, name, text)
}

/// A part that belongs to the one before it.
fn write_line(
    f: &mut impl fmt::Write,
    page: &RenderOptions,
    name: &str,
    text: &str,
) -> fmt::Result {
    let space = " ".repeat(MARGIN - name.len());
    let name = page.paint(Style::SectionName, name);
    write!(f, "\n{name}{space}{}", indent(text, MARGIN))
}

/// Counts things by their name.
pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}

/// Paints what went wrong in a line of a story or a chain.
pub(super) fn highlight_failure(line: &str, page: &RenderOptions) -> String {
    let alarms = ["FAILED", "REJECTED", "DID NOT SETTLE", "EXPIRED"];
    let places = alarms
        .iter()
        .filter_map(|alarm| line.find(&format!("  {alarm}")));

    match places.min() {
        Some(place) => {
            let (before, alarm) = line.split_at(place + 2);
            format!("{before}{}", page.paint(Style::Failure, alarm))
        }
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use shop::{OrderDashboard, OrderStatus, PlaceOrder};

    use crate::{FlowFailure, FlowHarness, report::RenderOptions};

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
            .then_rejected_saying("placed")
            .then_projection::<OrderDashboard>("ord-1")
            .has(|row| row.status == OrderStatus::Placed);

        flow.try_run().unwrap_err()
    }

    fn render_on(page: &RenderOptions) -> String {
        let failure = failure();
        let text = failure.render(page).replace(failure.location(), "LINE");
        let lines = text.lines().filter(|line| !line.contains("again"));
        lines
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

        insta::assert_snapshot!(render_on(&narrow), @r#"
        flow failed at step 4: then OrderDashboard "ord-1" has      LINE

          expected  OrderDashboard "ord-1" for which the closure holds
          found     OrderDashboard "ord-1" {
                        order_id: "ord-1",
                        customer_id: "a customer with a name that goes on for very long",
                        status: "Cancelled",
                        total_cents: 1200,
                    }

        why    OrderCommandHandler refused PlaceOrder: the order is already
                 placed
        do     make what it asks for true in `given_..`, or expect the
                 refusal: `.then_rejected(..)`

        story   1 given  PlaceOrder { order_id: "o .. }
                2 when   PlaceOrder { order_id: "o .. }  REJECTED: the orde ..
                3 then   rejected saying "placed"        ok
                4 then   OrderDashboard "ord-1" has      FAILED

        chain  PlaceOrder                          OrderCommandHa ..   <- here

        left   nothing waiting · no handlers failed
        "#);
    }

    #[test]
    fn report_colours_failures_and_values() {
        let coloured = RenderOptions {
            is_coloured: true,
            ..RenderOptions::PLAIN
        };

        insta::assert_snapshot!(render_on(&coloured), @r#"
        ESC[1;31mflow failed at step 4: then OrderDashboard "ord-1" hasESC[0m      LINE

          ESC[1mexpectedESC[0m  ESC[32mOrderDashboard "ord-1" for which the closure holdsESC[0m
          ESC[1mfoundESC[0m     ESC[31mOrderDashboard "ord-1" {ESC[0m
                    ESC[31m    order_id: "ord-1",ESC[0m
                    ESC[31m    customer_id: "a customer with a name that goes on for very long",ESC[0m
                    ESC[31m    status: "Cancelled",ESC[0m
                    ESC[31m    total_cents: 1200,ESC[0m
                    ESC[31m}ESC[0m

        ESC[1mwhyESC[0m    OrderCommandHandler refused PlaceOrder: the order is already placed
        ESC[1mdoESC[0m     make what it asks for true in `given_..`, or expect the refusal: `.then_rejected(..)`

        ESC[1mstoryESC[0m   1 given  PlaceOrder { order_id: "ord-1", customer_id:  .. 59 letters more .. }
                2 when   PlaceOrder { order_id: "ord-1", customer_id:  .. 59 letters more .. }  ESC[1;31mREJECTED: the order is already placedESC[0m
                3 then   rejected saying "placed"                                               ok
                4 then   OrderDashboard "ord-1" has                                             ESC[1;31mFAILEDESC[0m

        ESC[1mchainESC[0m  PlaceOrder                          OrderCommandHandler  ESC[1;31mREJECTED: the order is already placedESC[0mESC[1;36m   <- hereESC[0m

        ESC[1mleftESC[0m   nothing waiting · no handlers failed
        "#);
    }
}
