//! Products, reductions, rows and shapes.

use super::Tensor;
use crate::cpu::{self, GemmPlan, Write};
use crate::error::{EMPTY_MEAN, caller, fail};
use crate::graph::region::RowOp;
use crate::methods::half::eager;
use crate::{Element, Error, shape};

impl<T: Element> Tensor<T> {
    /// The same elements under another shape; one size may be -1 and follows from the others.
    ///
    /// # Panics
    /// When the number of elements differs.
    #[must_use]
    #[track_caller]
    pub fn reshape(&self, sizes: &[i64]) -> Tensor<T> {
        match shape::reshape(&self.shape, sizes) {
            Some(shape) => Tensor {
                shape,
                data: self.data.clone(),
            },
            None => {
                let text = format!("it has another number of elements than {sizes:?}");
                fail(&Error::shape(caller("reshape"), &[&self.shape], text))
            }
        }
    }

    /// The last two axes swapped.
    ///
    /// # Panics
    /// When there are fewer than two axes.
    #[must_use]
    #[track_caller]
    pub fn t(&self) -> Tensor<T> {
        let Some(shape) = shape::transpose(&self.shape) else {
            fail(&Error::shape(
                caller("t"),
                &[&self.shape],
                "a transpose needs two axes",
            ));
        };
        let mut result = Tensor::<T>::zeros(&shape);
        let to = result.data_mut().as_mut_ptr().cast();
        // SAFETY: both have the elements of the shape, and the result is new.
        unsafe { cpu::transpose(T::DTYPE, &self.shape, self.data().as_ptr().cast(), to) };
        result
    }

    /// The rows (entries of the first axis) with these positions, in this order.
    ///
    /// # Panics
    /// When a position is out of range, or there is no axis.
    #[must_use]
    #[track_caller]
    pub fn take_rows(&self, positions: &[usize]) -> Tensor<T> {
        let [count, rest @ ..] = self.shape.as_slice() else {
            fail(&Error::shape(
                caller("take_rows"),
                &[&self.shape],
                "a scalar has no rows",
            ));
        };
        let width: usize = rest.iter().product();
        let mut elements = Vec::with_capacity(positions.len() * width);
        for &row in positions {
            if row >= *count {
                let text = format!("there is no row {row}");
                fail(&Error::shape(caller("take_rows"), &[&self.shape], text));
            }
            elements.extend_from_slice(&self.data()[row * width..(row + 1) * width]);
        }
        let mut shape = vec![positions.len()];
        shape.extend_from_slice(rest);
        Tensor::built(shape, elements)
    }
}

