//! Breaks the compiler on purpose, one place at a time, and shows that the tests notice: the sign of
//! every derivative rule, and every reason for which the reverse pass keeps something.
//!
//! `mutate [rules|saves] [NAME..]` works on a copy of the tree in `target/mutants`. A mutant is caught
//! if a test of its suites ran and failed: first 500 random programs, some at a time, then the tests
//! of the scalar language. What survives, and what could not be judged because it did not compile or
//! was killed, is printed and ends the run with 1.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// One source text for another.
struct Patch {
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
}

macro_rules! patches {
    ($($name:literal in $file:literal: $from:literal => $to:literal;)*) => {
        &[$(Patch { name: $name, file: $file, from: $from, to: $to }),*]
    };
}

const RESIDUALS: &str = "macros/src/autodiff/scalar/residuals.rs";

/// Every reason for which something is kept for the reverse pass, taken away.
const SAVES: &[Patch] = patches! {
    "operands of adjoints" in "residuals": "            leaf.reads.iter().for_each(|&slot| read(slot));" => "";
    "indices of shadows" in "residuals": "        place.reads.iter().for_each(|&slot| read(slot));\n    }\n}" => "    }\n}";
    "results that tell the slope" in "residuals": "        read(assign.target.root);\n        assign.target.reads" => "        assign.target.reads";
    "arguments of calls" in "residuals": "                    read(place.root);\n" => "";
    "indices of restored elements" in "residuals": "                        read.extend(&place.reads);" => "";
    "what was popped" in "residuals": "                read.push(*into);" => "";
    "ranges rebuilt" in "residuals": "Reversal::Rebuilt => read.extend(&range.reads)," => "Reversal::Rebuilt => {}";
    "what a checkpointed loop reads" in "residuals": "            read.extend(again.reads.iter().filter(|slot| !inside(slot)));" => "            let _ = again.reads.iter().filter(|slot| !inside(slot));";
    "what a loop run again reads" in "residuals": "                    uses::reads(assign, &mut |slot| read.push(slot));" => "";
    "conditions run again" in "residuals": "                    read.extend(&condition.reads);" => "";
    "vectors whose parts have names" in "residuals": "Rhs::Bound(bound) => read_by_place(function, &bound.place, read)," => "Rhs::Bound(_) => {}";
    "variables that a loop changes" in "macros/src/emit/scalar/replay.rs": "self.function.slot(slot).needed && !goes_on(slot))" => "self.function.slot(slot).needed && !goes_on(slot) && false)";
    "sums go on in a nest" in "macros/src/emit/scalar/replay.rs": "&& !goes_on(slot))" => "&& (!goes_on(slot) || true))";
    "elements that a loop changes" in "macros/src/emit/scalar/replay.rs": "self.function.slot(element.slot).needed && !goes_on(element.slot))" => "self.function.slot(element.slot).needed && !goes_on(element.slot) && false)";
    "a turn run again goes on" in "macros/src/emit/scalar/replay.rs": "#forward #end #reverse #go_on)" => "#forward #end #reverse)";
    "the state behind a loop run again" in "macros/src/emit/scalar/replay.rs": "#enter #run #leave)" => "#enter #run)";
    "a joint turn goes on" in "macros/src/emit/scalar/joint.rs": "quote!(#block #(#whole = #copies;)*)" => "quote!(#block)";
    "a joint branch goes on" in "macros/src/emit/scalar/joint.rs": "                    #(#names = #copies;)*\n" => "";
    "elements lost in a joint loop" in "macros/src/autodiff/scalar/joint.rs": "if carried.elements.iter().any(lost) {" => "if carried.elements.iter().any(lost) && false {";
    "the state of a checkpointed loop" in "macros/src/emit/scalar/checkpoint.rs": "                #bring\n" => "";
    "shapes of a checkpointed turn" in "macros/src/emit/scalar/checkpoint.rs": "                #reshaped\n" => "";
    "what a found turn reads" in "macros/src/autodiff/scalar/selection.rs": "        .filter(|slot| !touched.writes.contains(slot))" => "        .filter(|slot| !touched.writes.contains(slot) && false)";
    "what a search overwrites" in "macros/src/emit/scalar/selected.rs": ".filter(|&slot: &SlotId| self.function.slot(slot).needed)" => ".filter(|&slot: &SlotId| self.function.slot(slot).needed && false)";
    "what is computed again" in "residuals": "        again.again.clone_from(&read);" => "        return read;";
    "what a callee reads of what it was lent" in "macros/src/autodiff/scalar/lending.rs": "passed_on || !function.slot(param).doubtful" => "passed_on && !function.slot(param).doubtful";
    "declarations in turns" in "macros/src/emit/scalar/storage.rs": "Storage::Tape | Storage::Locals => !assign.fresh," => "Storage::Tape | Storage::Locals => false,";
};

