//! What the compiler says when a sentence or a handler has the wrong shape.

#[test]
fn compile_errors_say_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
