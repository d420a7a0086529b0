//! Masks and integers as inputs of differentiable functions: no derivative passes through them, and
//! graphs agree with formulas over plain numbers.

#![allow(clippy::float_cmp, reason = "small integers are exact")]

#[path = "common/mod.rs"]
mod common;

use cotangent::prelude::*;

#[differentiable(wrt(x, y))]
fn masked(x: &Tensor<f64>, y: &Tensor<f64>, mask: &Tensor<bool>, pixels: &Tensor<u8>) -> f64 {
    let chosen = mask.choose(&x.square(), y);
    let filled = y.masked_fill(mask, 7.0);
    let scaled = x * pixels.to_float::<f64>();
    (chosen + filled * 10.0 + scaled * 100.0).sum()
}

#[derive(Differentiable, Clone)]
struct Gated {
    w: Tensor<f32>,
    open: Tensor<bool>,
    code: Tensor<i64>,
}

impl Gated {
    #[differentiable]
    fn loss(&self) -> f32 {
        let gate = self.open.to_float::<f32>();
        (&self.w * gate * self.code.to_float::<f32>()).sum()
    }
}

fn inputs() -> (Tensor<f64>, Tensor<f64>, Tensor<bool>, Tensor<u8>) {
    (
        Tensor::from_vec(&[3], vec![1.0, 2.0, 3.0]).unwrap(),
        Tensor::from_vec(&[3], vec![4.0, 5.0, 6.0]).unwrap(),
        Tensor::from_vec(&[3], vec![true, false, true]).unwrap(),
        Tensor::from_vec(&[3], vec![0, 1, 255]).unwrap(),
    )
}

#[test]
fn masks_pick_and_fill_in_a_graph() {
    let (x, y, mask, pixels) = inputs();
    let mut program = masked::bind(&x, &y, &mask, &pixels).unwrap();
    for mask in [&mask, &!&mask, &mask] {
        let (value, (of_x, of_y)) = program.value_and_grad(&x, &y, mask, &pixels).unwrap();
        let (mut expected, mut dx, mut dy) = (0.0, vec![], vec![]);
        for at in 0..3 {
            let (x, y, on) = (x.data()[at], y.data()[at], mask.data()[at]);
            let pixel = f64::from(pixels.data()[at]);
            expected += if on { x * x + 70.0 } else { y + 10.0 * y } + 100.0 * x * pixel;
            dx.push(if on { 2.0 * x } else { 0.0 } + 100.0 * pixel);
            dy.push(if on { 0.0 } else { 11.0 });
        }
        assert_eq!(
            (value, of_x.data(), of_y.data()),
            (expected, &dx[..], &dy[..])
        );
        assert_eq!(masked(&x, &y, mask, &pixels), expected);
    }
}

#[test]
fn fields_of_masks_and_integers_are_constants() {
    let model = Gated {
        w: Tensor::from_vec(&[2], vec![2.0, 3.0]).unwrap(),
        open: Tensor::from_vec(&[2], vec![false, true]).unwrap(),
        code: Tensor::from_vec(&[2], vec![5, -7]).unwrap(),
    };
    let mut program = model.loss_bind().unwrap();
    let (value, gradient) = model.loss_value_and_grad(&mut program).unwrap();
    assert_eq!((value, gradient.w.data()), (-21.0, &[0.0, -7.0][..]));
    let mut optimizer = Sgd::new(1.0).build(&model).unwrap();
    let mut moved = model.clone();
    optimizer.step(&mut moved, gradient).unwrap();
    assert_eq!(moved.w.data(), [2.0, 10.0]);
    assert_eq!((moved.open, moved.code), (model.open, model.code));
}

#[test]
fn discrete_tensors_convert_or_say_why_not() {
    let integers = Tensor::from_vec(&[2, 1], vec![3_i64, -1]).unwrap();
    let error = integers.to_labels().unwrap_err().to_string();
    assert!(
        error.contains("element 1") && error.contains("is -1"),
        "{error}"
    );
    assert_eq!(integers.t().data(), [3, -1]);
    let single = Tensor::from_vec(&[1], vec![0.1_f64])
        .unwrap()
        .to_float::<f32>();
    assert_eq!(single.data(), [0.1_f32]);
    let (.., mask, pixels) = inputs();
    let path = std::env::temp_dir().join(format!("cotangent-masks-{}.npz", std::process::id()));
    cotangent::npy::save_all(&path, &[("m", &mask), ("p", &pixels), ("i", &integers)]).unwrap();
    let archive = cotangent::npy::Archive::open(&path).unwrap();
    assert_eq!(archive.tensor::<bool>("m").unwrap(), mask);
    assert_eq!(archive.tensor::<u8>("p").unwrap(), pixels);
    assert_eq!(archive.tensor::<i64>("i").unwrap(), integers);
    let error = archive.tensor::<bool>("p").unwrap_err().to_string();
    assert!(error.contains("|u1") && error.contains("|b1"), "{error}");
    std::fs::remove_file(&path).unwrap();
}

