//! Lookups in a table of rows. Where the table is a tensor its cotangent is dense; where it is an
//! `Embedding`, which calls the same methods, a row list.

use super::{Labels, both};
use crate::primitive::{BAG, TAKE};

/// What a bag of rows makes of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Bag {
    /// Their sum.
    Sum,
    /// Their sum divided by how many count.
    Mean,
}

both! {
    /// The rows of an embedding table `[N, ..]` for labels `[B..]`: `[B.., ..]`.
    #[must_use]
    #[track_caller]
    pub fn embedding(&self, labels: &Labels<Self>) -> Self {
        self.index_select(0, labels)
    }

    /// The sum or the mean of the rows of a table `[N, ..]` that the last axis of the labels names:
    /// `[B.., K]` yields `[B.., ..]`, `y[b] = sum_k x[t[b, k]]`. A bag of nothing is zero.
    #[must_use]
    #[track_caller]
    pub fn embedding_bag(&self, labels: &Labels<Self>, bag: Bag) -> Self {
        self.bagged("embedding_bag", labels, bag, None)
    }

    /// Rows by labels; those of the padding have no derivative.
    #[track_caller]
    pub(crate) fn looked_up(&self, labels: &Labels<Self>, padding: Option<u32>) -> Self {
        let constant = padding.map(i64::from);
        let args: Vec<i64> = [0].into_iter().chain(constant).collect();
        self.call_labels("lookup", &TAKE, labels, &args)
    }

    /// Bags of rows by labels; the padding does not count.
    #[track_caller]
    pub(crate) fn bagged(
        &self,
        what: &'static str,
        labels: &Labels<Self>,
        bag: Bag,
        padding: Option<u32>,
    ) -> Self {
        if self.sizes().is_empty() {
            return self.refuse(what, "a number has no rows");
        }
        let args = [padding.map_or(-1, i64::from), i64::from(bag == Bag::Mean)];
        self.call_labels(what, &BAG, labels, &args)
    }
}