/// Prepended to the rules of the copy: one rule, named by the environment, has another sign.
const FLIP: &str = r#"
/// One partial derivative, with its sign flipped where the environment names its rule.
pub(crate) fn partial<B: Build>(
    b: &mut B,
    op: Op,
    operand: usize,
    x: &[B::Id],
    y: B::Id,
) -> Partial<B::Id> {
    let found = unflipped(b, op, operand, x, y);
    if std::env::var("COTANGENT_MUTANT").as_deref() != Ok(format!("{op:?}.{operand}").as_str()) {
        return found;
    }
    match found {
        Partial::Zero => Partial::One,
        Partial::One => Partial::MinusOne,
        Partial::MinusOne => Partial::One,
        Partial::Times(factor) => Partial::Times(b.op(Op::Neg, &[factor])),
        Partial::Over(divisor) => Partial::Over(b.op(Op::Neg, &[divisor])),
        Partial::When(condition) => Partial::Unless(condition),
        Partial::Unless(condition) => Partial::When(condition),
    }
}
"#;

/// How many random programs are compiled at a time: most mutants fall to a few.
const BATCHES: [usize; 13] = [20, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40];

/// The tests that hold the scalar language, for what random programs let through.
const TESTS: &[&str] = &[
    "test",
    "-q",
    "--test",
    "scalar_strategies",
    "--test",
    "failures",
    "--test",
    "scalar_checkpoint",
    "--test",
    "scalar_language",
    "--test",
    "scalar_nasty",
];

/// What a suite said of a mutant.
enum Verdict {
    /// A test ran and failed, with this message.
    Caught(String),
    /// All tests ran and passed.
    Survived,
    /// No test ran to its end, for this reason.
    Unjudged(String),
}

/// The suite of the rules.
const GOLDEN: &[&str] = &["test", "-q", "--test", "scalar_golden"];

/// A copy of the tree to be broken.
struct Copy {
    root: PathBuf,
}

impl Copy {
    /// All files that git knows, as they are now.
    fn new() -> Copy {
        let root = Path::new("target/mutants/tree").to_path_buf();
        let listed = Command::new("git")
            .args(["ls-files"])
            .output()
            .expect("git runs");
        assert!(listed.status.success(), "run this in a checkout");
        for name in String::from_utf8_lossy(&listed.stdout).lines() {
            let (from, to) = (Path::new(name), root.join(name));
            let Ok(content) = std::fs::read(from) else {
                continue;
            };
            if std::fs::read(&to).is_ok_and(|there| there == content) {
                continue;
            }
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("the copy is written");
            std::fs::write(to, content).expect("the copy is written");
        }
        Copy { root }
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.root.join(file)).expect("a source file")
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.root.join(file), text).expect("the copy is written");
    }

    /// Runs a suite, with so many random programs from a seed.
    fn judge(&self, suite: &[&str], mutant: &str, (programs, seed): (usize, usize)) -> Verdict {
        let run = Command::new("cargo")
            .args(suite)
            .current_dir(&self.root)
            .env(
                "CARGO_TARGET_DIR",
                std::path::absolute("target/mutants/build").expect("a path"),
            )
            .env("COTANGENT_MUTANT", mutant)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0")
            .env("FUZZ_PROGRAMS", programs.to_string())
            .env("FUZZ_SEED", seed.to_string())
            .output()
            .expect("cargo runs");
        let text = [run.stdout, run.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        if run.status.success() {
            return Verdict::Survived;
        }
        // The tests name their failures only after they have run to their end.
        if text.contains("test result: FAILED") {
            let panic = text
                .lines()
                .skip_while(|line| !line.contains("panicked at"));
            return Verdict::Caught(panic.take(2).collect::<Vec<&str>>().join(" "));
        }
        let why = text.lines().find(|line| line.starts_with("error"));
        Verdict::Unjudged(why.unwrap_or("it was ended from outside").to_string())
    }

    /// Random programs until one of them tells, then the tests.
    fn judge_save(&self) -> Verdict {
        let fuzz = ["test", "-q", "-p", "fuzz", "--test", "programs"];
        for (at, programs) in BATCHES.into_iter().enumerate() {
            match self.judge(&fuzz, "", (programs, at + 1)) {
                Verdict::Survived => {}
                Verdict::Caught(why) => {
                    let programs: usize = BATCHES[..=at].iter().sum();
                    return Verdict::Caught(format!("within {programs} programs: {why}"));
                }
                unjudged => return unjudged,
            }
        }
        match self.judge(TESTS, "", (0, 1)) {
            Verdict::Caught(why) => Verdict::Caught(format!("only by tests: {why}")),
            other => other,
        }
    }
}

