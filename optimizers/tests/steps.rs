//! The steps themselves of searches and trust regions, against values computed by hand: a search
//! that ends at a good point for the wrong reason is noticed.

use cotangent_optimizers::minimise::{
    Dogleg, HagerZhang, LineSearch, MoreThuente, Region, Stopping, StrongWolfe, Trial, TrustRegion,
    objective,
};

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

fn assert_close(got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{got:?} and {want:?}");
    for (got, want) in got.iter().zip(want) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs().max(1.0),
            "{got} and {want}"
        );
    }
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

/// The point after one step on `(x^2 + 10 y^2) / 2` from (10, 1), of each kind of trust region.
fn one_step(radius: f64) -> [Vec<f64>; 2] {
    let stopping = Stopping {
        iterations: 1,
        ..Stopping::default()
    };
    let region = Region {
        first: radius,
        ..Region::default()
    };
    let bowl = |x: &[f64]| {
        let value = 0.5 * (x[0] * x[0] + 10.0 * x[1] * x[1]);
        (value, vec![x[0], 10.0 * x[1]])
    };
    let mut dogleg = vec![10.0, 1.0];
    let problem = objective(bowl).with_hessian(|_| vec![1.0, 0.0, 0.0, 10.0]);
    Dogleg { stopping, region }
        .minimise(problem, &mut dogleg)
        .unwrap();
    let mut steihaug = vec![10.0, 1.0];
    let problem = objective(bowl).with_products(|_, d| vec![d[0], 10.0 * d[1]]);
    TrustRegion { stopping, region }
        .minimise(problem, &mut steihaug)
        .unwrap();
    [dogleg, steihaug]
}

#[test]
fn trust_region_steps_follow_the_dogleg() {
    // The gradient is (10, 10), the Cauchy point lies 200 / 1100 along it: a way of 20 sqrt 2 / 11.
    // A radius within that: the step is steepest descent of its length.
    for radius in [0.5, 1.0, 2.5] {
        let along = radius / 2.0_f64.sqrt();
        for point in one_step(radius) {
            assert_close(&point, &[10.0 - along, 1.0 - along]);
        }
    }
    // Beyond: the Cauchy point, and from there towards the Newton step (-10, -1) up to the radius.
    // In two dimensions conjugate gradients take the same way.
    for radius in [3.0, 5.0, 10.0] {
        let cauchy = [-20.0 / 11.0, -20.0 / 11.0];
        let bend = [-10.0 - cauchy[0], -1.0 - cauchy[1]];
        let dot = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
        // |cauchy + t bend| = radius
        let (a, b, c) = (
            dot(bend, bend),
            2.0 * dot(cauchy, bend),
            dot(cauchy, cauchy) - radius * radius,
        );
        let t = (-b + (b * b - 4.0 * a * c).sqrt()) / (2.0 * a);
        let want = [
            10.0 + cauchy[0] + t * bend[0],
            1.0 + cauchy[1] + t * bend[1],
        ];
        for point in one_step(radius) {
            assert_close(&point, &want);
        }
    }
    // The Newton step itself; conjugate gradients stop at their own tolerance.
    let [dogleg, steihaug] = one_step(20.0);
    assert_close(&dogleg, &[0.0, 0.0]);
    assert!(steihaug.iter().all(|x| x.abs() < 1.0));
}
