//! What has gone wrong in other systems of automatic differentiation, from their own bug reports:
//! each kind of failure has its tests here, so that it never becomes ours.
//!
//! | kind | known from | tests |
//! | --- | --- | --- |
//! | an accumulator that starts from a constant | swiftlang/swift#27796, swift-apis#394 | `loops::constant_start`, `loops::constant_sum` |
//! | the reverse of a loop reads the value of its last turn | clad#1865, clad#441, warp#1740, quadrants#502 | every operation inside of a loop, inline and bound by `let`: `operations::inline`, `operations::bound`; `loops::bounds_are_arguments` |
//! | the path from in front of a loop to behind it is lost | warp#1694 | `loops::around_a_loop` |
//! | nested loops with bounds known at run time | warp#1293, slang#13000 | `loops::ragged_nest`, `loops::sum_of_a_nest` |
//! | `continue`, `break`, early `return` | warp#1552, clad#1928, swiftlang/swift#25558, slang#2914 | each in each kind of loop: `jumps` |
//! | in-place changes and aliases | warp#1294, warp#1697, warp#1350, swiftlang/swift#58070 | `aliasing` |
//! | zeros by a build option, debug unlike release | rust-lang/rust#142796, rust-lang/rust#152724 | `configuration`, the release step of `.ci/run` |
//! | a scratch buffer taken for a constant | Enzyme.jl#3124, Enzyme#605 | `aliasing::scratch_of_the_caller` |
//! | a branch with a constant ends all derivatives | Enzyme#101 | `edges::constant_arm` |
//! | NaN from the side not taken, norms at 0, unused NaN | jax#347, jax#1052, jax#2630, jax#5798, autograd#802, clad#1108 | `edges::untaken`, `edges::norms_at_zero`, `edges::unused` |
//! | ties of a maximum, the index of the largest | slang#9267 | `edges::ties`, `edges::largest_of_a_vector`, `loops::largest_by_index` |
//! | one of two uses is lost | SSMProblems.jl#188 | both operands the same variable: `operations::same_operands`; `loops::called_twice` |
//! | closures and generics | cubecl#114, rust-lang/rust#140032, EnzymeAD/rust#193 | `generic` |
//! | second order | Zygote's limitations, slang#10745, slang#11901 | every program here: the Hessian product against differences of gradients |
//! | a scan forgets what it scans | jax#753 | `loops::scan` |
//! | the benchmark itself is wrong | ADBench's Gaussian mixture, corrected by GradBench | `tests/gradbench.rs`, against GradBench's own answers |

#![allow(
    clippy::all,
    unused_labels,
    unused_variables,
    reason = "the programs under test are written to have certain forms"
)]

#[path = "../common/mod.rs"]
mod common;

mod aliasing;
mod configuration;
mod edges;
mod generic;
mod jumps;
mod loops;
mod operations;
mod policy;

/// The table above names tests that exist.
#[test]
fn every_row_has_its_tests() {
    let this = include_str!("main.rs");
    let rows = this
        .lines()
        .filter(|line| line.starts_with("//! | "))
        .skip(2);
    let files = [
        ("aliasing", include_str!("aliasing.rs")),
        ("configuration", include_str!("configuration.rs")),
        ("edges", include_str!("edges.rs")),
        ("generic", include_str!("generic.rs")),
        ("jumps", include_str!("jumps.rs")),
        ("loops", include_str!("loops.rs")),
        ("operations", include_str!("operations.rs")),
    ];
    let mut count = 0;
    for row in rows {
        for name in row.split('`').skip(1).step_by(2) {
            let Some((module, test)) = name.split_once("::") else {
                continue;
            };
            let text = files
                .iter()
                .find(|(known, _)| *known == module)
                .map(|row| row.1);
            let text = text.unwrap_or_else(|| panic!("no module {module}"));
            let known = ["fn", "mod"].map(|kind| format!("{kind} {test}"));
            assert!(
                known.iter().any(|item| text.contains(item)),
                "{name} is missing"
            );
        }
        count += 1;
    }
    assert_eq!(count, 16);
}
