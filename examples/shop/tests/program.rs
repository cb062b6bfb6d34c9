//! The shop as a program.

use std::process::Command;

/// Runs the program with a store, and returns what it prints.
fn run(store: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shop"))
        .args(["--store", store])
        .output()
        .expect("the program can be run");

    [output.stdout, output.stderr]
        .map(|text| String::from_utf8(text).expect("it prints text"))
        .concat()
}

#[cfg(feature = "sqlite")]
#[test]
fn program_finds_its_orders_in_a_file_again() {
    let folder = std::env::temp_dir().join(format!("flow-shop-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let store = format!("sqlite:{}", folder.join("shop.db").display());

    let runs = [run(&store), run(&store)];
    std::fs::remove_dir_all(&folder).expect("the folder is there");

    assert_eq!(
        runs,
        [
            "found 0 orders\nord-001 Confirmed\n",
            "found 1 orders\nord-001 Confirmed\nord-002 Confirmed\n"
        ]
    );
}

#[test]
fn program_finds_nothing_in_memory() {
    for _ in 0..2 {
        assert_eq!(run("memory"), "found 0 orders\nord-001 Confirmed\n");
    }
}

#[test]
fn program_says_which_stores_there_are() {
    assert_eq!(
        run("shop.db"),
        "shop: `shop.db` is no store; expected `memory`, or `sqlite:` and a file\n"
    );
}

#[cfg(not(feature = "sqlite"))]
#[test]
fn program_without_sqlite_says_how_to_get_it() {
    assert_eq!(
        run("sqlite:shop.db"),
        "shop: `sqlite:shop.db` needs the feature `sqlite`: use `cargo run -p shop --features sqlite`\n"
    );
}
