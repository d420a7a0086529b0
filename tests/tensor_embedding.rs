//! Embeddings: a table whose gradient is a row list, against the same program over a tensor (whose
//! gradient is dense) and against central differences.

mod common;

use common::{check_gradient, noise};
use cotangent::prelude::*;

#[derive(Differentiable, Clone, Debug)]
struct Model {
    #[shape(N, D)]
    words: Embedding<f64>,
    #[shape(D)]
    weights: Tensor<f64>,
    #[no_diff]
    frozen: Embedding<f64>,
}

/// Several lookups of one table, in a loop, through a helper, and of a table without gradient.
#[differentiable(wrt(model))]
fn loss(model: &Model, ids: &Tensor<u32>, others: &Tensor<u32>, turns: usize) -> f64 {
    let mut total = model.words.bag(ids, Bag::Mean) + model.frozen.bag(ids, Bag::Sum);
    for _ in 0..turns {
        total = (&total * embed(&model.words, others)).tanh();
    }
    let context = model.words.bag(others, Bag::Sum) * &model.weights;
    (total * context).sum()
}

#[differentiable]
fn embed(words: &Embedding<f64>, ids: &Tensor<u32>) -> Tensor<f64> {
    words.lookup(ids).sin().sum_axis(1)
}

/// The same over a tensor, with the bags written out; padding is a factor of 0.
#[differentiable(wrt(words))]
fn dense(
    words: &Tensor<f64>,
    weights: &Tensor<f64>,
    frozen: &Tensor<f64>,
    ids: &Tensor<u32>,
    others: &Tensor<u32>,
    turns: usize,
) -> f64 {
    let mut total = words.embedding(ids).mean_axis(1) + frozen.embedding(ids).sum_axis(1);
    for _ in 0..turns {
        total = (&total * words.embedding(others).sin().sum_axis(1)).tanh();
    }
    let context = words.embedding(others).sum_axis(1) * weights;
    (total * context).sum()
}

fn labels(shape: &[usize], below: usize, seed: usize) -> Tensor<u32> {
    Tensor::from_fn(shape, |i| ((i * i + 3 * i + seed) % below) as u32)
}

fn model(rows: usize, width: usize) -> Model {
    Model {
        words: Embedding::new(noise(&[rows, width], 1)),
        weights: noise(&[width], 2),
        frozen: Embedding::new(noise(&[rows, width], 3)),
    }
}

#[test]
fn the_row_list_is_the_dense_gradient_of_the_rows_that_were_looked_up() {
    for (rows, width, batch, bag, turns) in [(1, 1, 1, 1, 0), (7, 3, 2, 4, 1), (12, 17, 5, 3, 2)] {
        let model = model(rows, width);
        let (ids, others) = (
            labels(&[batch, bag], rows, 1),
            labels(&[batch, bag], rows, 2),
        );
        let mut program = loss::bind(&model, &ids, &others, turns).unwrap();
        let (value, gradient) = program
            .value_and_grad(&model, &ids, &others, turns)
            .unwrap();
        assert!((value - loss(&model, &ids, &others, turns)).abs() < 1e-12 * value.abs().max(1.0));
        let rows = gradient.words.rows().expect("a gradient is a row list");
        let mut seen: Vec<u32> = [ids.data(), others.data()].concat();
        seen.sort_unstable();
        seen.dedup();
        let mut listed = rows.indices().to_vec();
        listed.sort_unstable();
        assert_eq!(listed, seen, "each row once, and no other");

        let [words, frozen] = [&model.words, &model.frozen].map(|table| table.to_dense());
        let weights = &model.weights;
        let mut program = dense::bind(&words, weights, &frozen, &ids, &others, turns).unwrap();
        let (_, expected) = program
            .value_and_grad(&words, weights, &frozen, &ids, &others, turns)
            .unwrap();
        for (found, expected) in rows.to_dense().data().iter().zip(expected.data()) {
            assert!((found - expected).abs() < 1e-12 * expected.abs().max(1.0));
        }
        let frozen = gradient.frozen.table();
        assert_eq!(frozen, model.frozen.table(), "a constant field is cloned");
        let mut whole = gradient.clone();
        whole.words = Embedding::new(rows.to_dense());
        check_gradient(&model, &whole, |model| loss(model, &ids, &others, turns));
    }
}

