//! Probability models: mixtures, filters, chains, ratings.

use super::*;

/// `ln sum exp`, shifted by the largest.
#[differentiable]
pub(crate) fn log_sum_exp(x: &[f64]) -> f64 {
    let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    x.iter().map(|v| (v - top).exp()).sum::<f64>().ln() + top
}

#[differentiable]
pub(crate) fn softmax(x: &[f64]) -> Vec<f64> {
    let whole = log_sum_exp(x);
    x.iter().map(|v| (v - whole).exp()).collect()
}

#[differentiable(wrt(a, m, s))]
pub(crate) fn gmm_nll(a: &[f64], m: &[f64], s: &[f64], x: &[f64]) -> f64 {
    let w = softmax(a);
    let mut total = 0.0;
    for &v in x {
        let mut density = 0.0;
        for k in 0..m.len() {
            let z = (v - m[k]) / s[k].exp();
            density += w[k] * (-0.5 * z * z).exp() / (s[k].exp() * std::f64::consts::TAU.sqrt());
        }
        total -= density.ln();
    }
    total
}

#[differentiable]
pub(crate) fn kalman_loglik(se: f64, sq: f64, y: &[f64]) -> f64 {
    let (mut a, mut p) = (0.0, 10.0);
    let mut ll = 0.0;
    for &y in y {
        let v = y - a;
        let f = p + se.exp();
        let k = p / f;
        ll -= 0.5 * ((std::f64::consts::TAU * f).ln() + v * v / f);
        a += k * v;
        p = p * (1.0 - k) + sq.exp();
    }
    ll
}

#[differentiable(wrt(p, a, b))]
pub(crate) fn hmm_forward(p: &[f64], a: &[f64], b: &[f64], o: &[usize]) -> f64 {
    let states = p.len();
    let symbols = b.len() / states;
    let mut transitions = Vec::new();
    let mut emissions = Vec::new();
    for row in a.chunks(states) {
        transitions.push(softmax(row));
    }
    for row in b.chunks(symbols) {
        emissions.push(softmax(row));
    }
    let start = softmax(p);
    let mut alpha: Vec<f64> = (0..states).map(|i| start[i] * emissions[i][o[0]]).collect();
    for &seen in &o[1..] {
        let mut next = vec![0.0; states];
        for j in 0..states {
            for i in 0..states {
                next[j] += alpha[i] * transitions[i][j];
            }
            next[j] *= emissions[j][seen];
        }
        alpha = next;
    }
    -alpha.iter().sum::<f64>().ln()
}

#[differentiable(wrt(e, w))]
pub(crate) fn linear_chain_crf(e: &[[f64; 3]], w: &[[f64; 3]], t: &[usize]) -> f64 {
    let mut alpha = e[0];
    let mut score = e[0][t[0]];
    for step in 1..e.len() {
        let mut next = [0.0; 3];
        for j in 0..3 {
            let terms = [alpha[0] + w[0][j], alpha[1] + w[1][j], alpha[2] + w[2][j]];
            next[j] = log_sum_exp(&terms) + e[step][j];
        }
        alpha = next;
        score += w[t[step - 1]][t[step]] + e[step][t[step]];
    }
    log_sum_exp(&alpha) - score
}

#[differentiable(wrt(w, a, b))]
pub(crate) fn garch_nll(w: f64, a: f64, b: f64, r: &[f64]) -> f64 {
    let mut h = 0.5_f64;
    let mut total = 0.0;
    for r in r.iter() {
        total += 0.5 * (h.ln() + r * r / h);
        h = w + a * r * r + b * h;
    }
    total
}

#[differentiable(wrt(c, f, g))]
pub(crate) fn arma_css(c: f64, f: f64, g: f64, y: &[f64]) -> f64 {
    let mut e = 0.0;
    let mut total = 0.0;
    for pair in y.windows(2) {
        e = pair[1] - c - f * pair[0] - g * e;
        total += e * e;
    }
    total
}

#[differentiable(wrt(w))]
pub(crate) fn bayes_logistic_logpost(w: &[f64], x: &[[f64; 2]], s: &[f64]) -> f64 {
    let mut total = -w.iter().map(|v| v * v).sum::<f64>() / 8.0;
    for (row, s) in x.iter().zip(s) {
        total -= softplus(-s * (row[0] * w[0] + row[1] * w[1]));
    }
    total
}

#[differentiable(wrt(r))]
pub(crate) fn elo_nll(r: &[f64], w: &[usize], l: &[usize]) -> f64 {
    let scale = std::f64::consts::LN_10 / 400.0;
    let mut total = 0.0;
    for (&w, &l) in w.iter().zip(l) {
        total += softplus(-(r[w] - r[l]) * scale);
    }
    total
}

#[differentiable]
pub(crate) fn lstm_cell_by_hand(x: f64, h: f64, c: f64, w: &[f64], u: &[f64], b: &[f64]) -> f64 {
    let z = [
        w[0] * x + u[0] * h + b[0],
        w[1] * x + u[1] * h + b[1],
        w[2] * x + u[2] * h + b[2],
        w[3] * x + u[3] * h + b[3],
    ];
    let cell = sigmoid(z[1]) * c + sigmoid(z[0]) * z[2].tanh();
    sigmoid(z[3]) * cell.tanh()
}
