//! The trials of line searches.

use cotangent_optimizers::minimise::{HagerZhang, LineSearch, MoreThuente, StrongWolfe, Trial};

use crate::assert_close;

/// The steps that a search tries, and the one it takes.
fn steps(search: LineSearch, first: f64, line: impl Fn(f64) -> (f64, f64)) -> (Vec<f64>, Trial) {
    let (value, slope) = line(0.0);
    let start = Trial {
        step: 0.0,
        value,
        slope,
    };
    let mut tried = Vec::new();
    let found = search.search(start, first, f64::INFINITY, &mut |step| {
        tried.push(step);
        line(step)
    });
    (tried, found.unwrap())
}

fn wolfe(curvature: f64) -> LineSearch {
    LineSearch::StrongWolfe(StrongWolfe {
        curvature,
        ..StrongWolfe::default()
    })
}

#[test]
fn strong_wolfe_interpolates_a_cubic_exactly() {
    // t^3 - 3 t has its minimum at 1; a cubic through two of its points and slopes is itself.
    let cubic = |t: f64| (t.powi(3) - 3.0 * t, 3.0 * t * t - 3.0);
    // Too far: the value rises, and the bracket (0, 3) holds the minimum.
    assert_close(&steps(wolfe(0.1), 3.0, cubic).0, &[3.0, 1.0]);
    // Too near: the minimum of the cubic is exactly ten times as far.
    assert_close(&steps(wolfe(0.1), 0.1, cubic).0, &[0.1, 1.0]);
    // Nearer still: ten times as far at most, and the slope there, 3 * 0.25 - 3, is not enough.
    assert_close(&steps(wolfe(0.1), 0.05, cubic).0, &[0.05, 0.5, 1.0]);
    // Near enough that the minimum is less than twice as far: the step doubles.
    assert_close(&steps(wolfe(0.1), 0.7, cubic).0, &[0.7, 1.4, 1.0]);
}

#[test]
fn strong_wolfe_turns_back_where_the_slope_has_turned() {
    // t^2 - 2 t at 1.95 is below the start, but rises: the bracket is (1.95, 0).
    let parabola = |t: f64| (t * t - 2.0 * t, 2.0 * t - 2.0);
    let (tried, found) = steps(wolfe(0.5), 1.95, parabola);
    assert_close(&tried, &[1.95, 1.0]);
    assert_eq!((found.value, found.slope.abs() < 1e-12), (-1.0, true));
}

#[test]
fn searches_find_the_minima_of_more_and_thuente() {
    // Functions 1 and 2 of More and Thuente (1994), with their known minima, from their four first
    // steps; their search needs at most 7 and 8 trials.
    let first = |t: f64| (-t / (t * t + 2.0), (t * t - 2.0) / (t * t + 2.0).powi(2));
    let second = |t: f64| {
        let s = t + 0.004;
        (
            s.powi(5) - 2.0 * s.powi(4),
            5.0 * s.powi(4) - 8.0 * s.powi(3),
        )
    };
    for step in [1e-3, 1e-1, 10.0] {
        let (tried, found) = steps(wolfe(1e-3), step, first);
        assert!(
            (found.step - 2.0_f64.sqrt()).abs() < 0.01,
            "{step}: {found:?}"
        );
        assert!(
            found.slope.abs() <= 0.5e-3 && tried.len() <= 14,
            "{step}: {tried:?}"
        );
    }
    // So far out the function is flat, but it falls by less than 1e-4 of what the slope promises.
    let (tried, found) = steps(wolfe(1e-3), 1e3, first);
    assert!(tried.len() > 1 && found.value <= -0.5e-4 * found.step && found.slope <= 0.5e-3);
    for step in [1e-3, 1e-1, 10.0, 1e3] {
        let (tried, found) = steps(wolfe(0.1), step, second);
        assert!(
            found.slope.abs() <= 0.1 * second(0.0).1.abs(),
            "{step}: {found:?}"
        );
        assert!(
            (found.step - 1.596).abs() < 1e-3 && tried.len() <= 20,
            "{step}: {tried:?}"
        );
    }
}