eager! {
    /// The matrix product over the last two axes; batches broadcast. A vector counts as a row on
    /// the left and as a column on the right, and its axis vanishes.
    ///
    /// # Panics
    /// When the inner sizes differ or the batches do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn matmul(&self, other: &Tensor<T>) -> Tensor<T> {
        let Some(shape) = shape::matmul(&self.shape, false, &other.shape, false) else {
            let shapes: [&[usize]; 2] = [&self.shape, &other.shape];
            let text =
                "the inner sizes differ, the batches do not broadcast, or the product is too large";
            fail(&Error::shape(caller("matmul"), &shapes, text));
        };
        let (mut a, mut b, mut product) = (self.shape.clone(), other.shape.clone(), shape.clone());
        // The missing axis of a vector: its row on the left, its column on the right.
        if b.len() == 1 {
            b.push(1);
            product.push(1);
        }
        if a.len() == 1 {
            a.insert(0, 1);
            product.insert(product.len() - 1, 1);
        }
        let plan = GemmPlan::new(T::DTYPE, &a, false, &b, false, &product, Write::Store);
        let mut scratch = vec![[0_u64; 8]; plan.scratch_bytes().div_ceil(64) + 1];
        let mut result = Tensor::<T>::zeros(&shape);
        let to = result.data_mut().as_mut_ptr().cast();
        // SAFETY: the operands have the planned shapes, and the result and scratch are new.
        unsafe {
            plan.run(
                self.data().as_ptr().cast(),
                other.data().as_ptr().cast(),
                to,
                scratch.as_mut_ptr().cast(),
            );
        }
        result
    }

    /// The sum of all elements.
    #[must_use]
    pub fn sum(&self) -> T {
        T::from_f64(cpu::reduce::sum(self.data()))
    }

    /// The mean of all elements.
    ///
    /// # Panics
    /// When there are none.
    #[must_use]
    #[track_caller]
    #[allow(clippy::cast_precision_loss, reason = "a count of elements")]
    pub fn mean(&self) -> T {
        if self.is_empty() {
            fail(&Error::shape(caller("mean"), &[&self.shape], EMPTY_MEAN));
        }
        self.sum() / T::from_f64(self.len() as f64)
    }

    /// `e^x / sum e^x` over the last axis.
    ///
    /// # Panics
    /// When there is no axis.
    #[must_use]
    #[track_caller]
    pub fn softmax(&self) -> Tensor<T> {
        self.rows("softmax", RowOp::Softmax, None)
    }

    /// `x - ln sum e^x` over the last axis.
    ///
    /// # Panics
    /// When there is no axis.
    #[must_use]
    #[track_caller]
    pub fn log_softmax(&self) -> Tensor<T> {
        self.rows("log_softmax", RowOp::LogSoftmax, None)
    }

    /// Minus the log-probability of each row's label, from logits: `ln sum e^x - x[label]`.
    ///
    /// # Panics
    /// When the labels have not the shape of the logits without the classes, or one is no class.
    #[must_use]
    #[track_caller]
    pub fn cross_entropy(&self, labels: &Tensor<u32>) -> Tensor<T> {
        self.rows("cross_entropy", RowOp::CrossEntropy, Some(labels))
    }

    /// The position of the largest element of each row (the last axis); the first one of a tie.
    ///
    /// # Panics
    /// When there is no axis, or it is empty.
    #[must_use]
    #[track_caller]
    pub fn argmax(&self) -> Tensor<u32> {
        let Some((&classes, rows)) = self.shape.split_last().filter(|(classes, _)| **classes > 0)
        else {
            fail(&Error::shape(
                caller("argmax"),
                &[&self.shape],
                "there is nothing to choose from",
            ));
        };
        let best = |row: &[T]| {
            let mut best = 0;
            for (k, value) in row.iter().enumerate() {
                if *value > row[best] {
                    best = k;
                }
            }
            u32::try_from(best).unwrap_or(u32::MAX)
        };
        Tensor::built(
            rows.to_vec(),
            self.data().chunks_exact(classes).map(best).collect(),
        )
    }

    #[track_caller]
    fn rows(&self, what: &'static str, op: RowOp, labels: Option<&Tensor<u32>>) -> Tensor<T> {
        let Some((&classes, batch)) = self.shape.split_last() else {
            fail(&Error::shape(
                caller(what),
                &[&self.shape],
                "a scalar has no rows",
            ));
        };
        let rows: usize = batch.iter().product();
        if let Some(labels) = labels {
            if labels.shape() != batch {
                let shapes: [&[usize]; 2] = [&self.shape, labels.shape()];
                let text = "the labels must have the shape of the logits without the classes";
                fail(&Error::shape(caller(what), &shapes, text));
            }
            if let Some(row) = labels
                .data()
                .iter()
                .position(|&label| label as usize >= classes)
            {
                let label = labels.data()[row];
                fail(&Error::Label {
                    place: caller(what),
                    row,
                    label,
                    classes,
                });
            }
        }
        let result_shape = if labels.is_some() { batch } else { &self.shape };
        let mut result = Tensor::<T>::zeros(result_shape);
        let to = result.data_mut().as_mut_ptr().cast();
        let labels = labels.map_or(std::ptr::null(), |labels| labels.data().as_ptr());
        // SAFETY: shapes and labels were checked, and the result is new.
        unsafe {
            cpu::row_op(
                T::DTYPE,
                op,
                rows,
                classes,
                self.data().as_ptr().cast(),
                labels,
                to,
            )
        };
        result
    }
}
