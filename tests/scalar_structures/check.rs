//! Every mode of a function of a structure against differences of the function itself.

use cotangent::{Floats, FloatsMut, Leaves, Path};

/// Values without a pattern, in 0.2..1.8.
pub(crate) fn noise(n: usize, seed: usize) -> Vec<f64> {
    (0..n)
        .map(|i| 0.2 + 1.6 * ((i * 7919 + seed * 104_729 + 1) as f64 * 0.618_033_988_75).fract())
        .collect()
}

/// All floats of a structure, in the order of its leaves.
pub(crate) fn floats<M: Leaves>(of: &M) -> Vec<f64> {
    let mut all = Vec::new();
    of.leaves(&Path::Root, &mut |_, leaf| match leaf.data {
        Floats::F64(data) => all.extend_from_slice(data),
        _ => panic!("the structures of these tests hold `f64`"),
    });
    all
}

/// The same structure with other floats.
pub(crate) fn with_floats<M: Leaves + Clone>(of: &M, floats: &[f64]) -> M {
    let (mut of, mut at) = (of.clone(), 0);
    of.leaves_mut(&Path::Root, &mut |_, leaf| {
        if let FloatsMut::F64(data) = leaf.data {
            let n = data.len();
            data.copy_from_slice(&floats[at..at + n]);
            at += n;
        }
    });
    of
}

/// A difference of fourth order along a direction.
fn along<T>(at: impl Fn(f64) -> T, minus: impl Fn(&[T; 4], f64) -> Vec<f64>) -> Vec<f64> {
    let h = 1e-3;
    minus(&[at(h), at(-h), at(2.0 * h), at(-2.0 * h)], h)
}

fn differences(f: impl Fn(f64) -> Vec<f64>) -> Vec<f64> {
    along(f, |v, h| {
        (0..v[0].len())
            .map(|k| (8.0 * (v[0][k] - v[1][k]) - (v[2][k] - v[3][k])) / (12.0 * h))
            .collect()
    })
}

#[track_caller]
pub(crate) fn close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0_f64, |m, e| m.max(e.abs()));
    for (k, (f, e)) in found.iter().zip(expected).enumerate() {
        let near = (f - e).abs() <= tolerance * scale;
        assert!(near, "{what}, entry {k}: {f}, expected {e}");
    }
}

/// The modes of a function of one structure.
pub(crate) struct Modes<'f, M> {
    pub(crate) primal: &'f dyn Fn(&M) -> f64,
    pub(crate) chosen: &'f dyn Fn(&M) -> (f64, M),
    pub(crate) taped: &'f dyn Fn(&M) -> (f64, M),
    pub(crate) jvp: &'f dyn Fn(&M, &M) -> (f64, f64),
    pub(crate) hvp: &'f dyn Fn(&M, &M) -> M,
}

/// Compares them with differences of the function; the second derivative with those of the
/// gradient.
pub(crate) fn check<M: Leaves + Clone>(name: &str, model: &M, modes: &Modes<'_, M>) {
    let start = floats(model);
    let (value, gradient) = (modes.chosen)(model);
    let (taped_value, taped) = (modes.taped)(model);
    let want = (modes.primal)(model);
    // Exponentials of gradient code may differ from std's in the last digits.
    close(name, &[value, taped_value], &[want, want], 1e-13);
    let gradient = floats(&gradient);
    close(&format!("{name}, taped"), &floats(&taped), &gradient, 1e-13);
    let moved = |by: &dyn Fn(usize) -> f64| {
        let floats: Vec<f64> = start.iter().enumerate().map(|(k, x)| x + by(k)).collect();
        with_floats(model, &floats)
    };
    let expected: Vec<f64> = (0..start.len())
        .map(|k| {
            let f = |h: f64| {
                vec![(modes.primal)(&moved(&|other| {
                    if other == k { h } else { 0.0 }
                }))]
            };
            differences(f)[0]
        })
        .collect();
    close(name, &gradient, &expected, 1e-8);
    let direction: Vec<f64> = noise(start.len(), 5).iter().map(|x| x - 1.0).collect();
    let towards = with_floats(model, &direction);
    let (value, slope) = (modes.jvp)(model, &towards);
    let dot: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
    close(
        &format!("{name}, jvp"),
        &[value, slope],
        &[want, dot],
        1e-11,
    );
    let product = floats(&(modes.hvp)(model, &towards));
    let expected = differences(|h| floats(&(modes.chosen)(&moved(&|k| h * direction[k])).1));
    close(&format!("{name}, hvp"), &product, &expected, 1e-7);
}
