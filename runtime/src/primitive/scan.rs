//! Running sums and their kin, and sorting, along one axis. Parameter: the axis.

use super::{Call, Inferred, Shapes, around, index, primitive};
use crate::Real;

primitive! {
    /// `y_k = sum_{i <= k} x_i`
    RUNNING_SUM running_sum same
}

primitive! {
    /// `y_k = sum_{i >= k} x_i`, the adjoint of `RUNNING_SUM`
    RUNNING_SUM_BACK running_sum_back same
}

primitive! {
    /// `y_k = prod_{i <= k} x_i`
    RUNNING_PRODUCT running_product same
}

primitive! {
    /// From x and the cotangent c of its running products: `sum_{j >= k} c_j prod_{i <= j, i != k} x_i`,
    /// right with any number of zeros.
    RUNNING_PRODUCT_BACK running_product_back same
}

primitive! {
    /// From x and its tangent t, that of the running products: `sum_{k <= j} t_k prod_{i <= j, i != k} x_i`.
    RUNNING_PRODUCT_TANGENT running_product_tangent same
}

primitive! {
    /// From x, its tangent t and the cotangent c of the running products: the tangent of
    /// `RUNNING_PRODUCT_BACK`.
    RUNNING_PRODUCT_SECOND running_product_second same
}

primitive! {
    /// `y_k = max_{i <= k} x_i`
    RUNNING_MAX running_max same
}

primitive! {
    /// From x and the cotangent c of its running maxima: each c_j at the first place of its maximum.
    RUNNING_MAX_BACK running_max_back same
}

primitive! {
    /// From x and its tangent, that of the running maxima: the entry at the place of each.
    RUNNING_MAX_TANGENT running_max_tangent same
}

primitive! {
    /// `y_k = ln sum_{i <= k} e^x_i`
    RUNNING_LOG_SUM_EXP running_log_sum_exp same
}

primitive! {
    /// From x, its running log-sums y and their cotangent c: `sum_{j >= k} c_j e^(x_k - y_j)`.
    RUNNING_LOG_SUM_EXP_BACK running_log_sum_exp_back same
}

primitive! {
    /// From x, its running log-sums y and its tangent t: `sum_{k <= j} t_k e^(x_k - y_j)`.
    RUNNING_LOG_SUM_EXP_TANGENT running_log_sum_exp_tangent same
}

primitive! {
    /// Ascending order, NaN last; equal elements keep their order.
    SORT sort same, scratch places
}

primitive! {
    /// From x and the cotangent of its sorted entries: each at the place that it came from.
    SORT_BACK sort_back same, scratch places
}

primitive! {
    /// From x and its tangent, that of the sorted entries.
    SORT_TANGENT sort_tangent same, scratch places
}

fn same(shapes: &[&[usize]], _: &[i64]) -> Inferred {
    Ok(shapes[0].to_vec())
}

fn places((_, shape): Shapes<'_>, args: &[i64]) -> usize {
    shape[index(args[0])]
}

/// Calls `visit` with the first position, the stride and the count of each line along the axis.
fn lines(shape: &[usize], args: &[i64], mut visit: impl FnMut(usize, usize, usize)) {
    let (outer, size, inner) = around(shape, index(args[0]));
    for o in 0..outer {
        for i in 0..inner {
            visit(o * size * inner + i, inner, size);
        }
    }
}

/// A scan of one operand: `next(so far, element)`.
fn scan<T: Real>(call: Call<'_, T>, first: f64, next: impl Fn(f64, f64) -> f64) {
    let (x, y) = (call.x[0], call.y);
    lines(call.shape, call.args, |start, step, count| {
        let mut state = first;
        for at in (0..count).map(|k| start + k * step) {
            state = next(state, x[at].to_f64());
            y[at] = T::from_f64(state);
        }
    });
}

fn running_sum<T: Real>(call: Call<'_, T>) {
    scan(call, 0.0, |sum, x| sum + x);
}

fn running_product<T: Real>(call: Call<'_, T>) {
    scan(call, 1.0, |product, x| product * x);
}

fn running_max<T: Real>(call: Call<'_, T>) {
    let larger = |most: f64, x: f64| if x > most || x.is_nan() { x } else { most };
    scan(call, f64::NEG_INFINITY, larger);
}

fn running_log_sum_exp<T: Real>(call: Call<'_, T>) {
    scan(call, f64::NEG_INFINITY, |sum, x| {
        let (low, high) = if sum < x { (sum, x) } else { (x, sum) };
        // Equal infinities have no difference.
        let gap = if low == high { 0.0 } else { low - high };
        if high.is_infinite() {
            high
        } else {
            high + gap.exp().ln_1p()
        }
    });
}

fn running_sum_back<T: Real>(call: Call<'_, T>) {
    let (x, y) = (call.x[0], call.y);
    lines(call.shape, call.args, |start, step, count| {
        let mut sum = 0.0;
        for at in (0..count).rev().map(|k| start + k * step) {
            sum += x[at].to_f64();
            y[at] = T::from_f64(sum);
        }
    });
}

fn running_product_back<T: Real>(call: Call<'_, T>) {
    let (x, c, y) = (call.x[0], call.x[1], call.y);
    lines(call.shape, call.args, |start, step, count| {
        let mut before = 1.0;
        for k in 0..count {
            // The sum over j by Horner's rule from the end: no division by an element.
            let mut tail = 0.0;
            for at in (k + 1..count).rev().map(|j| start + j * step) {
                tail = x[at].to_f64() * (c[at].to_f64() + tail);
            }
            let at = start + k * step;
            y[at] = T::from_f64(before * (c[at].to_f64() + tail));
            before *= x[at].to_f64();
        }
    });
}

