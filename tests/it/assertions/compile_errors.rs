//! Compile errors of flows and handlers with a wrong type.

#[test]
fn compile_errors_say_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
