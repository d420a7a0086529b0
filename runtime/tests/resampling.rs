//! Interpolation, adaptive pooling and positions against loops that are right by inspection.

mod common;

use common::{at, by_index, near, noise, with};
use cotangent_runtime::{Pad, Resize, Tensor};

const SIZES: &[(usize, usize)] = &[
    (1, 1),
    (1, 4),
    (4, 1),
    (3, 7),
    (7, 3),
    (6, 3),
    (5, 5),
    (64, 65),
];

/// The place of new entry p on the old axis, by the formulas in the documentation of `Resize`.
fn place(how: Resize, p: usize, old: usize, new: usize) -> f64 {
    let (p, length, count) = (p as f64, old as f64, new as f64);
    match how {
        Resize::Nearest => (p * length / count).floor(),
        Resize::Linear => ((p + 0.5) * length / count - 0.5).max(0.0),
        Resize::LinearAligned if new == 1 => 0.0,
        Resize::LinearAligned => p * (length - 1.0) / (count - 1.0),
    }
}

#[test]
fn axes_are_interpolated_at_their_places() {
    for how in [Resize::Nearest, Resize::Linear, Resize::LinearAligned] {
        for &(old, new) in SIZES {
            let x = noise(&[2, old, 3], 1);
            // Along the axis before the last alone, the last one keeping its size.
            let expected = by_index(&[2, new, 3], |i| {
                let place = place(how, i[1], old, new);
                // The hat function of each old entry: 1 there, 0 at its neighbours. What lies
                // beyond the last entry counts as there.
                (0..old)
                    .map(|k| {
                        let hat = (1.0 - (place.min(old as f64 - 1.0) - k as f64).abs()).max(0.0);
                        hat * at(&x, &with(i, 1, k))
                    })
                    .sum()
            });
            near(&x.resize(&[new, 3], how), &expected);
        }
    }
}

#[test]
fn images_are_interpolated_bilinearly() {
    // Doubled by hand: a corner stays, and the middle is 9/16, 3/16, 3/16 and 1/16 of the corners.
    let x = Tensor::from_vec(&[1, 1, 2, 2], vec![16.0, 32.0, 48.0, 128.0]).unwrap();
    let y = x.resize(&[4, 4], Resize::Linear);
    assert_eq!(at(&y, &[0, 0, 0, 0]), 16.0);
    assert_eq!(at(&y, &[0, 0, 1, 1]), 9.0 + 6.0 + 9.0 + 8.0);
    assert_eq!(at(&y, &[0, 0, 3, 2]), 0.25 * 48.0 + 0.75 * 128.0);
    let aligned = x.resize(&[3, 3], Resize::LinearAligned);
    assert_eq!(
        at(&aligned, &[0, 0, 1, 1]),
        (16.0 + 32.0 + 48.0 + 128.0) / 4.0
    );
    assert_eq!(at(&aligned, &[0, 0, 2, 2]), 128.0);
}

#[test]
fn adaptive_pools_cover_their_axes() {
    for &(old, new) in SIZES {
        for &(height, rows) in SIZES.iter().take(4) {
            let x = noise(&[2, height, old], 1);
            let window = |k: usize, old: usize, new: usize| {
                let end = ((k + 1) as f64 * old as f64 / new as f64).ceil() as usize;
                k * old / new..end
            };
            let all = |i: &[usize]| -> Vec<f64> {
                window(i[1], height, rows)
                    .flat_map(|r| window(i[2], old, new).map(move |c| (r, c)))
                    .map(|(r, c)| at(&x, &[i[0], r, c]))
                    .collect()
            };
            let mean = by_index(&[2, rows, new], |i| {
                let all = all(i);
                all.iter().sum::<f64>() / all.len() as f64
            });
            near(&x.adaptive_avg_pool(&[rows, new]), &mean);
            let most = by_index(&[2, rows, new], |i| {
                all(i).into_iter().fold(f64::NEG_INFINITY, f64::max)
            });
            near(&x.adaptive_max_pool(&[rows, new]), &most);
        }
    }
}

#[test]
fn margins_are_mirrored_with_their_edge() {
    let x = noise(&[2, 3], 1);
    let y = x.pad(&[(0, 0), (4, 5)], Pad::Symmetric);
    // Two mirrors: 2 2 1 0 | 0 1 2 | 2 1 0 0 1.
    let order = [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1];
    near(&y, &by_index(&[2, 12], |i| at(&x, &[i[0], order[i[1]]])));
}

#[test]
fn positions_of_extremes_are_the_first_ones() {
    for &(size, other) in SIZES {
        // Few values, so that there are ties.
        let x = noise(&[other, size, 2], 1).map(|x| (x * 2.0).round());
        for (found, sign) in [(x.argmax_axis(1), 1.0), (x.argmin_axis(-2), -1.0)] {
            let expected = by_index(&[other, 2], |i| {
                let entry = |k: usize| sign * at(&x, &[i[0], k, i[1]]);
                let best = (0..size).map(entry).fold(f64::NEG_INFINITY, f64::max);
                (0..size).position(|k| entry(k) == best).unwrap() as f64
            });
            near(&found, &expected);
        }
    }
    let x = Tensor::from_vec(&[4], vec![1.0, f64::NAN, 7.0, f64::NAN]).unwrap();
    assert_eq!(
        [x.argmax_axis(0).item(), x.argmin_axis(0).item()],
        [1.0, 1.0]
    );
    let labels = Tensor::from_vec(&[2], vec![3_u32, 0]).unwrap();
    assert_eq!(labels.to_float::<f32>().data(), [3.0, 0.0]);
}

#[test]
fn waves_of_positions() {
    let x = Tensor::<f32>::zeros(&[3, 5, 7]);
    let waves = x.positional_encoding(1e4);
    assert_eq!(waves.shape(), [5, 7]);
    for p in 0..5 {
        for c in 0..7 {
            let angle = p as f64 / 1e4_f64.powf((c / 2 * 2) as f64 / 7.0);
            let wave = if c % 2 == 0 { angle.sin() } else { angle.cos() };
            assert!((f64::from(waves.data()[p * 7 + c]) - wave).abs() < 1e-7);
        }
    }
}
