use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::source::{
    SourcePath, crate_paths_in, defined_types_in, inherent_impls_in, rust_files_in, use_paths_in,
};

/// A module, and the modules of its crate that it may import from.
type Layer = (&'static str, &'static [&'static str]);

/// From the lowest layer up. `model` and `port` do not know each other. The layers above `port` do
/// not know the adapters.
#[rustfmt::skip]
const FLOW_DOMAIN: &[Layer] = &[
    ("error", &[]),
    ("json", &["error"]),
    ("clock", &["error"]),
    ("message", &["error", "json", "clock"]),
    ("record", &["error", "json", "clock", "message"]),
    ("port", &["error", "json", "clock", "message", "record"]),
    ("adapter", &["error", "json", "clock", "message", "record", "port"]),
    ("model", &["error", "json", "clock", "message", "record"]),
    ("handler", &["error", "json", "clock", "message", "record", "port", "model"]),
    ("wiring", &["error", "json", "clock", "message", "record", "port", "model", "handler"]),
    ("runtime", &["error", "json", "clock", "message", "record", "port", "model", "handler", "wiring"]),
    ("engine", &["error", "json", "clock", "message", "record", "port", "model", "handler", "wiring", "runtime"]),
    ("testing", &["error", "json", "clock", "message", "record", "port", "adapter", "model", "handler", "wiring", "runtime", "engine"]),
];

/// From the lowest layer up. A database has a folder, and uses what all databases share.
#[rustfmt::skip]
const FLOW_DOMAIN_SQL: &[Layer] = &[
    ("schema", &[]),
    ("declared_indexes", &[]),
    ("encoding", &[]),
    ("outbox_columns", &["encoding"]),
    ("batch", &["encoding"]),
    (
        "postgres",
        &[
            "schema",
            "declared_indexes",
            "encoding",
            "outbox_columns",
            "batch",
        ],
    ),
    (
        "sqlite",
        &["declared_indexes", "encoding", "outbox_columns", "batch"],
    ),
];

/// From the lowest layer up: each folder imports only from folders above its line. `system` is the
/// only folder that calls into the runtime.
#[rustfmt::skip]
const FLOW_HARNESS: &[Layer] = &[
    ("value", &[]),
    ("logs", &[]),
    ("watchdog", &[]),
    ("system", &[]),
    ("chain", &["value", "logs"]),
    ("outcome", &["value", "logs", "system", "watchdog", "chain"]),
    ("expect", &["value", "chain", "outcome"]),
    ("diagnosis", &["value", "chain", "outcome", "expect"]),
    ("plan", &["value", "system", "watchdog", "outcome", "expect"]),
    ("report", &["value", "system", "chain", "outcome", "expect", "diagnosis", "plan"]),
    ("run", &["value", "logs", "system", "watchdog", "outcome", "expect", "diagnosis", "plan", "report"]),
    ("schema", &["outcome", "expect"]),
    ("flow", &["system", "outcome", "expect", "plan", "report", "run"]),
    ("unit", &["value", "system", "watchdog", "outcome", "expect", "plan", "run"]),
];

/// Modules at the top. Only documentation uses `docs` and `doc_fixture`.
const TOP_MODULES: [&str; 4] = ["lib", "prelude", "doc_fixture", "docs"];

/// The names of `flow_domain::handler` that the harness may use. None of them handles a message.
const ALLOWED_HANDLER_NAMES: [&str; 2] = ["ProcessManager", "Reply"];

/// A crate of the workspace.
struct SourceCrate {
    name: &'static str,
    folder: &'static str,
    layers: &'static [Layer],
}

const CRATES: [SourceCrate; 3] = [
    SourceCrate {
        name: "flow_domain",
        folder: "crates/flow-domain/src",
        layers: FLOW_DOMAIN,
    },
    SourceCrate {
        name: "flow_domain_sql",
        folder: "crates/flow-domain-sql/src",
        layers: FLOW_DOMAIN_SQL,
    },
    SourceCrate {
        name: "flow_harness",
        folder: "src",
        layers: FLOW_HARNESS,
    },
];

/// A source file and the paths in it.
struct SourceFile {
    path: String,
    /// The folder or file directly below `src`.
    module: String,
    paths: Vec<SourcePath>,
    defined_types: Vec<String>,
    /// The types that have an inherent `impl` block, each with its line.
    inherent_impls: Vec<(usize, String)>,
}

impl SourceCrate {
    fn files(&self) -> Vec<SourceFile> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = workspace.join(self.folder);
        let mut files = Vec::new();

        for path in rust_files_in(&root) {
            let inside = path.strip_prefix(&root).unwrap().with_extension("");
            let mut module: Vec<String> = inside
                .iter()
                .map(|part| part.to_str().unwrap().to_owned())
                .collect();
            if module.iter().any(|part| part == "tests") {
                continue;
            }

            let top_module = module[0].clone();
            module.retain(|part| part != "mod" && part != "lib");
            let source = fs::read_to_string(&path).unwrap();
            files.push(SourceFile {
                path: path.strip_prefix(workspace).unwrap().display().to_string(),
                module: top_module,
                paths: crate_paths_in(&source, &module, &["flow_domain"]),
                defined_types: defined_types_in(&source),
                inherent_impls: inherent_impls_in(&source),
            });
        }
        files
    }

    /// Returns the module from which each name at the crate root is re-exported.
    fn exports(&self) -> BTreeMap<String, String> {
        let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder);
        let source = fs::read_to_string(lib.join("lib.rs")).unwrap();

        use_paths_in(&source)
            .into_iter()
            .filter(|path| self.layer(&path.segments[0]).is_some())
            .map(|path| {
                (
                    path.segments.last().unwrap().clone(),
                    path.segments[0].clone(),
                )
            })
            .collect()
    }

    fn layer(&self, module: &str) -> Option<&'static Layer> {
        self.layers.iter().find(|(name, _)| *name == module)
    }

    /// Returns a message for each import that `file` must not have.
    fn forbidden_imports(
        &self,
        file: &SourceFile,
        exports: &BTreeMap<String, String>,
    ) -> Vec<String> {
        if TOP_MODULES.contains(&file.module.as_str()) {
            return Vec::new();
        }
        let Some((_, below)) = self.layer(&file.module) else {
            return vec![format!("{}: `{}` has no floor", file.path, file.module)];
        };

        let mut mistakes = Vec::new();
        for path in &file.paths {
            let [root, first, ..] = path.segments.as_slice() else {
                continue;
            };
            if root != "crate" && root != self.name {
                continue;
            }

            let module = exports.get(first).unwrap_or(first);
            if *module != file.module && !below.contains(&module.as_str()) {
                mistakes.push(format!(
                    "{}:{}: `{}` must not import `{}`: `{module}` is not below it, only {}",
                    file.path,
                    path.line,
                    file.module,
                    path.show(),
                    joined_or_nothing(below)
                ));
            }
        }
        mistakes
    }
}