fn running_product_tangent<T: Real>(call: Call<'_, T>) {
    let (x, t, y) = (call.x[0], call.x[1], call.y);
    lines(call.shape, call.args, |start, step, count| {
        let (mut product, mut slope) = (1.0, 0.0);
        for at in (0..count).map(|k| start + k * step) {
            let x = x[at].to_f64();
            slope = slope * x + product * t[at].to_f64();
            product *= x;
            y[at] = T::from_f64(slope);
        }
    });
}

/// The steps of `running_product_back`, each value with its slope along t.
fn running_product_second<T: Real>(call: Call<'_, T>) {
    let ([x, t, c, ..], y) = (call.x, call.y);
    lines(call.shape, call.args, |start, step, count| {
        let (mut before, mut slope) = (1.0, 0.0);
        for k in 0..count {
            let (mut tail, mut tail_slope) = (0.0, 0.0);
            for at in (k + 1..count).rev().map(|j| start + j * step) {
                let (x, rest) = (x[at].to_f64(), c[at].to_f64() + tail);
                tail_slope = t[at].to_f64() * rest + x * tail_slope;
                tail = x * rest;
            }
            let at = start + k * step;
            y[at] = T::from_f64(slope * (c[at].to_f64() + tail) + before * tail_slope);
            slope = slope * x[at].to_f64() + before * t[at].to_f64();
            before *= x[at].to_f64();
        }
    });
}

fn running_max_back<T: Real>(call: Call<'_, T>) {
    let (x, c, y) = (call.x[0], call.x[1], call.y);
    y.fill(T::ZERO);
    lines(call.shape, call.args, |start, step, count| {
        let mut best = start;
        for at in (0..count).map(|k| start + k * step) {
            if x[at] > x[best] || x[at].to_f64().is_nan() {
                best = at;
            }
            y[best] += c[at];
        }
    });
}

fn running_max_tangent<T: Real>(call: Call<'_, T>) {
    let (x, t, y) = (call.x[0], call.x[1], call.y);
    lines(call.shape, call.args, |start, step, count| {
        let mut best = start;
        for at in (0..count).map(|k| start + k * step) {
            if x[at] > x[best] || x[at].to_f64().is_nan() {
                best = at;
            }
            y[at] = t[best];
        }
    });
}

fn running_log_sum_exp_back<T: Real>(call: Call<'_, T>) {
    let ([x, sums, c, ..], y) = (call.x, call.y);
    lines(call.shape, call.args, |start, step, count| {
        // carry = sum_{j >= k} c_j e^(s_k - s_j): every exponent is at most 0.
        let (mut carry, mut later) = (0.0, f64::NEG_INFINITY);
        for at in (0..count).rev().map(|k| start + k * step) {
            let sum = sums[at].to_f64();
            let decay = if carry == 0.0 {
                0.0
            } else {
                (sum - later).exp()
            };
            carry = c[at].to_f64() + carry * decay;
            let gap = if x[at] == sums[at] {
                0.0
            } else {
                x[at].to_f64() - sum
            };
            y[at] = T::from_f64(carry * gap.exp());
            later = sum;
        }
    });
}

fn running_log_sum_exp_tangent<T: Real>(call: Call<'_, T>) {
    let ([x, sums, t, ..], y) = (call.x, call.y);
    // Equal infinities have no difference.
    let ratio = |a: f64, b: f64| if a == b { 1.0 } else { (a - b).exp() };
    lines(call.shape, call.args, |start, step, count| {
        let (mut carry, mut earlier) = (0.0, f64::NEG_INFINITY);
        for at in (0..count).map(|k| start + k * step) {
            let sum = sums[at].to_f64();
            let kept = if carry == 0.0 {
                0.0
            } else {
                carry * ratio(earlier, sum)
            };
            carry = kept + t[at].to_f64() * ratio(x[at].to_f64(), sum);
            y[at] = T::from_f64(carry);
            earlier = sum;
        }
    });
}

/// The places of a line in ascending order, as floats of the scratch space.
fn order<T: Real>(x: &[T], start: usize, step: usize, places: &mut [f64]) {
    for (k, place) in places.iter_mut().enumerate() {
        *place = (start + k * step) as f64;
    }
    places.sort_unstable_by(|&a, &b| {
        let (u, v) = (x[a as usize].to_f64(), x[b as usize].to_f64());
        // Numbers by value, NaN last, ties by place.
        u.is_nan()
            .cmp(&v.is_nan())
            .then(u.partial_cmp(&v).unwrap_or(std::cmp::Ordering::Equal))
            .then(a.total_cmp(&b))
    });
}

fn sort<T: Real>(call: Call<'_, T>) {
    let (x, y, places) = (call.x[0], call.y, call.scratch);
    lines(call.shape, call.args, |start, step, _| {
        order(x, start, step, places);
        for (k, &place) in places.iter().enumerate() {
            y[start + k * step] = x[place as usize];
        }
    });
}

fn sort_back<T: Real>(call: Call<'_, T>) {
    let (x, c, y, places) = (call.x[0], call.x[1], call.y, call.scratch);
    lines(call.shape, call.args, |start, step, _| {
        order(x, start, step, places);
        for (k, &place) in places.iter().enumerate() {
            y[place as usize] = c[start + k * step];
        }
    });
}

fn sort_tangent<T: Real>(call: Call<'_, T>) {
    let (x, t, y, places) = (call.x[0], call.x[1], call.y, call.scratch);
    lines(call.shape, call.args, |start, step, _| {
        order(x, start, step, places);
        for (k, &place) in places.iter().enumerate() {
            y[start + k * step] = t[place as usize];
        }
    });
}
