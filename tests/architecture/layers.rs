use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::source::{SourcePath, crate_paths_in, rust_files_in, use_paths_in};

/// A module, and the modules of its crate that it may import from.
type Layer = (&'static str, &'static [&'static str]);

/// From the lowest floor up. `model` and `port` do not know each other, and what is above `port`
/// does not know the adapters.
#[rustfmt::skip]
const FLOW_DOMAIN: &[Layer] = &[
    ("error", &[]),
    ("clock", &["error"]),
    ("message", &["error", "clock"]),
    ("record", &["error", "clock", "message"]),
    ("port", &["error", "clock", "message", "record"]),
    ("adapter", &["error", "clock", "message", "record", "port"]),
    ("model", &["error", "clock", "message", "record"]),
    ("handler", &["error", "clock", "message", "record", "port", "model"]),
    ("wiring", &["error", "clock", "message", "record", "port", "model", "handler"]),
    ("mutation", &["error", "clock", "message", "record", "port", "model", "handler", "wiring"]),
    ("runtime", &["error", "clock", "message", "record", "port", "model", "handler", "wiring"]),
    ("engine", &["error", "clock", "message", "record", "port", "model", "handler", "wiring", "runtime"]),
];

/// `system` is the seam that everything else stands on. The five above it make one floor.
#[rustfmt::skip]
const FLOW_HARNESS: &[Layer] = &[
    ("system", &[]),
    ("expect", &["system", "flow", "run", "report", "why"]),
    ("flow", &["system", "expect", "run", "report", "why"]),
    ("run", &["system", "expect", "flow", "report", "why"]),
    ("report", &["system", "expect", "flow", "run", "why"]),
    ("why", &["system", "expect", "flow", "run", "report"]),
    ("unit", &["system", "expect", "flow", "run", "report"]),
];

/// The root of a crate stands on top; pages, and what examples share, are used by documentation only.
const TOP_MODULES: [&str; 4] = ["lib", "prelude", "doc_fixture", "docs"];

/// What the harness may know of `flow_domain::handler`: nothing that handles a message.
const ALLOWED_HANDLER_NAMES: [&str; 4] = ["ProcessManager", "Reply", "catch", "short_type_name"];

/// A crate of the workspace.
struct SourceCrate {
    name: &'static str,
    folder: &'static str,
    layers: &'static [Layer],
}

const CRATES: [SourceCrate; 2] = [
    SourceCrate {
        name: "flow_domain",
        folder: "crates/flow-domain/src",
        layers: FLOW_DOMAIN,
    },
    SourceCrate {
        name: "flow_harness",
        folder: "src",
        layers: FLOW_HARNESS,
    },
];

/// One source file with what it names.
struct SourceFile {
    path: String,
    /// The folder or file right below `src`.
    module: String,
    paths: Vec<SourcePath>,
}

impl SourceCrate {
    fn files(&self) -> Vec<SourceFile> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = workspace.join(self.folder);
        let mut files = Vec::new();

        for path in rust_files_in(&root) {
            let inside = path.strip_prefix(&root).unwrap().with_extension("");
            let parts = inside.iter().map(|part| part.to_str().unwrap().to_owned());
            let mut module: Vec<String> = parts.collect();

            if module.iter().any(|part| part == "tests") {
                continue;
            }

            let source = fs::read_to_string(&path).unwrap();
            let first = module[0].clone();

            module.retain(|part| part != "mod" && part != "lib");
            files.push(SourceFile {
                path: path.strip_prefix(workspace).unwrap().display().to_string(),
                module: first,
                paths: crate_paths_in(&source, &module, &["flow_domain"]),
            });
        }

        files
    }

    /// The module that each name at the root of the crate is from.
    fn exports(&self) -> BTreeMap<String, String> {
        let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder);
        let source = fs::read_to_string(lib.join("lib.rs")).unwrap();
        let from_modules = use_paths_in(&source)
            .into_iter()
            .filter(|named| self.layer(&named.segments[0]).is_some());

        from_modules
            .map(|named| {
                (
                    named.segments.last().unwrap().clone(),
                    named.segments[0].clone(),
                )
            })
            .collect()
    }

    fn layer(&self, module: &str) -> Option<&'static Layer> {
        self.layers.iter().find(|(name, _)| *name == module)
    }

    /// What `file` imports and must not, in words.
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
        for named in &file.paths {
            let [root, first, ..] = named.segments.as_slice() else {
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
                    named.line,
                    file.module,
                    named.show(),
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

/// What the harness names of `flow_domain`: `Reply` of `handler`.
struct CrossCrateUse {
    path: String,
    line: usize,
    module: String,
    name: String,
}

/// What the harness names of one module of `flow_domain`, outside of `seam`.
fn cross_crate_uses(wanted: &str, seam: &str) -> Vec<CrossCrateUse> {
    let [flow_domain, flow_harness] = CRATES;
    let exports = flow_domain.exports();
    let mut borrowed = Vec::new();

    for file in flow_harness.files() {
        for named in &file.paths {
            let [root, first, rest @ ..] = named.segments.as_slice() else {
                continue;
            };

            let (module, name) = match exports.get(first) {
                Some(module) => (module, first.as_str()),
                None => (first, rest.first().map_or("", String::as_str)),
            };

            if root == "flow_domain" && module == wanted && !file.path.starts_with(seam) {
                borrowed.push(CrossCrateUse {
                    path: file.path.clone(),
                    line: named.line,
                    module: module.clone(),
                    name: name.to_owned(),
                });
            }
        }
    }

    borrowed
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
        .flat_map(|one| {
            let exports = one.exports();
            one.files()
                .into_iter()
                .flat_map(move |file| one.forbidden_imports(&file, &exports))
        })
        .collect();

    assert!(mistakes.is_empty(), "\n{}\n", mistakes.join("\n"));
}

#[test]
fn only_the_system_module_uses_handlers() {
    let seam = "src/system/";
    let borrowed = cross_crate_uses("handler", seam);

    let is_known = |one: &&CrossCrateUse| ALLOWED_HANDLER_NAMES.contains(&one.name.as_str());
    let (known, others): (Vec<&CrossCrateUse>, Vec<&CrossCrateUse>) =
        borrowed.iter().partition(is_known);
    let mistakes: Vec<String> = others.iter().map(|one| one.show(seam)).collect();

    assert!(mistakes.is_empty(), "\n{}\n", mistakes.join("\n"));
    let known: BTreeSet<&str> = known.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        known,
        ALLOWED_HANDLER_NAMES.into(),
        "an exception that nobody needs is to go"
    );
}

#[test]
fn only_the_system_module_uses_adapters() {
    let seam = "src/system/";
    let borrowed = cross_crate_uses("adapter", seam);

    let mistakes: Vec<String> = borrowed.iter().map(|one| one.show(seam)).collect();
    assert!(mistakes.is_empty(), "\n{}\n", mistakes.join("\n"));
}

#[test]
fn forbidden_import_is_reported_with_its_line() {
    let source =
        "use std::fmt;\n\nuse crate::{\n    error::Error,\n    runtime::{App, Kept},\n};\n";
    let file = SourceFile {
        path: "crates/flow-domain/src/record/show.rs".into(),
        module: "record".into(),
        paths: crate_paths_in(source, &["record".into(), "show".into()], &[]),
    };

    let mistakes = CRATES[0].forbidden_imports(&file, &BTreeMap::new());

    assert_eq!(
        mistakes,
        [
            "crates/flow-domain/src/record/show.rs:5: `record` must not import `crate::runtime::App`: `runtime` is not below it, only error, clock, message",
            "crates/flow-domain/src/record/show.rs:5: `record` must not import `crate::runtime::Kept`: `runtime` is not below it, only error, clock, message",
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

    let named = crate_paths_in(source, &["x".into(), "y".into()], &["flow_domain"]);

    let found: Vec<(usize, String)> = named.iter().map(|one| (one.line, one.show())).collect();
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
