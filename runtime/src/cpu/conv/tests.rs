//! Convolutions and their gradients against naive sums, on every instruction set. Operands are small
//! integers, whose products and sums are exact in every order.

use super::*;
use crate::cpu::workspace::Workspace;
use crate::cpu::{Isa, with_isa};

struct Case {
    batch: usize,
    groups: usize,
    channels: [usize; 2],
    image: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    /// Zeros before and after each axis.
    padding: [[usize; 2]; 2],
    dilation: [usize; 2],
}

impl Case {
    fn geometry(&self) -> Geometry {
        let [inputs, outputs] = self.channels;
        let args: Vec<i64> = [0, 1]
            .into_iter()
            .flat_map(|k| {
                [
                    self.stride[k],
                    self.padding[k][0],
                    self.padding[k][1],
                    self.dilation[k],
                ]
            })
            .chain([self.groups])
            .map(|size| size as i64)
            .collect();
        let input = [
            self.batch,
            inputs * self.groups,
            self.image[0],
            self.image[1],
        ];
        let kernel = [
            outputs * self.groups,
            inputs,
            self.kernel[0],
            self.kernel[1],
        ];
        Geometry::new(&input, &kernel, &args).unwrap()
    }

    /// Calls `visit(x, w, y)` with the positions of every product of the sum.
    fn each(&self, g: &Geometry, mut visit: impl FnMut(usize, usize, usize)) {
        let [inputs, outputs] = self.channels;
        let range =
            |sizes: [usize; 2]| (0..sizes[0]).flat_map(move |a| (0..sizes[1]).map(move |b| [a, b]));
        for n in 0..self.batch {
            for o in 0..outputs * self.groups {
                for c in 0..inputs {
                    for [p, q] in range(g.places) {
                        for [i, j] in range(self.kernel) {
                            let at = |k: usize, place: usize, tap: usize| {
                                (place * self.stride[k] + tap * self.dilation[k])
                                    .checked_sub(self.padding[k][0])
                                    .filter(|&at| at < self.image[k])
                            };
                            let (Some(u), Some(v)) = (at(0, p, i), at(1, q, j)) else {
                                continue;
                            };
                            let channel = o / outputs * inputs + c;
                            let x = ((n * inputs * self.groups + channel) * self.image[0] + u)
                                * self.image[1]
                                + v;
                            let w = ((o * inputs + c) * self.kernel[0] + i) * self.kernel[1] + j;
                            let y = ((n * outputs * self.groups + o) * g.places[0] + p)
                                * g.places[1]
                                + q;
                            visit(x, w, y);
                        }
                    }
                }
            }
        }
    }

    fn check<T: Planes>(&self) {
        let g = self.geometry();
        let [inputs, outputs] = self.channels;
        let whole = |len: usize, step: usize| -> Vec<f64> {
            (0..len).map(|i| ((i * step) % 7) as f64 - 3.0).collect()
        };
        let x = whole(
            self.batch * inputs * self.groups * self.image[0] * self.image[1],
            5,
        );
        let w = whole(
            outputs * self.groups * inputs * self.kernel[0] * self.kernel[1],
            3,
        );
        let y = whole(
            self.batch * outputs * self.groups * g.places[0] * g.places[1],
            11,
        );
        let to = |values: &[f64]| values.iter().map(|&v| T::from_f64(v)).collect::<Vec<T>>();
        let (tx, tw, ty) = (to(&x), to(&w), to(&y));
        let nan = |len: usize| vec![T::from_f64(f64::NAN); len];
        let memory = |bytes: usize| vec![f64::NAN; bytes / 8];

        let (mut outputs, mut images) = (vec![0.0; y.len()], vec![0.0; x.len()]);
        let mut kernels = vec![0.0; w.len()];
        self.each(&g, |a, b, c| {
            outputs[c] += x[a] * w[b];
            images[a] += y[c] * w[b];
            kernels[b] += x[a] * y[c];
        });
        for &isa in Isa::available() {
            with_isa(isa, || {
                let (mut found, mut work) = (nan(y.len()), memory(g.output_scratch::<T>()));
                g.output(&tx, &tw, &mut found, Workspace::new(&mut work));
                assert_eq!(found, to(&outputs), "output of {g:?}");
                let (mut found, mut work) = (nan(x.len()), memory(g.input_scratch::<T>()));
                g.input(&ty, &tw, &mut found, Workspace::new(&mut work));
                assert_eq!(found, to(&images), "input of {g:?}");
                let (mut found, mut work) = (nan(w.len()), memory(g.weight_scratch::<T>()));
                g.weight(&tx, &ty, &mut found, Workspace::new(&mut work));
                assert_eq!(found, to(&kernels), "kernel of {g:?}");
            });
        }
    }
}

