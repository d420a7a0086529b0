//! The examples as a user meets them: what they print and leave behind, and how they fail.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The program of an example, built by the same cargo and in the same profile as this test.
fn program(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--examples"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.current_dir(ROOT).status().unwrap().success());
    });
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    profile.join("examples").join(name)
}

fn start(example: &str, arguments: &[&str]) -> Output {
    Command::new(program(example))
        .args(arguments)
        .output()
        .unwrap()
}

fn digits(arguments: &[&str]) -> Output {
    start("digits", arguments)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A folder of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("digits-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The temporary folder of the machine is cleaned by others too.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Expects one line of error that holds `words`, nothing on standard output, and a failure.
fn fails(arguments: &[&str], words: &[&str]) {
    fails_in("digits", arguments, words);
}

fn fails_in(example: &str, arguments: &[&str], words: &[&str]) {
    let output = start(example, arguments);
    let error = text(&output.stderr);
    assert!(!output.status.success(), "{arguments:?}");
    assert_eq!(error.lines().count(), 1, "{arguments:?}: {error}");
    assert!(error.starts_with("error: "), "{error}");
    for word in words {
        assert!(error.contains(word), "{arguments:?}: {error}");
    }
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
}

#[test]
fn help_explains_every_option() {
    let output = digits(&["--help"]);
    assert!(output.status.success());
    let help = text(&output.stdout);
    for option in [
        "--seed ",
        "--seeds",
        "--epochs",
        "--hidden",
        "--patience",
        "--data",
        "--out",
        "--evaluate",
        "--help",
    ] {
        assert!(help.contains(option), "{option}");
    }
}

#[test]
fn wrong_options_are_refused() {
    fails(&["--sed", "3"], &["--sed"]);
    fails(&["--seed", "x"], &["invalid digit"]);
    fails(&["--epochs", "0"], &["--epochs", "at least 1"]);
    fails(&["--patience", "-1"], &["-1"]);
    fails(&["surplus"], &["surplus"]);
    fails(&["--out"], &["--out"]);
}

#[test]
fn an_output_folder_that_cannot_be_written_is_refused_before_training() {
    let folder = Folder::new("unwritable");
    let file = folder.path("file");
    std::fs::write(&file, "taken").unwrap();
    fails(&["--out", &file], &["can't write to the folder", "file"]);
    fails(
        &["--out", &format!("{file}/below")],
        &["can't write to the folder"],
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "taken");
}

#[test]
fn a_damaged_table_is_refused_with_its_place() {
    let folder = Folder::new("damaged");
    let out = folder.path("out");
    let whole = Path::new(ROOT).join("examples/data/digits/digits.csv");
    let whole = std::fs::read_to_string(whole).unwrap();
    let mut lines: Vec<&str> = whole.lines().collect();
    let (head, row) = (lines[0], lines[5]);

    let letter = row.replacen('5', "five", 1);
    let label = format!(
        "{}12",
        row.strip_suffix(|c: char| c.is_ascii_digit()).unwrap()
    );
    let column = head.replace(",target", ",class");
    for (line, damage, words) in [
        (
            5,
            letter.as_str(),
            &["line 6, column", "five", "is not a number"][..],
        ),
        (5, &label, &["line 6, column `target`", "12 is no label"]),
        (5, &row[..40], &["line 6", "values under 65 columns"]),
        (0, &column, &["no column `target`"]),
    ] {
        let good = std::mem::replace(&mut lines[line], damage);
        let file = folder.path("damaged.csv");
        std::fs::write(&file, lines.join("\n")).unwrap();
        fails(&["--data", &file, "--out", &out], words);
        lines[line] = good;
    }
    fails(&["--data", &folder.path("none.csv")], &["can't read"]);
    assert!(
        !Path::new(&out).exists(),
        "a run that can't start leaves nothing"
    );
}

#[test]
fn a_run_leaves_a_checkpoint_and_a_picture_that_hold_what_it_says() {
    let folder = Folder::new("run");
    let out = folder.path("out");
    let short = ["--epochs", "4", "--hidden", "32", "--out", &out];
    let output = digits(&short);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    let epochs = said.lines().filter(|line| line.starts_with("epoch "));
    assert_eq!(epochs.count(), 4);
    let last = said.lines().last().unwrap();
    let accuracy: f64 = last
        .strip_prefix("test accuracy: ")
        .unwrap()
        .parse()
        .unwrap();
    // Four epochs of a small network are enough to be far from chance; the full run has its own
    // figure in the README.
    assert!(accuracy > 0.9, "{accuracy}");

    let picture = said
        .lines()
        .find_map(|line| line.strip_prefix("loss curve: "));
    let picture = std::fs::read_to_string(picture.unwrap()).unwrap();
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));

    let checkpoint = Path::new(&out).join("digits.safetensors");
    let evaluate = ["--hidden", "32", "--evaluate", checkpoint.to_str().unwrap()];
    let evaluated = digits(&evaluate);
    assert_eq!(text(&evaluated.stdout).trim_end(), last);
    assert_eq!(
        text(&digits(&short).stdout),
        said,
        "the same digits on every run"
    );

    let mut files: Vec<_> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    files.sort();
    assert_eq!(files, ["digits.safetensors", "loss.svg"]);

    fails(
        &["--hidden", "16", "--evaluate", evaluate[3]],
        &["w1", "[64, 32]"],
    );
    let content = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&checkpoint, &content[..content.len() / 2]).unwrap();
    fails(&evaluate, &["no complete checkpoint"]);
}

