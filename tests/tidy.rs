//! Rules of the code that no compiler checks.

use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut pending = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

#[test]
fn every_file_says_what_it_is() {
    for folder in [
        "src",
        "macros/src",
        "runtime/src",
        "optimizers/src",
        "examples",
    ] {
        for (path, text) in sources(folder) {
            assert!(
                text.starts_with("//!") || text.starts_with("#![doc"),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn the_macros_never_panic_on_input() {
    for (path, text) in sources("macros/src") {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if path.ends_with("tests.rs") {
            continue;
        }
        for line in code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for banned in [
                ".unwrap()",
                ".expect(",
                "panic!(",
                "todo!(",
                "unimplemented!(",
            ] {
                let quoted = line.contains("quote") || line.contains('"');
                assert!(
                    !line.contains(banned) || quoted,
                    "{}: {line}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_runtime_holds_no_derivative_rule() {
    for (path, text) in sources("runtime/src") {
        for word in [
            "fn partial",
            "fn pullback",
            "fn vjp",
            "fn pull_back",
            "backward_rule",
        ] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn macros_do_not_know_the_runtime() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("macros/Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    assert!(!manifest.contains("cotangent-runtime") && !manifest.contains("cotangent-optimizers"));
}

#[test]
fn no_source_file_is_longer_than_five_hundred_lines() {
    for folder in ["src", "macros/src", "runtime/src", "optimizers/src"] {
        for (path, text) in sources(folder) {
            let code = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            let lines = code.lines().count();
            assert!(lines <= 500, "{}: {lines} lines", path.display());
        }
    }
}

/// What the chapter says is not accepted names a case of the UI tests.
#[test]
fn what_is_not_accepted_has_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let chapter = std::fs::read_to_string(root.join("src/language.md")).unwrap();
    let rows = chapter
        .lines()
        .skip_while(|line| *line != "# What is not")
        .take_while(|line| !line.starts_with("# At"))
        .filter(|line| line.starts_with("| ") && !line.contains("---"))
        .skip(1);
    let mut named = 0;
    // What is not there yet is an unknown type, as any other is.
    for row in rows.filter(|row| !row.contains("| not yet |")) {
        let case = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let case = format!("{}.rs", case.trim_matches('`'));
        let there = ["cases", "built"].map(|folder| root.join("tests/ui").join(folder).join(&case));
        assert!(
            there.iter().any(|path| path.exists()),
            "{case} does not exist: {row}"
        );
        named += 1;
    }
    assert!(named >= 8, "only {named} cases are named");
}

/// The chapter of accepted Rust names tests in the lines of its tables, as files of `tests/` or as
/// `module::test`; all of them exist.
#[test]
fn the_chapter_of_the_language_is_backed_by_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let chapter = std::fs::read_to_string(root.join("src/language.md")).unwrap();
    let files = sources("tests");
    let is_test = |name: &str| {
        let parts: Vec<&str> = name.split("::").collect();
        let (last, modules) = parts.split_last().unwrap();
        files.iter().any(|(path, text)| {
            let place = path.display().to_string();
            // A module, a function, or a row of a macro that makes tests.
            let items = [format!("fn {last}("), format!(" {last}: ")];
            modules.iter().all(|module| place.contains(module))
                && (place.ends_with(&format!("/{last}.rs"))
                    || items.iter().any(|item| text.contains(item)))
        })
    };
    let mut named = 0;
    for row in chapter.lines().filter(|line| line.starts_with("| ")) {
        let tests = row.trim_end_matches('|').rsplit(" | ").next().unwrap();
        for name in tests.split('`').skip(1).step_by(2) {
            let found = if name.contains("::") {
                is_test(name)
            } else if name.starts_with("scalar_") || name.starts_with("tests/") {
                root.join("tests")
                    .join(name.trim_start_matches("tests/"))
                    .exists()
            } else {
                // The last column of a table without tests holds code.
                continue;
            };
            assert!(found, "{name} does not exist: {row}");
            named += 1;
        }
    }
    assert!(named >= 40, "only {named} tests are named");
}
