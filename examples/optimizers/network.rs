//! One network on one table, trained by whatever optimizer it is given.

use std::path::Path;
use std::time::Instant;

use cotangent::optimizers::train::{Part, Split};
use cotangent::optimizers::{OptimizerBuilder, TensorRule, accuracy};
use cotangent::prelude::*;

use crate::AnyError;

/// Two layers of weights.
#[derive(Differentiable, Clone)]
struct Network {
    w1: Tensor<f32>,
    b1: Tensor<f32>,
    w2: Tensor<f32>,
    b2: Tensor<f32>,
}

#[differentiable]
fn scores(network: &Network, x: &Tensor<f32>) -> Tensor<f32> {
    let hidden = (x.matmul(&network.w1) + &network.b1).tanh();
    hidden.matmul(&network.w2) + &network.b2
}

#[differentiable(wrt(network))]
fn loss(network: &Network, x: &Tensor<f32>, labels: &Tensor<u32>) -> f32 {
    scores(network, x).cross_entropy(labels).mean()
}

/// The digits table: pixels, standardised by the training rows, and digits.
pub(crate) struct Digits {
    x: Tensor<f32>,
    labels: Tensor<u32>,
    split: Split,
}

/// How training goes, without the optimizer.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) batch: usize,
    pub(crate) epochs: usize,
}

/// What training was like.
pub(crate) struct Run {
    /// The loss over all training rows, at the start and after every epoch.
    pub(crate) losses: Vec<f64>,
    /// The seconds of training until then, without the measuring.
    pub(crate) seconds: Vec<f64>,
    pub(crate) test_accuracy: f64,
}

impl Digits {
    pub(crate) fn load(path: &Path) -> Result<Digits, AnyError> {
        let table = Table::load(path)?;
        let pixels = table.without(&["target"])?;
        let split = Split::by(table.rows(), |row| match row % 5 {
            4 => Part::Test,
            _ => Part::Train,
        });
        let standardizer = Standardizer::fit(split.train.iter().map(|&row| pixels.row(row)));
        let x = standardizer.matrix((0..table.rows()).map(|row| pixels.row(row)));
        let shape = [table.rows(), pixels.columns().len()];
        Ok(Digits {
            x: Tensor::from_vec(&shape, x.iter().map(|&x| x as f32).collect())?,
            labels: Tensor::from_vec(&[table.rows()], table.labels("target", 10)?)?,
            split,
        })
    }

    pub(crate) fn train_rows(&self) -> usize {
        self.split.train.len()
    }

    /// Trains a fresh network; the start and the order of rows are the same for every optimizer.
    pub(crate) fn train<R: TensorRule>(
        &self,
        builder: OptimizerBuilder<R>,
        plan: Plan,
    ) -> Result<Run, AnyError> {
        let mut network = Network {
            w1: Tensor::zeros(&[self.x.shape()[1], 32]),
            b1: Tensor::zeros(&[32]),
            w2: Tensor::zeros(&[32, 10]),
            b2: Tensor::zeros(&[10]),
        };
        init(&mut network, Init::Xavier, 1);
        let mut optimizer = builder.build(&network)?;
        let all = self.x.take_rows(&self.split.train);
        let all_labels = self.labels.take_rows(&self.split.train);
        let mut program = loss::bind(&network, &all, &all_labels)?;
        let mut batches = Batches::new(self.split.train.clone(), plan.batch, 1);
        let mut run = Run {
            losses: vec![program.value(&network, &all, &all_labels)?.into()],
            seconds: vec![0.0],
            test_accuracy: 0.0,
        };
        let mut seconds = 0.0;
        for _ in 0..plan.epochs {
            let clock = Instant::now();
            for rows in batches.epoch() {
                let (x, labels) = (self.x.take_rows(rows), self.labels.take_rows(rows));
                let (_, gradient) = program.value_and_grad(&network, &x, &labels)?;
                optimizer.step(&mut network, gradient)?;
            }
            seconds += clock.elapsed().as_secs_f64();
            let loss = program.value(&network, &all, &all_labels)?;
            run.losses.push(loss.into());
            run.seconds.push(seconds);
        }
        let x = self.x.take_rows(&self.split.test);
        let labels = self.labels.take_rows(&self.split.test);
        run.test_accuracy = accuracy(scores(&network, &x).data(), labels.data());
        Ok(run)
    }
}
