//! Eager tensors of two bytes: every method is that of `f32`, rounded once.

use cotangent_runtime::{Half, Tensor, bf16, concat, f16, stack};

/// Values that the half type holds.
fn values<H: Half>(shape: &[usize]) -> Tensor<H> {
    Tensor::<f32>::from_fn(shape, |i| ((i * 37 % 101) as f32 - 50.0) / 40.0).cast()
}

/// `name(operands) == round(f32's name(widened operands))` for methods of every kind.
macro_rules! methods {
    ($half:ident: $(|$x:ident, $y:ident| $value:expr;)*) => {$({
        fn of_half($x: &Tensor<$half>, $y: &Tensor<$half>) -> Tensor<$half> { $value }
        fn of_single($x: &Tensor<f32>, $y: &Tensor<f32>) -> Tensor<f32> { $value }
        for size in [1, 3, 17] {
            let (x, y) = (values::<$half>(&[size, size]), values::<$half>(&[size, 1]));
            let expected = of_single(&x.cast(), &y.cast());
            assert_eq!(of_half(&x, &y), expected.cast(), "{} of {size}", stringify!($value));
        }
    })*};
}

macro_rules! tests {
    ($($test:ident $half:ident;)*) => {$(
        #[test]
        fn $test() {
            methods! { $half:
                |x, _y| x.exp();
                |x, y| x.maximum(y);
                |x, y| x + y;
                |x, y| y.clone() - x;
                |x, y| x * y.clone();
                |x, y| y.clone() / x.clone();
                |x, _y| 2.0 * x;
                |x, _y| x / 3.0;
                |x, _y| -x;
                |x, _y| x.gelu();
                |x, _y| x.clamp(-0.25, 0.5);
                |x, y| x.huber(y, 0.3);
                |x, y| x.mul_add(y, x);
                |x, y| x.greater(y).choose(x, y);
                |x, y| x.matmul(y);
                |x, _y| x.softmax();
                |x, _y| x.var_axis(0, 0);
                |x, _y| x.layer_norm(x, x, 1e-5);
                |x, _y| x.t();
                |x, _y| x.permute(&[1, 0]);
                |x, y| x.concat(&[x, y], 1);
                |x, _y| x.split(0, &[0, x.shape()[0]]).pop().unwrap();
                |x, _y| x.qr().0;
                |x, _y| x.map(|x| x * x + 0.1);
                |x, y| x.zip_map(y, |x, y| x * y + 0.1);
                |x, _y| x.reshape(&[-1]);
            }
            let x = values::<$half>(&[5, 3]);
            let wide = x.cast::<f32>();
            assert_eq!(x.sum(), wide.sum());
            assert_eq!(x.mean(), wide.mean());
            assert_eq!(x.argmax(), wide.argmax());
            let labels = Tensor::from_vec(&[5], vec![0, 1, 2, 1, 0]).unwrap();
            assert_eq!(x.cross_entropy(&labels), wide.cross_entropy(&labels).cast());
            let list = [x.clone(), x.clone()];
            let wide_list = [wide.clone(), wide.clone()];
            assert_eq!(concat(&list, 1), concat(&wide_list, 1).cast());
            assert_eq!(stack(&list, 0), stack(&wide_list, 0).cast());
            let mut y = x.clone();
            y += &x;
            y *= 0.5;
            assert_eq!(y, x);
        }
    )*};
}

tests! { methods_of_f16 f16; methods_of_bf16 bf16; }

#[test]
fn casts_round_to_even_and_keep_what_is_not_finite() {
    let x = Tensor::from_vec(&[5], vec![2049.0_f32, 2051.0, 65520.0, f32::NAN, -1e-8]).unwrap();
    let half = x.cast::<f16>();
    assert_eq!(half.data()[..2], [2048.0, 2052.0].map(f16::from_f32));
    assert_eq!(half.data()[2], f16::INFINITY);
    assert!(half.data()[3].is_nan());
    assert_eq!(half.data()[4].to_bits(), 0x8000);
    let brain = half.cast::<bf16>();
    assert_eq!(brain.data()[..2], [2048.0, 2048.0].map(bf16::from_f32));
    let text = format!("{:?}", brain.slice(0, ..2));
    assert!(text.contains("2048") && text.contains("bf16"), "{text}");
}
