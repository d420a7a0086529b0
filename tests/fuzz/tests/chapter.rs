//! Every line of the language's chapter occurs in random programs: the table says by which forms.

use fuzz::generator::constructs;

/// What a line of the table of accepted forms contains, and the forms that it occurs in. None are
/// named for derivatives inside of functions and for types of other crates: tests of their own hold
/// these.
const LINES: &[(&str, &[&str])] = &[
    (
        "`+ - * / %`",
        &[
            "remainder",
            "conditions joined",
            "cast between floats",
            "number of an integer",
        ],
    ),
    (
        "methods of floats",
        &[
            "methods of floats",
            "powers",
            "path of a method",
            "functions of the prelude",
        ],
    ),
    (
        "declarations without a value",
        &["shadowing", "block with a value", "declared first"],
    ),
    (
        "`let (a, (b, c)) = ..`",
        &["tuple", "array in a pattern", "structure in a pattern"],
    ),
    ("all right sides first", &["tuple into elements"]),
    (
        "as statement and as value",
        &["if", "if else", "if as value"],
    ),
    ("`match` on integers", &["match", "match as statement"]),
    (
        "`while let` on `Option`",
        &["match of options", "if let", "let else", "while let pop"],
    ),
    ("`matches!`", &["if let with a condition", "matches!"]),
    (
        "`loop` with a value",
        &[
            "for",
            "for reversed",
            "for stepped",
            "while",
            "loop",
            "loop with a value",
        ],
    ),
    (
        "early `return`",
        &[
            "break",
            "continue",
            "outer break",
            "outer continue",
            "return",
        ],
    ),
    (
        "`for` over `iter`",
        &[
            "for over elements",
            "iter_mut",
            "zip and enumerate",
            "rev",
            "skip and take",
            "step_by and cloned",
            "windows",
            "chunks",
            "chunks_exact",
            "filter in a loop",
            "take_while",
            "maximum",
        ],
    ),
    (
        "`for_each`",
        &[
            "sum",
            "product",
            "fold",
            "collect",
            "for_each",
            "paths in a chain",
            "nested closures",
        ],
    ),
    (
        "and its kin to variables",
        &[
            "update",
            "divide",
            "element update",
            "part of a tuple",
            "call with a reference to a float",
        ],
    ),
    (
        "`&[[f64; 3]]`",
        &[
            "array element",
            "nested element",
            "vector of vectors",
            "slice of arrays in a call",
        ],
    ),
    (
        "`vec![e; n]`",
        &[
            "vector in a loop",
            "push",
            "pop",
            "clear and extend",
            "resize",
            "truncate",
            "extend",
            "to_vec and copy_from_slice",
            "fill",
            "swap",
            "reverse",
            "whole vector",
        ],
    ),
    ("`mem::take`", &["mem::swap", "mem::replace", "mem::take"]),
    (
        "names for parts",
        &["view", "view that writes", "split_at", "first and last"],
    ),
    (
        "scratch buffers of the caller",
        &[
            "call with &mut",
            "scratch of the caller",
            "call without a result",
        ],
    ),
    (
        "the same variable in two arguments",
        &["call", "recursion", "one variable twice"],
    ),
    (
        "`Point { x, ..base }`",
        &[
            "field",
            "field of an element",
            "fields of elements in a loop",
            "nested structure",
            "structure literal",
            "structures by iterator",
            "field that is an option",
            "field that is an integer",
            "vector in a structure",
            "slice of structures in a call",
            "structure moved",
        ],
    ),
    (
        "structures as results",
        &["structure as a result", "structure behind &mut in a call"],
    ),
    ("fields marked `#[no_diff]`", &["field"]),
    (
        "on methods with `self`",
        &[
            "method",
            "method that writes",
            "method by value",
            "associated function",
            "generic structure",
        ],
    ),
    (
        "calls of such methods on variables",
        &["method", "method that writes"],
    ),
    ("enums with", &["enum", "enum with fields"]),
    (
        "nothing but the end of the function follows",
        &["recursion", "call of an option"],
    ),
    (
        "functions generic over floats",
        &["call of a generic function"],
    ),
    (
        "`Result<f64, E>`",
        &["call of a result", "question mark on results"],
    ),
    (
        "`?` in functions that return an `Option`",
        &["question mark in a call"],
    ),
    (
        "results that are arrays",
        &["call of a tuple", "call of an array"],
    ),
    ("of a function that takes no derivative itself", &[]),
    ("owned ndarrays", &[]),
    ("views by value", &[]),
    (
        "`const` items",
        &["constant item", "assertion", "stopped gradient"],
    ),
];

#[test]
fn every_accepted_line_occurs_in_random_programs() {
    let chapter = include_str!("../../../src/language.md");
    let known = constructs();
    let rows = chapter
        .lines()
        .skip_while(|line| *line != "# What is accepted")
        .take_while(|line| *line != "# What is not")
        .filter(|line| {
            line.starts_with("| ") && !line.starts_with("| form ") && !line.starts_with("| --- ")
        });
    let mut count = 0;
    for row in rows {
        let of: Vec<_> = LINES
            .iter()
            .filter(|(part, _)| row.contains(part))
            .collect();
        assert!(
            of.len() == 1,
            "{} entries are about the line {row}",
            of.len()
        );
        count += 1;
    }
    assert_eq!(count, LINES.len(), "an entry is about no line");
    for form in LINES.iter().flat_map(|(_, forms)| *forms) {
        assert!(known.contains(form), "there is no form `{form}`");
    }
}
