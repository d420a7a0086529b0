//! Thirty programs whose shapes do not fit: each error names the operator and its place, the shapes,
//! where each comes from, and what would fit; eagerly the same operator panics for the same shapes.

#[path = "common/mod.rs"]
mod common;

use common::noise;
use cotangent::prelude::*;

/// Two tensors that meet in an operator.
#[derive(Differentiable, Clone)]
struct Pair {
    a: Tensor<f64>,
    b: Tensor<f64>,
}

/// Declares a function over the pair, and the row of the table that it stands in.
macro_rules! programs {
    ($($name:ident $a:expr, $b:expr; |$p:ident| $body:expr; $($part:literal)+;)*) => {
        $(
            #[differentiable]
            fn $name($p: &Pair) -> f64 {
                $body.sum()
            }
        )*

        #[test]
        fn every_error_says_what_where_and_whence() {
            let (mut programs, mut faults) = (0, Vec::new());
            $(
                let pair = Pair { a: noise(&$a, 1), b: noise(&$b, 2) };
                let bound = $name::bind(&pair).err().map(|error| error.to_string());
                let text = bound.unwrap_or_else(|| panic!("{} binds", stringify!($name)));
                for part in [$($part,)+ "tests/tensor_wrong_shapes.rs:"] {
                    if !text.contains(part) {
                        faults.push(format!("{}: {part} in {text}", stringify!($name)));
                    }
                }
                // Eagerly the same operator refuses the same shapes.
                let eager = std::panic::catch_unwind(|| $name(&pair)).unwrap_err();
                let eager = eager.downcast_ref::<String>().cloned().unwrap_or_default();
                // What is one operator for its user may be another one inside of it.
                let of = |text: &str| text.split_once("` of ").map(|(_, rest)| rest.to_owned());
                let shapes = of(&text).and_then(|rest| Some(rest.split_once(':')?.0.to_owned()));
                let same = |part: Option<String>| part.is_some_and(|part| eager.contains(&part));
                if !same(shapes) || !eager.contains("(at tests/tensor_wrong_shapes.rs:") {
                    faults.push(format!("{}: {text}; eagerly {eager}", stringify!($name)));
                }
                programs += 1;
            )*
            assert!(faults.is_empty(), "{}", faults.join("\n"));
            assert_eq!(programs, 27);
        }
    };
}