/// The functions of section 5 of Moré and Thuente (1994), with their settings `mu` and `eta`, and for
/// each first step what tables I to VI say of their search: how often it evaluates, the step that it
/// finds, to two digits, and where.
#[test]
fn more_thuente_needs_the_trials_of_its_authors() {
    type Line = fn(f64) -> (f64, f64);
    let rational: Line = |t| (-t / (t * t + 2.0), (t * t - 2.0) / (t * t + 2.0).powi(2));
    let quintic: Line = |t| {
        let s = t + 0.004;
        (
            s.powi(5) - 2.0 * s.powi(4),
            5.0 * s.powi(4) - 8.0 * s.powi(3),
        )
    };
    // A wedge, rounded over 0.01 on each side of 1, with a wave of 39 / 4 to the unit.
    let wavy: Line = |t| {
        let b = 0.01;
        let (wedge, slope) = if t <= 1.0 - b {
            (1.0 - t, -1.0)
        } else if t >= 1.0 + b {
            (t - 1.0, 1.0)
        } else {
            ((t - 1.0).powi(2) / (2.0 * b) + b / 2.0, (t - 1.0) / b)
        };
        let wave = 39.0 * std::f64::consts::FRAC_PI_2;
        let height = (1.0 - b) / wave;
        (
            wedge + height * (wave * t).sin(),
            slope + (1.0 - b) * (wave * t).cos(),
        )
    };
    fn yanai(t: f64, a: f64, b: f64) -> (f64, f64) {
        let gamma = |b: f64| (1.0 + b * b).sqrt() - b;
        let (near, far) = ((1.0 - t).hypot(b), t.hypot(a));
        (
            gamma(a) * near + gamma(b) * far,
            gamma(b) * t / far - gamma(a) * (1.0 - t) / near,
        )
    }
    type Row = (Line, f64, f64, [(usize, f64); 4]);
    let tables: [Row; 6] = [
        (
            rational,
            1e-3,
            0.1,
            [(6, 1.4), (3, 1.4), (1, 10.0), (4, 37.0)],
        ),
        (
            quintic,
            0.1,
            0.1,
            [(12, 1.6), (8, 1.6), (8, 1.6), (11, 1.6)],
        ),
        (wavy, 0.1, 0.1, [(12, 1.0), (12, 1.0), (10, 1.0), (13, 1.0)]),
        (
            |t| yanai(t, 1e-3, 1e-3),
            1e-3,
            1e-3,
            [(4, 0.085), (1, 0.10), (3, 0.35), (4, 0.83)],
        ),
        (
            |t| yanai(t, 1e-2, 1e-3),
            1e-3,
            1e-3,
            [(6, 0.075), (3, 0.078), (7, 0.073), (8, 0.076)],
        ),
        (
            |t| yanai(t, 1e-3, 1e-2),
            1e-3,
            1e-3,
            [(13, 0.93), (11, 0.93), (8, 0.92), (11, 0.92)],
        ),
    ];
    let mut wrong = Vec::new();
    for (table, (line, decrease, curvature, want)) in tables.into_iter().enumerate() {
        for (first, (trials, step)) in [1e-3, 1e-1, 1e1, 1e3].into_iter().zip(want) {
            let search = LineSearch::MoreThuente(MoreThuente {
                decrease,
                curvature,
                ..MoreThuente::default()
            });
            let (tried, found) = steps(search, first, line);
            if tried.len() != trials || format!("{:.1e}", found.step) != format!("{step:.1e}") {
                wrong.push(format!(
                    "table {}, first step {first}: {} trials to {} and not {trials} to {step}",
                    table + 1,
                    tried.len(),
                    found.step
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn hager_zhang_takes_secants_of_slopes() {
    let search = LineSearch::HagerZhang(HagerZhang::default());
    // The secant of a parabola's slopes -2 at 0 and 4 at 3 meets zero at 1.
    let parabola = |t: f64| (t * t - 2.0 * t, 2.0 * t - 2.0);
    assert_close(&steps(search, 3.0, parabola).0, &[3.0, 1.0]);
    // t^4 / 4 - t with slopes t^3 - 1. Bracket (0, 3): the secant of -1 and 26 meets zero at 1/9,
    // where the slope is above none of the limits; the second secant, of -1 and -0.9986, leaves
    // the bracket. (1/9, 3) is too long yet: its middle is 14/9, with the slope 2.764. The secant
    // of (1/9, 14/9) ends the search.
    let quartic = |t: f64| (t.powi(4) / 4.0 - t, t.powi(3) - 1.0);
    let (a, b) = (1.0 / 9.0, 14.0 / 9.0);
    let (slope_a, slope_b) = (quartic(a).1, quartic(b).1);
    let meets = (a * slope_b - b * slope_a) / (slope_b - slope_a);
    assert!((meets - 0.494_471).abs() < 1e-5);
    assert_close(&steps(search, 3.0, quartic).0, &[3.0, a, b, meets]);
}

/// A line of which each trial is told in its order: value and slope, whatever the step.
fn told(told: &[(f64, f64)]) -> impl Fn(f64) -> (f64, f64) + '_ {
    let next = std::cell::Cell::new(0);
    move |_| told[next.replace(next.get() + 1)]
}

#[test]
fn strong_wolfe_keeps_the_end_that_brackets() {
    // At 2 the line is low and rises: the cubic through both ends has its minimum at 1.5419.
    let cubic = 1.541_852_997_168_852_6;
    let starts = [(0.0, -1.0), (-1.0, 0.95)];
    let enough = (-2.0, 0.0);
    for (third, next) in [
        // Higher than at 2: the minimum is beyond, whatever the slope says.
        ((-0.6, 0.5), 1.951_799_122_946_108_7),
        // Lower and rising: before. That is most of what was left, hence the middle.
        ((-1.2, 0.5), 0.5 * cubic),
        // Lower and falling: beyond.
        ((-1.2, -0.5), 1.634_918_648_739_266_6),
    ] {
        let line = [starts[0], starts[1], third, enough];
        assert_close(&steps(wolfe(0.1), 2.0, told(&line)).0, &[2.0, cubic, next]);
    }
}

#[test]
fn hager_zhang_takes_a_second_secant_on_the_side_that_moved() {
    let search = LineSearch::HagerZhang(HagerZhang {
        curvature: 0.2,
        ..HagerZhang::default()
    });
    let enough = (-2.0, 0.0);
    // The bracket (0, 4) with the slopes -1 and 3: the secant meets zero at 1, where the line is high
    // and rises by 0.5. The secant of 3 and 0.5 meets zero at 0.4; that of -1 and 0.5 would at 2/3.
    let line = [(0.0, -1.0), (1.0, 3.0), (0.5, 0.5), enough];
    assert_close(&steps(search, 4.0, told(&line)).0, &[4.0, 1.0, 0.4]);
    // The bracket (0, 4) with the slopes -1 and 1: at 2 the line is low but falls by 0.4, more than
    // 0.2. The secant of -1 and -0.4 meets zero at 10/3; that of -0.4 and 1 would at 18/7.
    let line = [(0.0, -1.0), (1.0, 1.0), (-0.1, -0.4), enough];
    assert_close(&steps(search, 4.0, told(&line)).0, &[4.0, 2.0, 10.0 / 3.0]);
    // A second secant that leaves the bracket is none: (0, 1) is short enough, and the next
    // secant, of -1 and 1, meets zero at 1/2.
    let line = [(0.0, -1.0), (1.0, 3.0), (0.5, 1.0), enough];
    assert_close(&steps(search, 4.0, told(&line)).0, &[4.0, 1.0, 0.5]);
}