fn joined_or_nothing(modules: &[&str]) -> String {
    match modules {
        [] => "nothing is".to_owned(),
        modules => modules.join(", "),
    }
}

/// A name of `flow_domain` that the harness uses, for example `Reply` of `handler`.
struct CrossCrateUse {
    path: String,
    line: usize,
    module: String,
    name: String,
}

/// Returns the uses of one `flow_domain` module outside of the folder `seam`.
fn cross_crate_uses(wanted_module: &str, seam: &str) -> Vec<CrossCrateUse> {
    let [flow_domain, _, flow_harness] = CRATES;
    let exports = flow_domain.exports();
    let mut uses = Vec::new();

    for file in flow_harness.files() {
        for path in &file.paths {
            let [root, first, rest @ ..] = path.segments.as_slice() else {
                continue;
            };
            let (module, name) = match exports.get(first) {
                Some(module) => (module, first.as_str()),
                None => (first, rest.first().map_or("", String::as_str)),
            };

            if root == "flow_domain" && module == wanted_module && !file.path.starts_with(seam) {
                uses.push(CrossCrateUse {
                    path: file.path.clone(),
                    line: path.line,
                    module: module.clone(),
                    name: name.to_owned(),
                });
            }
        }
    }
    uses
}

impl CrossCrateUse {
    fn show(&self, seam: &str) -> String {
        let Self {
            path,
            line,
            module,
            name,
        } = self;

        format!(
            "{path}:{line}: `flow_domain::{module}::{name}`: only {seam} may know the floor `{module}`"
        )
    }
}