programs! {
    addition [2, 3], [4, 3]; |p| &p.a + &p.b;
        "`+` of [2, 3] and [4, 3]" "[2, 3] is `p.a`; [4, 3] is `p.b`" "broadcast";
    product [2, 3], [4, 3]; |p| p.a.matmul(&p.b);
        "`matmul` of [2, 3] and [4, 3]" "the inner sizes differ" "[4, 3] is `p.b`";
    batches [2, 2, 3], [3, 3, 2]; |p| p.a.matmul(&p.b);
        "`matmul` of [2, 2, 3] and [3, 3, 2]" "the batches do not broadcast" "[2, 2, 3] is `p.a`";
    computed [2, 3], [2, 4]; |p| p.a.t().tanh().matmul(&p.b.exp()).matmul(&p.a.relu());
        "`matmul` of [3, 4] and [2, 3]" "the result of `matmul` at" "the result of `relu` at";
    transposed [3], [1]; |p| p.a.t();
        "`t` of [3]" "a transpose needs two axes" "[3] is `p.a`";
    reshaped [2, 3], [1]; |p| p.a.reshape(&[4, -1]);
        "`reshape` of [2, 3]" "another number of elements than [4, -1]" "[2, 3] is `p.a`";
    convolution [1, 3, 8], [4, 2, 3]; |p| p.a.conv1d(&p.b, 1, 0);
        "`conv` of [1, 3, 8] and [4, 2, 3]" "[1, 3, 8] is `p.a`; [4, 2, 3] is `p.b`";
    too_large_a_kernel [1, 2, 3, 3], [4, 2, 5, 5]; |p| p.a.conv2d(&p.b, 1, 0);
        "`conv` of [1, 2, 3, 3] and [4, 2, 5, 5]" "does not fit" "[4, 2, 5, 5] is `p.b`";
    transposed_convolution [1, 3, 4], [2, 3, 3]; |p| p.a.conv_transpose(&p.b, &[2], &[0], &[0]);
        "`conv_transpose` of [1, 3, 4]" "the kernel is [2, 3, 3]" "[1, 3, 4] is `p.a`";
    attention [2, 5, 4], [2, 6, 3]; |p| p.a.attention(&p.b, &p.b);
        "of [2, 5, 4]" "`p.a`" "[2, 3, 6]";
    attention_of_vectors [4], [4]; |p| p.a.attention_causal(&p.b, &p.b);
        "`attention_causal` of [4]" "it needs [.., queries, d]" "[4] is `p.a`";
    joined [2, 3], [2, 4]; |p| p.a.concat(&[&p.b], 0);
        "`concat` of [2, 3] and [2, 4]" "[2, 3] is `p.a`; [2, 4] is `p.b`";
    no_axis [2, 3], [1]; |p| p.a.slice(2, ..1);
        "`slice` of [2, 3]" "there is no axis 2" "[2, 3] is `p.a`";
    outside [2, 3], [1]; |p| p.a.slice(1, 1..5);
        "`slice` of [2, 3]" "the range 1..5 is not inside an axis of size 3" "[2, 3] is `p.a`";
    no_entry [2, 3], [1]; |p| p.a.index_axis(0, 2);
        "`index_axis` of [2, 3]" "there is no entry 2 of axis 0";
    squeezed [2, 3], [1]; |p| p.a.squeeze(1);
        "`squeeze` of [2, 3]" "the size of an axis to remove is not 1";
    stretched [2, 3], [1]; |p| p.a.broadcast_to(&[2, 4]);
        "`broadcast_to` of [2, 3]" "[2, 3] is `p.a`" "[2, 4]";
    equation [2, 3], [4, 2]; |p| p.a.einsum("ij,jk->ik", &[&p.b]);
        "`einsum` of [2, 3]" "the index j has sizes 3 and 4" "[2, 3] is `p.a`";
    losses [4, 3], [4, 2]; |p| p.a.soft_cross_entropy(&p.b);
        "`*` of [4, 2] and [4, 3]" "broadcast" "`p.b`";
    huber [4, 3], [4, 2]; |p| p.a.huber(&p.b, 1.0);
        "of [4, 3] and [4, 2]" "broadcast" "[4, 3] is `p.a`; [4, 2] is `p.b`";
    layer_norm [4, 3], [2]; |p| p.a.layer_norm(&p.b, &p.b, 1e-5);
        "of [4, 3]" "[2] is `p.b`" "broadcast";
    group_norm [4, 3, 2], [3]; |p| p.a.group_norm(2, &p.b, &p.b, 1e-5);
        "`group_norm` of [4, 3, 2]" "axis 1, do not split into 2 groups" "[4, 3, 2] is `p.a`";
    batch_norm [4], [1]; |p| p.a.batch_norm(&p.b, &p.b, 1e-5);
        "`batch_norm` of [4]" "it needs [N, C, ..]" "[4] is `p.a`";
    system [3, 3], [2, 1]; |p| p.a.solve(&p.b);
        "`solve` of [3, 3] and [2, 1]" "the right side" "[3, 3] is `p.a`; [2, 1] is `p.b`";
    factor [3, 2], [1]; |p| p.a.cholesky();
        "`cholesky` of [3, 2]" "it needs square matrices" "[3, 2] is `p.a`";
    recurrent [2, 3], [1]; |p| p.a.gru(&p.b, &p.b, &p.b, &p.b, &p.b);
        "`gru` of [2, 3]" "it needs [T, N, features]" "[2, 3] is `p.a`";
    reduced [2, 3], [1]; |p| p.a.max_axis(2);
        "`max_axis` of [2, 3]" "there is no axis 2" "[2, 3] is `p.a`";
}

#[differentiable(wrt(x))]
fn labelled(x: &Tensor<f64>, rows: &Tensor<u32>) -> f64 {
    x.cross_entropy(rows).mean()
}

#[differentiable(wrt(x))]
fn gathered(x: &Tensor<f64>, rows: &Tensor<u32>) -> f64 {
    x.gather(1, rows).sum()
}

#[differentiable(wrt(x))]
fn embedded(x: &Tensor<f64>, rows: &Tensor<u32>) -> f64 {
    x.embedding(rows).sum() + x.scatter_add(0, rows, x).sum()
}

#[test]
fn labels_that_do_not_fit() {
    let labels = |shape: &[usize]| Tensor::from_fn(shape, |i| i as u32 % 2);
    let text = |error: Option<Error>| error.map(|error| error.to_string()).unwrap_or_default();
    let x = noise(&[3, 2], 1);
    for (text, parts) in [
        (
            text(labelled::bind(&x, &labels(&[2])).err()),
            [
                "`cross_entropy` of [3, 2] and [2]",
                "[3, 2] is `x`; [2] is `rows`",
                "without the classes",
            ],
        ),
        (
            text(gathered::bind(&x, &labels(&[2, 1])).err()),
            [
                "`gather` of [3, 2] and [2, 1]",
                "[2, 1] is `rows`",
                "except along axis 1",
            ],
        ),
        (
            text(embedded::bind(&x, &labels(&[2])).err()),
            ["`scatter_add` of [3, 2]", "[3, 2] is `x`", "one shape"],
        ),
    ] {
        for part in parts.iter().chain(&["tests/tensor_wrong_shapes.rs:"]) {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