#[test]
fn the_other_examples_explain_themselves_and_refuse_in_one_line() {
    let folder = Folder::new("others");
    for example in ["optimizers", "convex", "embeddings"] {
        let output = start(example, &["--help"]);
        assert!(output.status.success() && text(&output.stdout).contains("--data"));
        fails_in(example, &["--dat", "x"], &["--dat"]);
        fails_in(example, &["surplus"], &["surplus"]);
        let nowhere = folder.path("nowhere");
        let output = start(example, &["--data", &nowhere]);
        assert!(!output.status.success());
        let error = text(&output.stderr);
        assert!(
            error.lines().count() == 1 && error.contains("can't read"),
            "{error}"
        );
    }
    fails_in("optimizers", &["--epochs", "0"], &["at least 1"]);
    let file = folder.path("file");
    std::fs::write(&file, "taken").unwrap();
    fails_in(
        "optimizers",
        &["--out", &file],
        &["can't write to the folder"],
    );
}

#[test]
fn the_optimizers_example_draws_its_three_pictures() {
    let folder = Folder::new("pictures");
    let out = folder.path("out");
    let output = start("optimizers", &["--epochs", "1", "--out", &out]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for (name, curves) in [("rules", 12), ("step-size", 6), ("batch-size", 6)] {
        let picture = std::fs::read_to_string(Path::new(&out).join(format!("{name}.svg"))).unwrap();
        assert!(picture.trim_end().ends_with("</svg>"));
        // Axes are polylines too, hence at least so many.
        assert!(picture.matches("<polyline").count() >= curves, "{name}");
    }
}

#[test]
fn the_embeddings_example_predicts_better_than_the_mean_rating() {
    let output = start("embeddings", &["--epochs", "2"]);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let number = |words: &str| -> f64 {
        let rest = printed.split(words).last().unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        rest[..end.unwrap_or(rest.len())].parse().expect(printed)
    };
    // What least squares reach is 1.204; two epochs come within a few hundredths of it.
    assert!((1.15..1.24).contains(&number("test error ")), "{printed}");
    assert!((number("alone ") - 1.336).abs() < 0.001, "{printed}");
    assert!(
        printed.contains(" of 4100 rows updated per step"),
        "{printed}"
    );
}

#[test]
fn one_network_is_as_accurate_in_two_bytes_as_in_four() {
    let output = start("mixed_precision", &[]);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let row = |name: &str| {
        let line = printed.lines().find(|line| line.starts_with(name));
        let numbers = line.unwrap().split_whitespace().skip(1);
        numbers
            .map(|number| number.parse::<f64>().unwrap())
            .collect::<Vec<_>>()
    };
    let [single, brain, half] = ["f32", "bf16", "f16"].map(row);
    assert!(single[1] > 0.95, "{printed}");
    for other in [&brain, &half] {
        assert_eq!(2.0 * other[0], single[0]);
        assert!((other[1] - single[1]).abs() <= 0.005, "{printed}");
    }
    // The scale begins so high that f16 overflows at first, and only f16 does.
    assert_eq!((single[2], brain[2]), (0.0, 0.0));
    assert!(half[2] > 0.0 && half[2] < 20.0, "{printed}");
}

#[test]
fn plan_shows_a_step_before_it_runs() {
    let all = start("plan", &[]);
    assert!(all.status.success());
    let all = text(&all.stdout);
    for part in ["digraph", "attention [[16", "CrossEntropy"] {
        assert!(all.contains(part), "{part} in:\n{all}");
    }
    let plan = start("plan", &["plan"]);
    assert!(text(&plan.stdout).contains("attention [[16, 4, 64, 16]"));
    assert!(!text(&plan.stdout).contains("digraph"));
    let refused = start("plan", &["picture"]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("graph, dot and plan"));
}
