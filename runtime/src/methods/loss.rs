//! Losses over rows and pairs, one value per row unless said otherwise: take `.mean()`, `.sum()`, or
//! multiply by weights first. Elementwise losses (`huber`, `bce_with_logits`, ..) are composites of
//! the macro's table, like every elementwise function. Logits are the last axis.

use super::{Labels, both};

both! {
    /// `sum_k |x_k - y_k|^2` and the like: the element of each row that the one-hot rows pick.
    #[track_caller]
    fn picked(&self, one_hot: &Self) -> Self {
        // A product with 0 would make NaN of a minus infinity that is not picked.
        one_hot.choose(self, &self.filled(&[], 0.0)).sum_axis(-1)
    }

    /// One-hot rows of labels, over the classes of this tensor.
    #[track_caller]
    fn classes_of(&self, labels: &Labels<Self>) -> Self {
        let classes = self.sizes().last().copied().unwrap_or(0);
        labels.one_hot(classes)
    }

    /// `-sum targets log_softmax(x)` per row, for rows of probabilities.
    #[must_use]
    #[track_caller]
    pub fn soft_cross_entropy(&self, targets: &Self) -> Self {
        -(targets * &self.log_softmax()).sum_axis(-1)
    }

    /// `-x[t]` per row of log-probabilities.
    #[must_use]
    #[track_caller]
    pub fn nll(&self, labels: &Labels<Self>) -> Self {
        -self.picked(&self.classes_of(labels))
    }

    /// `-(1 - p_t)^gamma ln p_t` per row, p = softmax(x).
    #[must_use]
    #[track_caller]
    pub fn focal(&self, labels: &Labels<Self>, gamma: f64) -> Self {
        let log = self.log_softmax().picked(&self.classes_of(labels));
        // 1 - e^log without cancellation.
        let rest = -log.exp_m1();
        -(rest.power(gamma) * &log)
    }

    /// `sum_{j != t} max(0, 1 + x_j - x_t)` per row.
    #[must_use]
    #[track_caller]
    pub fn multiclass_hinge(&self, labels: &Labels<Self>) -> Self {
        let one_hot = self.classes_of(labels);
        let own = self.picked(&one_hot).unsqueeze(-1);
        let margins = (self - &own).plus(1.0).relu();
        one_hot.choose(&self.filled(&[], 0.0), &margins).sum_axis(-1)
    }

    /// `KL(p | q) = sum p (ln p - ln q)` per row, p = softmax(x) and q = softmax(other).
    #[must_use]
    #[track_caller]
    pub fn kl_divergence(&self, other: &Self) -> Self {
        let (p, q) = (self.log_softmax(), other.log_softmax());
        (p.exp() * &(&p - &q)).sum_axis(-1)
    }

    /// `(KL(p | m) + KL(q | m)) / 2` per row, m = (p + q) / 2.
    #[must_use]
    #[track_caller]
    pub fn js_divergence(&self, other: &Self) -> Self {
        let (p, q) = (self.log_softmax(), other.log_softmax());
        let (u, v) = (p.exp(), q.exp());
        let middle = (&u + &v).times(0.5).ln();
        (u * &(&p - &middle) + v * &(&q - &middle)).sum_axis(-1).times(0.5)
    }

    /// `sum (softmax(x) - one_hot(t))^2` per row.
    #[must_use]
    #[track_caller]
    pub fn brier(&self, labels: &Labels<Self>) -> Self {
        let gap = self.softmax() - &self.classes_of(labels);
        (&gap * &gap).sum_axis(-1)
    }

    /// `1 - (2 sum p y + 1) / (sum p + sum y + 1)`, p = sigmoid(x); one value.
    #[must_use]
    #[track_caller]
    pub fn dice(&self, targets: &Self) -> Self {
        let p = self.sigmoid();
        let overlap = (&p * targets).sum_axis(..).times(2.0).plus(1.0);
        let both = (p.sum_axis(..) + &targets.sum_axis(..)).plus(1.0);
        -(overlap / &both).plus(-1.0)
    }

    /// `1 - TP / (TP + a FP + b FN)` with soft counts of p = sigmoid(x); one value.
    #[must_use]
    #[track_caller]
    pub fn tversky(&self, targets: &Self, a: f64, b: f64) -> Self {
        let p = self.sigmoid();
        let hits = (&p * targets).sum_axis(..);
        let (false_hits, misses) = (p.sum_axis(..) - &hits, targets.sum_axis(..) - &hits);
        let all = &hits + &false_hits.times(a) + &misses.times(b);
        -(hits / &all).plus(-1.0)
    }

    /// `1 - sum p y / (sum p + sum y - sum p y)`, p = sigmoid(x); one value.
    #[must_use]
    #[track_caller]
    pub fn soft_iou(&self, targets: &Self) -> Self {
        self.tversky(targets, 1.0, 1.0)
    }

    /// `max(0, |x - positive| - |x - negative| + margin)` per row, with Euclidean norms.
    #[must_use]
    #[track_caller]
    pub fn triplet(&self, positive: &Self, negative: &Self, margin: f64) -> Self {
        let (near, far) = ((self - positive).norm_axis(-1), (self - negative).norm_axis(-1));
        (near - &far).plus(margin).relu()
    }

    /// The cosine of the angle between rows, `x . y / (|x| |y|)`.
    #[must_use]
    #[track_caller]
    pub fn cosine_similarity(&self, other: &Self) -> Self {
        let sizes = self.norm_axis(-1) * &other.norm_axis(-1);
        (self * other).sum_axis(-1) / &sizes
    }

    /// `1 - cos` for pairs that belong together (target 1), else `max(0, cos - margin)`.
    #[must_use]
    #[track_caller]
    pub fn cosine_embedding(&self, other: &Self, targets: &Self, margin: f64) -> Self {
        let cosine = self.cosine_similarity(other);
        let together = targets.greater(&self.filled(&[], 0.0));
        together.choose(&(-&cosine).plus(1.0), &cosine.plus(-margin).relu())
    }

    /// The negative partial log-likelihood of a proportional-hazards model, with Breslow's ties:
    /// `-sum_i event_i (x_i - ln sum_{t_j >= t_i} e^x_j)`; one value.
    #[must_use]
    #[track_caller]
    pub fn cox(&self, times: &Self, events: &Self) -> Self {
        let later = times.unsqueeze(1).greater(times);
        let gone = self.filled(&[], f64::NEG_INFINITY);
        let at_risk = later.choose(&gone, &self.unsqueeze(0)).logsumexp_axis(1);
        -(events * &(self - &at_risk)).sum_axis(..)
    }

    /// Connectionist temporal classification over steps of logits `[T, K]`: minus the
    /// log-probability of all paths that collapse to the labels when repeats are merged and blanks
    /// dropped; one value.
    #[must_use]
    #[track_caller]
    pub fn ctc(&self, labels: &[usize], blank: usize) -> Self {
        let shape = self.sizes();
        let &[steps, classes] = &shape[..] else {
            return self.refuse("ctc", "it needs [T, K]");
        };
        if steps == 0 || blank >= classes || labels.iter().any(|&label| label >= classes) {
            let text = format!("it needs a step, and labels {labels:?} and blank {blank} below {classes}");
            return self.refuse("ctc", text);
        }
        // Labels with blanks around them; state s comes from s, s - 1, and s - 2 where that skips
        // a blank between two different labels.
        let mut path = vec![blank];
        path.extend(labels.iter().flat_map(|&label| [label, blank]));
        let states = path.len();
        let step_back: Vec<usize> = (0..states).map(|s| s.checked_sub(1).unwrap_or(states)).collect();
        let skip_back: Vec<usize> = (0..states)
            .map(|s| match s.checked_sub(2) {
                Some(from) if path[s] != blank && path[s] != path[from] => from,
                _ => states,
            })
            .collect();
        let emitted = self.log_softmax().pick(1, &path);
        let never = crate::Pad::Constant(f64::NEG_INFINITY);
        let started = states.min(2);
        let mut log = emitted
            .index_axis(0, 0)
            .slice(0, ..started)
            .pad(&[(0, states - started)], never);
        for step in 1..steps {
            let padded = log.pad(&[(0, 1)], never);
            let ways = log.stack(&[&padded.pick(0, &step_back), &padded.pick(0, &skip_back)], 0);
            log = ways.logsumexp_axis(0) + &emitted.index_axis(0, step);
        }
        -log.slice(0, states - started..).logsumexp_axis(0)
    }
}
