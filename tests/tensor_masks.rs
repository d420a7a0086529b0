//! Masks and integers as inputs of differentiable functions: no derivative passes through them, and
//! graphs agree with formulas over plain numbers.

#![allow(clippy::float_cmp, reason = "small integers are exact")]

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