/// `Op.operand` for every rule of the table.
fn rules(copy: &Copy) -> Vec<String> {
    let table = copy.read("macros/src/ir/op.rs");
    let rows = table
        .lines()
        .skip_while(|line| !line.starts_with("operations! {"))
        .skip(1);
    let mut rules = Vec::new();
    for row in rows.take_while(|line| *line != "}") {
        let words: Vec<&str> = row.split_whitespace().collect();
        if let [name, _, arity, "Float", ..] = words[..] {
            let arity: usize = arity.parse().expect("the number of operands");
            rules.extend((0..arity).map(|operand| format!("{name}.{operand}")));
        }
    }
    rules
}

/// Rules whose flipping changes nothing that could be seen, and why.
const WITHOUT_A_SIGN: &[(&str, &str)] = &[
    ("Select.0", "a condition"),
    ("Powi.1", "an integer"),
    ("Polygamma.1", "an integer"),
];

fn flip_rules(copy: &Copy, wanted: &dyn Fn(&str) -> bool) -> Vec<(String, Verdict)> {
    let file = "macros/src/autodiff/rules.rs";
    let original = copy.read(file);
    let hidden = original.replacen("pub(crate) fn partial<", "fn unflipped<", 1);
    assert_ne!(hidden, original, "the table of rules has changed");
    copy.write(file, &(hidden + FLIP));
    let test = "tests/scalar_golden/functions.rs";
    let text = copy.read(test);
    let mut found = Vec::new();
    for (number, rule) in rules(copy).into_iter().enumerate() {
        if !wanted(&rule) || WITHOUT_A_SIGN.iter().any(|(known, _)| *known == rule) {
            continue;
        }
        // Another text, so that the macros run again.
        copy.write(test, &format!("{text}\n// {number}\n"));
        let verdict = copy.judge(GOLDEN, &rule, (0, 1));
        report(&rule, &verdict);
        found.push((rule, verdict));
    }
    copy.write(file, &original);
    copy.write(test, &text);
    found
}

fn drop_saves(copy: &Copy, wanted: &dyn Fn(&str) -> bool) -> Vec<(String, Verdict)> {
    let mut found = Vec::new();
    for patch in SAVES.iter().filter(|patch| wanted(patch.name)) {
        let file = if patch.file == "residuals" {
            RESIDUALS
        } else {
            patch.file
        };
        let original = copy.read(file);
        let verdict = match original.matches(patch.from).count() {
            1 => {
                copy.write(file, &original.replace(patch.from, patch.to));
                let verdict = copy.judge_save();
                copy.write(file, &original);
                verdict
            }
            places => Verdict::Unjudged(format!("its text stands in {places} places")),
        };
        report(patch.name, &verdict);
        found.push((patch.name.to_string(), verdict));
    }
    found
}

fn report(name: &str, verdict: &Verdict) {
    let short = |why: &str| why.chars().take(160).collect::<String>();
    match verdict {
        Verdict::Caught(why) => println!("caught    {name:<36} {}", short(why)),
        Verdict::Survived => println!("SURVIVED  {name}"),
        Verdict::Unjudged(why) => println!("UNJUDGED  {name:<36} {}", short(why)),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let kinds = ["rules", "saves"];
    let asked = |kind: &str| {
        let named = arguments
            .iter()
            .any(|argument| kinds.contains(&argument.as_str()));
        !named || arguments.iter().any(|argument| argument == kind)
    };
    let names: Vec<&String> = arguments
        .iter()
        .filter(|argument| !kinds.contains(&argument.as_str()))
        .collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|known| *known == name);
    let copy = Copy::new();
    let mut found = Vec::new();
    if asked("rules") {
        found.extend(flip_rules(&copy, &wanted));
    }
    if asked("saves") {
        found.extend(drop_saves(&copy, &wanted));
    }
    let left: Vec<&str> = found
        .iter()
        .filter(|(_, verdict)| !matches!(verdict, Verdict::Caught(_)))
        .map(|(name, _)| name.as_str())
        .collect();
    println!(
        "mutants: {} of {} caught",
        found.len() - left.len(),
        found.len()
    );
    match left.is_empty() {
        true => ExitCode::SUCCESS,
        false => {
            println!("not caught: {}", left.join(", "));
            ExitCode::FAILURE
        }
    }
}
