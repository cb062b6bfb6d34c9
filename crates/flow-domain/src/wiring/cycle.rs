use crate::wiring::Wiring;

/// One step of the graph of messages: a message, its handler, and what that one says it causes.
struct Step<'a> {
    message: &'a str,
    handler: &'static str,
    causes: Vec<&'a str>,
}

/// Finds the cycles through what handlers say they raise and issue, each once.
///
/// A cycle is told from its first message in the alphabet, as message, handler, message, and so on.
pub(super) fn cycles(wiring: &Wiring) -> Vec<Vec<String>> {
    let steps = steps(wiring);
    let mut found = Vec::new();
    for start in &steps {
        follow(&steps, start, &mut vec![start], &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn steps(wiring: &Wiring) -> Vec<Step<'_>> {
    let commands = wiring.commands.iter().map(|edge| Step {
        message: &edge.command,
        handler: edge.handler,
        causes: edge
            .raises
            .iter()
            .chain(&edge.issues)
            .map(String::as_str)
            .collect(),
    });
    let events = wiring.subscriptions.iter().map(|edge| Step {
        message: &edge.event,
        handler: edge.handler,
        causes: edge
            .raises
            .iter()
            .chain(&edge.issues)
            .map(String::as_str)
            .collect(),
    });
    commands.chain(events).collect()
}

fn follow<'a>(
    steps: &'a [Step<'a>],
    start: &Step<'a>,
    path: &mut Vec<&'a Step<'a>>,
    found: &mut Vec<Vec<String>>,
) {
    let Some(last) = path.last() else { return };
    for cause in last.causes.clone() {
        if cause == start.message {
            // Every message of the cycle finds it; it is kept when found from its first.
            if path.iter().all(|step| start.message <= step.message) {
                found.push(told(path));
            }
            continue;
        }
        for next in steps.iter().filter(|step| step.message == cause) {
            if !path.iter().any(|step| step.message == cause) {
                path.push(next);
                follow(steps, start, path, found);
                path.pop();
            }
        }
    }
}

fn told(path: &[&Step<'_>]) -> Vec<String> {
    let names = path.iter().flat_map(|step| [step.message, step.handler]);
    names.map(str::to_owned).collect()
}
