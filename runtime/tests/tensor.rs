//! Eager tensors against values and loops that are written out here.

use cotangent_runtime::{Error, Tensor};

fn tensor(shape: &[usize], data: &[f64]) -> Tensor<f64> {
    Tensor::from_vec(shape, data.to_vec()).unwrap()
}

/// The tensor whose element at each index is `f(index)`.
fn from_fn<const R: usize>(shape: &[usize; R], f: impl Fn([usize; R]) -> f64) -> Tensor<f64> {
    Tensor::from_fn(shape, |mut flat| {
        let mut index = [0; R];
        for axis in (0..R).rev() {
            index[axis] = flat % shape[axis];
            flat /= shape[axis];
        }
        f(index)
    })
}

/// The text that an eager operator panics with.
fn text<R>(f: impl FnOnce() -> R + std::panic::UnwindSafe) -> String {
    match std::panic::catch_unwind(f) {
        Ok(_) => "no panic".to_owned(),
        Err(payload) => payload
            .downcast_ref::<String>()
            .cloned()
            .unwrap_or_default(),
    }
}

#[test]
fn operators_broadcast_in_every_combination_of_operands() {
    let x = tensor(&[2, 1], &[1.0, 2.0]);
    let y = tensor(&[3], &[10.0, 20.0, 30.0]);
    let sum = tensor(&[2, 3], &[11.0, 21.0, 31.0, 12.0, 22.0, 32.0]);
    assert_eq!(&x + &y, sum);
    assert_eq!(x.clone() + &y, sum);
    assert_eq!(&x + y.clone(), sum);
    assert_eq!(x.clone() + y.clone(), sum);
    assert_eq!(&y - &y, tensor(&[3], &[0.0; 3]));
    assert_eq!((2.0 - &x).data(), [1.0, 0.0]);
    assert_eq!((&x / 2.0).data(), [0.5, 1.0]);
    assert_eq!((2.0 / x.clone()).data(), [2.0, 1.0]);
    assert_eq!((-&x).data(), [-1.0, -2.0]);
    assert_eq!((&tensor(&[0, 3], &[]) * &y).shape(), [0, 3]);
}

#[test]
fn batched_products_equal_the_triple_sum() {
    for (batch_a, batch_b) in [(2, 2), (1, 2), (2, 1)] {
        for (m, k, n) in [(1, 1, 1), (2, 3, 4), (3, 0, 2), (0, 2, 1)] {
            let a = from_fn(&[batch_a, m, k], |i| (7 * i[0] + 3 * i[1] + i[2]) as f64);
            let b = from_fn(&[batch_b, k, n], |i| {
                (5 * i[0] + 2 * i[1]) as f64 - i[2] as f64
            });
            let c = from_fn(&[2, m, n], |i| {
                (0..k)
                    .map(|j| {
                        let (p, q) = (i[0] % batch_a, i[0] % batch_b);
                        a.data()[(p * m + i[1]) * k + j] * b.data()[(q * k + j) * n + i[2]]
                    })
                    .sum()
            });
            assert_eq!(a.matmul(&b), c);
            assert_eq!(b.t().matmul(&a.t()), c.t());
        }
    }
    let v = tensor(&[2], &[1.0, 10.0]);
    assert_eq!(v.matmul(&v), Tensor::scalar(101.0));
    assert_eq!(
        v.matmul(&tensor(&[2, 2], &[1.0, 2.0, 3.0, 4.0])).data(),
        [31.0, 42.0]
    );
}

