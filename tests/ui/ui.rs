//! Each case is one mistake; its `.stderr` is what rustc prints. `TRYBUILD=overwrite` rewrites them.

#[test]
fn every_mistake_is_an_error_at_its_tokens() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