#[test]
fn module_imports_only_from_lower_layers() {
    let mistakes: Vec<String> = CRATES
        .iter()
        .flat_map(|source_crate| {
            let exports = source_crate.exports();
            source_crate
                .files()
                .into_iter()
                .flat_map(move |file| source_crate.forbidden_imports(&file, &exports))
        })
        .collect();

    assert!(mistakes.is_empty(), "\n{}\n", mistakes.join("\n"));
}

#[test]
fn type_has_its_impl_blocks_in_one_folder() {
    let [.., flow_harness] = CRATES;
    let files = flow_harness.files();
    let is_defined_in = |module: &str, name: &String| {
        files
            .iter()
            .any(|file| file.module == module && file.defined_types.contains(name))
    };

    let mut mistakes = Vec::new();
    for file in &files {
        for (line, name) in &file.inherent_impls {
            if !is_defined_in(&file.module, name) {
                let path = &file.path;
                mistakes.push(format!(
                    "{path}:{line}: `{name}` is not defined in this folder"
                ));
            }
        }
    }

    assert!(mistakes.is_empty(), "\n{}\n", mistakes.join("\n"));
}

#[test]
fn only_the_system_module_uses_handlers() {
    let seam = "src/system/";
    let uses = cross_crate_uses("handler", seam);

    let is_allowed = |item: &&CrossCrateUse| ALLOWED_HANDLER_NAMES.contains(&item.name.as_str());
    let (allowed, forbidden): (Vec<&CrossCrateUse>, Vec<&CrossCrateUse>) =
        uses.iter().partition(is_allowed);
    let mistakes: Vec<String> = forbidden.iter().map(|item| item.show(seam)).collect();
    let allowed: BTreeSet<&str> = allowed.iter().map(|item| item.name.as_str()).collect();

    assert!(mistakes.is_empty(), "\n{}\n", mistakes.join("\n"));
    assert_eq!(
        allowed,
        ALLOWED_HANDLER_NAMES.into(),
        "an exception that nobody needs is to go"
    );
}

#[test]
fn only_the_system_module_uses_adapters() {
    let seam = "src/system/";
    let uses = cross_crate_uses("adapter", seam);

    let mistakes: Vec<String> = uses.iter().map(|item| item.show(seam)).collect();
    assert!(mistakes.is_empty(), "\n{}\n", mistakes.join("\n"));
}

#[test]
fn forbidden_import_is_reported_with_its_line() {
    let source =
        "use std::fmt;\n\nuse crate::{\n    error::Error,\n    runtime::{App, StateType},\n};\n";
    let file = SourceFile {
        path: "crates/flow-domain/src/record/show.rs".into(),
        module: "record".into(),
        paths: crate_paths_in(source, &["record".into(), "show".into()], &[]),
        defined_types: Vec::new(),
        inherent_impls: Vec::new(),
    };

    let mistakes = CRATES[0].forbidden_imports(&file, &BTreeMap::new());

    assert_eq!(
        mistakes,
        [
            "crates/flow-domain/src/record/show.rs:5: `record` must not import `crate::runtime::App`: `runtime` is not below it, only error, json, clock, message",
            "crates/flow-domain/src/record/show.rs:5: `record` must not import `crate::runtime::StateType`: `runtime` is not below it, only error, json, clock, message",
        ]
    );
}

#[test]
fn source_paths_are_found_everywhere() {
    let source = r##"
        use crate::a::{self, b::{C, D as E}, *};
        /// [`crate::doc::Comment`]
        fn f() -> ::flow_domain::Error { "crate::text"; r#"crate::raw"#; 'x'; crate::m!(crate::g::<u8>(super::super::h)) }
        #[cfg(test)]
        mod tests { use crate::test::Only; }
        pub(crate) use crate::last;
    "##;

    let paths = crate_paths_in(source, &["x".into(), "y".into()], &["flow_domain"]);

    let found: Vec<(usize, String)> = paths.iter().map(|path| (path.line, path.show())).collect();
    let expected = [
        (2, "crate::a::self"),
        (2, "crate::a::b::C"),
        (2, "crate::a::b::D"),
        (2, "crate::a::*"),
        (4, "flow_domain::Error"),
        (4, "crate::g"),
        (4, "crate::h"),
        (7, "crate::last"),
    ];
    assert_eq!(found, expected.map(|(line, path)| (line, path.to_owned())));
}