/// Batch, groups, channels, image, kernel, stride, padding, dilation.
type Row = (
    usize,
    usize,
    [usize; 2],
    [usize; 2],
    [usize; 2],
    [usize; 2],
    [[usize; 2]; 2],
    [usize; 2],
);

const CASES: &[Row] = &[
    (
        1,
        1,
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
        [[0, 0], [0, 0]],
        [1, 1],
    ),
    (
        2,
        1,
        [1, 8],
        [28, 28],
        [5, 5],
        [1, 1],
        [[0, 0], [0, 0]],
        [1, 1],
    ),
    (
        3,
        1,
        [8, 16],
        [12, 12],
        [5, 5],
        [1, 1],
        [[0, 0], [0, 0]],
        [1, 1],
    ),
    (
        2,
        1,
        [3, 5],
        [9, 17],
        [3, 3],
        [1, 1],
        [[1, 1], [1, 1]],
        [1, 1],
    ),
    (
        2,
        1,
        [5, 3],
        [9, 17],
        [3, 2],
        [2, 3],
        [[1, 0], [2, 1]],
        [1, 1],
    ),
    (
        1,
        2,
        [2, 3],
        [11, 13],
        [3, 3],
        [2, 2],
        [[0, 2], [1, 1]],
        [2, 3],
    ),
    (
        1,
        3,
        [1, 1],
        [7, 9],
        [3, 3],
        [1, 1],
        [[1, 1], [1, 1]],
        [1, 1],
    ),
    (
        2,
        1,
        [4, 9],
        [1, 65],
        [1, 5],
        [1, 2],
        [[0, 0], [2, 1]],
        [1, 4],
    ),
    (
        1,
        1,
        [2, 2],
        [6, 5],
        [1, 1],
        [3, 2],
        [[0, 0], [0, 0]],
        [1, 1],
    ),
    (
        1,
        1,
        [1, 2],
        [3, 3],
        [3, 3],
        [4, 4],
        [[3, 3], [5, 0]],
        [1, 1],
    ),
    (
        1,
        1,
        [1, 1],
        [1, 2],
        [2, 70],
        [1, 1],
        [[1, 1], [40, 40]],
        [1, 1],
    ),
    (
        2,
        1,
        [65, 12],
        [4, 5],
        [3, 3],
        [1, 1],
        [[1, 1], [1, 1]],
        [1, 1],
    ),
    // More rows than a block holds.
    (
        1,
        1,
        [4, 2],
        [90, 130],
        [3, 3],
        [1, 1],
        [[1, 1], [1, 1]],
        [1, 1],
    ),
    (
        1,
        1,
        [2, 2],
        [141, 90],
        [5, 3],
        [2, 1],
        [[2, 0], [1, 1]],
        [1, 1],
    ),
    // Nothing to sum, and no image.
    (
        2,
        1,
        [0, 2],
        [3, 3],
        [2, 2],
        [1, 1],
        [[0, 0], [0, 0]],
        [1, 1],
    ),
    (
        0,
        1,
        [2, 2],
        [3, 3],
        [2, 2],
        [1, 1],
        [[0, 0], [0, 0]],
        [1, 1],
    ),
    (
        1,
        1,
        [2, 2],
        [0, 3],
        [2, 2],
        [1, 1],
        [[1, 1], [0, 0]],
        [1, 1],
    ),
];

#[test]
fn convolutions_and_their_gradients_equal_the_naive_sums_on_every_instruction_set() {
    for &(batch, groups, channels, image, kernel, stride, padding, dilation) in CASES {
        let case = Case {
            batch,
            groups,
            channels,
            image,
            kernel,
            stride,
            padding,
            dilation,
        };
        case.check::<f32>();
        case.check::<f64>();
    }
}

#[test]
fn a_kernel_that_does_not_fit_is_an_error() {
    let refused = |input: &[usize], kernel: &[usize], args: &[i64]| {
        Geometry::infer(&[input, kernel], args).unwrap_err()
    };
    let text = refused(&[1, 2, 4], &[3, 2, 5], &[1, 0, 0, 1, 1]);
    assert!(text.contains("does not fit an axis of size 4"), "{text}");
    let text = refused(&[1, 3, 4], &[3, 2, 2], &[1, 0, 0, 1, 1]);
    assert!(text.contains("the kernel is [3, 2, 2]"), "{text}");
    for args in [
        [0, 0, 0, 1, 1],
        [1, 0, 0, 0, 1],
        [-1, 0, 0, 1, 1],
        [1, 0, 0, 1, 0],
    ] {
        assert!(Geometry::infer(&[&[1, 2, 4], &[3, 2, 2]], &args).is_err());
    }
}