#[differentiable(wrt(x))]
fn logical(x: &Tensor<f64>, y: &Tensor<f64>, given: &Tensor<bool>, codes: &Tensor<u8>) -> f64 {
    let above = x.greater(y).to_mask();
    let inside = x.abs().less_equal(&(y * 0.0 + 2.0)).to_mask();
    let both = &above & given;
    let either = &above | !given;
    let odd = codes.to_mask() ^ &inside;
    let rows = either.any_axis_keep(1);
    let columns = (&inside | given).all_axis(0);
    let filled = x.masked_fill(&both, 3.0).square();
    let chosen = either.choose(&filled, &(x * 5.0));
    (odd.choose(&chosen, &(&chosen * 7.0)) * rows.to_float::<f64>()).sum()
        + columns.choose(x, y).sum()
        + x.greater(y).any_axis(..).sum() * x.sum()
}

/// The same over plain numbers, and its derivative by the rule that masks have none.
fn logical_by_hand(
    x: &Tensor<f64>,
    y: &Tensor<f64>,
    given: &Tensor<bool>,
    codes: &Tensor<u8>,
) -> (f64, Vec<f64>) {
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    let (mut value, mut slopes) = (0.0, vec![0.0; rows * columns]);
    let at = |i: usize, j: usize| {
        let k = i * columns + j;
        let (x, y, given) = (x.data()[k], y.data()[k], given.data()[k]);
        (k, x, y, given, x > y, x.abs() <= 2.0)
    };
    let some = (0..rows).any(|i| (0..columns).any(|j| at(i, j).4));
    for i in 0..rows {
        let row = (0..columns).any(|j| at(i, j).4 || !at(i, j).3);
        for j in 0..columns {
            let (k, x, y, given, above, inside) = at(i, j);
            let (filled, slope) = match above && given {
                true => (9.0, 0.0),
                false => (x * x, 2.0 * x),
            };
            let (chosen, slope) = match above || !given {
                true => (filled, slope),
                false => (5.0 * x, 5.0),
            };
            let weight = match (codes.data()[k] != 0) ^ inside {
                true => 1.0,
                false => 7.0,
            };
            let counted = f64::from(u8::from(row));
            value += chosen * weight * counted;
            slopes[k] += slope * weight * counted;
            let column = (0..rows).all(|i| at(i, j).5 || at(i, j).3);
            value += if column { x } else { y };
            slopes[k] += f64::from(u8::from(column)) + f64::from(u8::from(some));
            value += if some { x } else { 0.0 };
        }
    }
    (value, slopes)
}

#[test]
fn masks_are_made_and_combined_in_a_graph() {
    for seed in 0..4 {
        let shape = [3, 4];
        let x = common::noise(&shape, seed) * 3.0;
        let y = common::noise(&shape, seed + 10);
        let given = common::noise(&shape, seed + 20)
            .greater(Tensor::zeros(&shape))
            .to_mask();
        let codes = Tensor::from_fn(&shape, |k| (k * 5 % 3) as u8);
        let mut program = logical::bind(&x, &y, &given, &codes).unwrap();
        let (expected, slopes) = logical_by_hand(&x, &y, &given, &codes);
        let eager = logical(&x, &y, &given, &codes);
        let (value, gradient) = program.value_and_grad(&x, &y, &given, &codes).unwrap();
        for (found, expected) in gradient.data().iter().zip(&slopes) {
            assert!(
                (found - expected).abs() < 1e-12,
                "{found}, by hand {expected}"
            );
        }
        assert!((value - expected).abs() < 1e-12 && (eager - expected).abs() < 1e-12);
    }
}

#[test]
fn of_nothing_some_is_false_and_all_is_true() {
    let none = Tensor::from_vec(&[0, 2], Vec::<bool>::new()).unwrap();
    assert_eq!(none.any_axis(0).data(), [false, false]);
    assert_eq!(none.all_axis_keep(0).data(), [true, true]);
    assert_eq!(none.all_axis_keep(0).shape(), [1, 2]);
    assert_eq!(Tensor::<f32>::zeros(&[0]).any_axis(0).item(), 0.0);
}