#[test]
fn reductions_name_axes_from_both_ends() {
    let x = tensor(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!((x.sum(), x.mean()), (21.0, 3.5));
    assert_eq!(x.sum_axis(0), tensor(&[3], &[5.0, 7.0, 9.0]));
    assert_eq!(x.sum_axis_keep(-1), tensor(&[2, 1], &[6.0, 15.0]));
    assert_eq!(x.mean_axis(1), tensor(&[2], &[2.0, 5.0]));
    assert_eq!(x.mean_axis_keep(0), tensor(&[1, 3], &[2.5, 3.5, 4.5]));
    assert_eq!(x.argmax().data(), [2, 2]);
    assert_eq!(tensor(&[0, 2], &[]).sum_axis(0).data(), [0.0, 0.0]);
    assert_eq!(x.take_rows(&[1, 0]).data(), [4.0, 5.0, 6.0, 1.0, 2.0, 3.0]);
}

#[test]
fn rows_follow_their_formulas_without_overflow() {
    let x = tensor(&[2, 2], &[0.0, 3f64.ln(), 1000.0, 1000.0]);
    for (got, want) in x.softmax().data().iter().zip([0.25, 0.75, 0.5, 0.5]) {
        assert!((got - want).abs() < 1e-15, "{got} {want}");
    }
    let labels = Tensor::from_vec(&[2], vec![0, 1]).unwrap();
    let loss = x.cross_entropy(&labels);
    for (got, want) in loss.data().iter().zip([4f64.ln(), 2f64.ln()]) {
        assert!((got - want).abs() < 1e-13, "{got} {want}");
    }
}

#[test]
fn errors_name_the_operator_the_shapes_and_the_place_of_the_caller() {
    let (x, y) = (Tensor::<f32>::zeros(&[2, 3]), Tensor::<f32>::zeros(&[4]));
    let message = text(|| &x + &y);
    assert!(message.starts_with("`+` of [2, 3] and [4]: "), "{message}");
    assert!(message.contains("tests/tensor.rs:"), "{message}");
    assert!(text(|| x.matmul(&y)).starts_with("`matmul` of [2, 3] and [4]: "));
    assert!(text(|| x.sum_axis(2)).contains("tests/tensor.rs:"));
    let labels = Tensor::from_vec(&[2], vec![0, 3]).unwrap();
    assert!(text(|| x.cross_entropy(&labels)).contains("the label 3 of row 1"));
    let error = Tensor::from_vec(&[2], vec![1.0]).unwrap_err();
    assert!(matches!(error, Error::Structure { .. }));
}

#[test]
fn clones_share_until_written_and_ndarray_round_trips() {
    let x = tensor(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let mut y = x.clone();
    y.data_mut()[3] = 9.0;
    assert_eq!((x.data()[3], y.data()[3]), (4.0, 9.0));
    let array = x.as_ndarray();
    assert_eq!(array[[1, 0]], 3.0);
    assert_eq!(Tensor::from_ndarray(&array.t()), x.t());
}

#[test]
fn a_shape_that_no_memory_holds_is_refused_before_a_kernel_trusts_it() {
    // The number of elements wraps around to 0 in a release build.
    let side = 1_usize << (usize::BITS / 2);
    assert!(text(|| Tensor::<f32>::zeros(&[side, side])).contains("more elements"));
    assert!(text(|| Tensor::full(&[side, side], 1.0_f64)).contains("more elements"));
    assert!(text(|| Tensor::from_fn(&[side, side], |_| 0_u32)).contains("more elements"));
    assert!(Tensor::<f64>::from_vec(&[side, side, 0], Vec::new()).is_err());
    let (tall, wide) = (
        Tensor::<f64>::zeros(&[side, 0]),
        Tensor::<f64>::zeros(&[0, side]),
    );
    assert!(text(|| tall.matmul(&wide)).contains("too large"));
    assert_eq!(wide.matmul(&tall).shape(), [0, 0]);
    let empty = [&[side / 8, 1, 0], &[1, side / 8, 0]].map(|shape| Tensor::<f64>::zeros(shape));
    assert!(text(|| &empty[0] + &empty[1]).contains("`+`"));
}

#[test]
fn arrays_become_tensors_and_back_without_a_copy() {
    let array = ndarray::Array3::from_shape_fn((2, 3, 4), |(i, j, k)| (i * 12 + j * 4 + k) as f32);
    let place = array.as_ptr();
    let tensor = Tensor::from(array);
    assert_eq!(tensor.data().as_ptr(), place);
    assert_eq!(tensor, Tensor::from_fn(&[2, 3, 4], |i| i as f32));
    assert_eq!(tensor.as_ndarray().as_ptr(), place);
    let back = tensor.into_ndarray();
    assert_eq!((back.as_ptr(), back.shape()), (place, [2, 3, 4].as_slice()));
    // Other layouts are copied: turned axes, and a part of a larger array.
    let turned = back.clone().reversed_axes();
    assert_eq!(
        Tensor::from(turned),
        Tensor::from_fn(&[4, 3, 2], |i| (i % 2 * 12 + i / 2 % 3 * 4 + i / 6) as f32)
    );
    let part = back.slice_move(ndarray::s![1.., 1..2, ..]);
    assert_eq!(Tensor::from(part).data(), [16.0, 17.0, 18.0, 19.0]);
    let mut shared = Tensor::from_fn(&[2], |i| i as f64);
    let other = shared.clone();
    shared.as_ndarray_mut()[[1]] = 5.0;
    assert_eq!(
        (shared.data(), other.data()),
        ([0.0, 5.0].as_slice(), [0.0, 1.0].as_slice())
    );
}

#[test]
fn tensors_are_shown_like_ndarrays() {
    let x = Tensor::from_fn(&[2, 2], |i| i as f64 / 3.0);
    assert_eq!(format!("{x:.2}"), "[[0.00, 0.33],\n [0.67, 1.00]]");
    let labels = Tensor::from_vec(&[2], vec![3_u32, 1]).unwrap();
    assert_eq!(labels.to_string(), "[3, 1]");
    assert_eq!(format!("{labels:?}"), "[3, 1], shape=[2], u32");
    assert!(
        Tensor::full(&[1000], 1.0).to_string().contains("..."),
        "a long one is shortened"
    );
}

#[test]
fn tensors_are_serialised_with_their_shape() {
    let x = Tensor::from_fn(&[2, 1, 3], |i| i as f64 / 7.0);
    let text = serde_json::to_string(&x).unwrap();
    assert!(
        text.starts_with(r#"{"shape":[2,1,3],"data":[0.0,0.14"#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<Tensor<f64>>(&text).unwrap(), x);
    let swapped = r#"{"data":[1, 2], "shape":[2]}"#;
    assert_eq!(
        serde_json::from_str::<Tensor<u32>>(swapped).unwrap().data(),
        [1, 2]
    );
    assert_eq!(
        serde_json::from_str::<Tensor<f32>>("[[], [2.5]]").unwrap(),
        Tensor::scalar(2.5)
    );
    for (wrong, word) in [
        (r#"{"shape":[3],"data":[1]}"#, "do not fill"),
        (r#"{"shape":[1]}"#, "missing field `data`"),
        (r#"{"shape":[1],"data":[1],"x":1}"#, "unknown field `x`"),
        (
            r#"{"shape":[18446744073709551615,2],"data":[]}"#,
            "do not fill",
        ),
        (r#"{"shape":[1],"shape":[1],"data":[1]}"#, "duplicate field"),
    ] {
        let error = serde_json::from_str::<Tensor<f64>>(wrong)
            .unwrap_err()
            .to_string();
        assert!(error.contains(word), "{wrong}: {error}");
    }
}