#[differentiable(wrt(words))]
fn padded(words: &Embedding<f64>, ids: &Tensor<u32>, weights: &Tensor<f64>) -> f64 {
    let mean = words.bag(ids, Bag::Mean).tanh();
    let rows = words.lookup(ids) * weights;
    mean.sum() + rows.sin().sum()
}

#[test]
fn the_padding_row_has_no_gradient_and_is_no_part_of_a_bag() {
    let words = Embedding::new(noise(&[6, 3], 1)).with_padding(2);
    // A bag of padding alone, one with some, one without.
    let ids = Tensor::from_vec(&[3, 2], vec![2, 2, 5, 2, 0, 5]).unwrap();
    let weights = noise(&[3], 2);
    let (_, gradient) = padded::bind(&words, &ids, &weights)
        .unwrap()
        .value_and_grad(&words, &ids, &weights)
        .map(|(value, gradient)| (value, gradient.clone()))
        .unwrap();
    assert_eq!(gradient.rows().unwrap().indices().len(), 2);
    assert_eq!(gradient.rows().unwrap().get(2), None);
    let bags = words.bag(&ids, Bag::Mean);
    let row = |row: usize| &words.table().unwrap().data()[row * 3..(row + 1) * 3];
    let mean: Vec<f64> = row(0)
        .iter()
        .zip(row(5))
        .map(|(a, b)| (a + b) / 2.0)
        .collect();
    assert_eq!(bags.data(), [&[0.0; 3], row(5), &mean].concat());
    // Differences of the rows that count; the padding row is held.
    let held = row(2).to_vec();
    let whole = Embedding::new(gradient.to_dense());
    check_gradient(&words, &whole, |moved| {
        let mut table = moved.to_dense();
        table.data_mut()[6..9].copy_from_slice(&held);
        padded(&Embedding::new(table).with_padding(2), &ids, &weights)
    });
}

#[differentiable(wrt(table))]
fn dense_bags(table: &Tensor<f64>, ids: &Tensor<u32>) -> f64 {
    let bags = table.embedding_bag(ids, Bag::Mean).tanh();
    (bags * table.embedding_bag(ids, Bag::Sum)).sum()
}

#[test]
fn bags_of_a_tensor_have_a_dense_gradient() {
    for (rows, shape) in [(1, [1, 1]), (4, [3, 5]), (9, [2, 0])] {
        let (table, ids) = (noise(&[rows, 3, 2], 1), labels(&shape, rows, 1));
        let mut program = dense_bags::bind(&table, &ids).unwrap();
        let (value, gradient) = program.value_and_grad(&table, &ids).unwrap();
        assert!((value - dense_bags(&table, &ids)).abs() < 1e-12 * value.abs().max(1.0));
        let gradient = gradient.clone();
        check_gradient(&table, &gradient, |table| dense_bags(table, &ids));
    }
}

#[test]
fn calls_do_not_add_to_the_rows_of_earlier_ones() {
    let model = model(9, 4);
    let ids = [1, 2, 3].map(|seed| labels(&[3, 2], 9, seed));
    let mut program = loss::bind(&model, &ids[0], &ids[1], 1).unwrap();
    let mut call = |a: &Tensor<u32>, b: &Tensor<u32>| {
        let (_, gradient) = program.value_and_grad(&model, a, b, 1).unwrap();
        gradient.words.clone()
    };
    let first = call(&ids[0], &ids[1]);
    let second = call(&ids[2], &ids[2]);
    assert_ne!(first, second);
    assert_eq!(call(&ids[0], &ids[1]), first, "to the bit");
}

#[test]
fn what_does_not_fit_is_an_error_and_changes_nothing() {
    let model = model(5, 2);
    let ids = labels(&[2, 2], 5, 1);
    let mut program = loss::bind(&model, &ids, &ids, 1).unwrap();
    let (_, gradient) = program.value_and_grad(&model, &ids, &ids, 1).unwrap();
    let gradient = gradient.clone();
    let error = program
        .value_and_grad(&gradient, &ids, &ids, 1)
        .unwrap_err();
    assert!(error.to_string().contains("row list"), "{error}");
    let outside = Tensor::full(&[2, 2], 5_u32);
    let error = program
        .value_and_grad(&model, &ids, &outside, 1)
        .unwrap_err();
    assert!(error.to_string().contains("label 5"), "{error}");
    let (_, again) = program.value_and_grad(&model, &ids, &ids, 1).unwrap();
    assert_eq!(again.words, gradient.words);
}
