//! Compile errors of the derives, and of handlers with a wrong signature.

#[test]
fn compile_errors_say_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
