//! Each case is one mistake; its `.stderr` is what rustc prints. `TRYBUILD=overwrite` rewrites them.

use std::path::Path;

#[test]
fn every_mistake_is_an_error_at_its_tokens() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}

/// What is refused once code is generated for a use of it, which `cargo check` does not do.
#[test]
fn what_is_used_and_does_not_exist_is_an_error() {
    let cases = trybuild::TestCases::new();
    // A case that passes has trybuild run `cargo build`.
    cases.pass("built_without_error.rs");
    cases.compile_fail("built/*.rs");
}

#[test]
fn every_code_of_the_catalogue_has_a_case() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalogue = std::fs::read_to_string(here.join("../../macros/src/diag.rs"))
        .expect("the catalogue is read");
    let mut printed = String::new();
    for folder in ["cases", "built"] {
        for entry in std::fs::read_dir(here.join(folder)).expect("the cases are listed") {
            let path = entry.expect("a case").path();
            if path
                .extension()
                .is_some_and(|extension| extension == "stderr")
            {
                printed += &std::fs::read_to_string(path).expect("a case is read");
            }
        }
    }
    let codes: Vec<&str> = catalogue
        .lines()
        .filter_map(|line| line.trim().split_once(" \"AD")?.1.strip_suffix('"'))
        .collect();
    assert!(codes.len() > 20, "the catalogue has changed its form");
    for code in codes {
        // AD099 says that the compiler has a bug: no program is known that meets it.
        assert!(
            code == "099" || printed.contains(&format!("[AD{code}]")),
            "AD{code} has no case in tests/ui"
        );
    }
}
