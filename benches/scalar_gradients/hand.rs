//! Adjoints written by hand, as an expert would for speed: the yardstick of `scalar_gradients`.
//! Each adds nothing to what it computes: value and gradient, nothing else.

/// `llsq`: powers are kept for the second pass, which then has no chain of products.
pub(crate) fn least_squares(x: &[f64], n: usize, powers: &mut [f64], dx: &mut [f64]) -> f64 {
    let (powers, dx) = (&mut powers[..x.len()], &mut dx[..x.len()]);
    dx.fill(0.0);
    let mut total = 0.0;
    for i in 0..n {
        let t = -1.0 + i as f64 * 2.0 / (n as f64 - 1.0);
        let mut residual = f64::from(t > 0.0) - f64::from(t < 0.0);
        let mut power = 1.0;
        for (&x, kept) in x.iter().zip(powers.iter_mut()) {
            residual -= x * power;
            *kept = power;
            power *= t;
        }
        total += residual * residual;
        for (d, &power) in dx.iter_mut().zip(powers.iter()) {
            *d -= residual * power;
        }
    }
    total * 0.5
}

/// `lse`: the exponentials are kept and scaled.
pub(crate) fn log_sum_exp(x: &[f64], dx: &mut [f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for (&x, d) in x.iter().zip(dx.iter_mut()) {
        *d = (x - largest).exp();
        sum += *d;
    }
    let scale = 1.0 / sum;
    dx.iter_mut().for_each(|d| *d *= scale);
    largest + sum.ln()
}

/// `kmeans`: every point pulls at its nearest centroid; the value, while the gradient and the diagonal
/// of the Hessian are written.
pub(crate) fn nearest_centroids(
    points: &[f64],
    centroids: &[f64],
    d: usize,
    gradient: &mut [f64],
    diagonal: &mut [f64],
) -> f64 {
    gradient.fill(0.0);
    diagonal.fill(0.0);
    let mut total = 0.0;
    for point in points.chunks_exact(d) {
        let (mut closest, mut at) = (f64::INFINITY, 0);
        for (j, centroid) in centroids.chunks_exact(d).enumerate() {
            let mut distance = 0.0;
            for (p, c) in point.iter().zip(centroid) {
                distance += (p - c) * (p - c);
            }
            if distance < closest {
                (closest, at) = (distance, j);
            }
        }
        total += closest;
        let of = at * d..(at + 1) * d;
        let pairs = point.iter().zip(&centroids[of.clone()]);
        let written = gradient[of.clone()].iter_mut().zip(&mut diagonal[of]);
        for ((p, c), (slope, curvature)) in pairs.zip(written) {
            *slope -= 2.0 * (p - c);
            *curvature += 2.0;
        }
    }
    total
}

/// `gmm`: point by point; the factors of all components are kept for the point.
pub(crate) mod gmm {
    pub(crate) struct Scratch {
        diagonal: Vec<f64>,
        centered: Vec<f64>,
        z: Vec<f64>,
        terms: Vec<f64>,
    }

    impl Scratch {
        pub(crate) fn new(k: usize, d: usize) -> Scratch {
            Scratch {
                diagonal: vec![0.0; k * d],
                centered: vec![0.0; k * d],
                z: vec![0.0; k * d],
                terms: vec![0.0; k],
            }
        }
    }

    /// Replaces every term by its share and returns the logarithm of the sum of exponentials.
    fn shares(terms: &mut [f64]) -> f64 {
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for term in terms.iter_mut() {
            *term = (*term - largest).exp();
            sum += *term;
        }
        terms.iter_mut().for_each(|term| *term /= sum);
        largest + sum.ln()
    }

    /// The value up to the constant, for `m = 0`.
    #[allow(clippy::too_many_arguments, reason = "the parameters of the mixture")]
    pub(crate) fn log_posterior(
        (alpha, mu, q, l): (&[f64], &[f64], &[f64], &[f64]),
        x: &[f64],
        d: usize,
        gamma: f64,
        scratch: &mut Scratch,
        (d_alpha, d_mu, d_q, d_l): (&mut [f64], &mut [f64], &mut [f64], &mut [f64]),
    ) -> f64 {
        let (k, below) = (alpha.len(), d * (d - 1) / 2);
        let n = x.len() / d;
        for (e, q) in scratch.diagonal.iter_mut().zip(q) {
            *e = q.exp();
        }
        for part in [&mut *d_alpha, &mut *d_mu, &mut *d_q, &mut *d_l] {
            part.fill(0.0);
        }
        let mut value = 0.0;
        for x in x.chunks_exact(d) {
            for j in 0..k {
                let of = j * d..(j + 1) * d;
                let (mu, diagonal) = (&mu[of.clone()], &scratch.diagonal[of.clone()]);
                let centered = &mut scratch.centered[of.clone()];
                let z = &mut scratch.z[of.clone()];
                for r in 0..d {
                    centered[r] = x[r] - mu[r];
                    z[r] = diagonal[r] * centered[r];
                }
                let mut rest = &l[j * below..(j + 1) * below];
                for c in 0..d {
                    let (column, others) = rest.split_at(d - 1 - c);
                    let factor = centered[c];
                    for (z, l) in z[c + 1..].iter_mut().zip(column) {
                        *z += l * factor;
                    }
                    rest = others;
                }
                let square: f64 = z.iter().map(|z| z * z).sum();
                let logs: f64 = q[of].iter().sum();
                scratch.terms[j] = alpha[j] + logs - 0.5 * square;
            }
            value += shares(&mut scratch.terms);
            for j in 0..k {
                let of = j * d..(j + 1) * d;
                let share = scratch.terms[j];
                let (diagonal, centered) =
                    (&scratch.diagonal[of.clone()], &scratch.centered[of.clone()]);
                let z = &scratch.z[of.clone()];
                let (d_mu, d_q) = (&mut d_mu[of.clone()], &mut d_q[of]);
                d_alpha[j] += share;
                for r in 0..d {
                    d_mu[r] += share * diagonal[r] * z[r];
                    d_q[r] += share * (1.0 - diagonal[r] * centered[r] * z[r]);
                }
                let (mut rest, mut d_rest) = (
                    &l[j * below..(j + 1) * below],
                    &mut d_l[j * below..(j + 1) * below],
                );
                for c in 0..d {
                    let (column, others) = rest.split_at(d - 1 - c);
                    let (d_column, d_others) = d_rest.split_at_mut(d - 1 - c);
                    let factor = share * centered[c];
                    let mut along = 0.0;
                    for ((d_l, l), z) in d_column.iter_mut().zip(column).zip(&z[c + 1..]) {
                        *d_l -= factor * z;
                        along += l * z;
                    }
                    d_mu[c] += share * along;
                    (rest, d_rest) = (others, d_others);
                }
            }
        }
        let mut alphas = alpha.to_vec();
        value -= n as f64 * shares(&mut alphas);
        for (d_alpha, share) in d_alpha.iter_mut().zip(&alphas) {
            *d_alpha -= n as f64 * share;
        }
        let square = gamma * gamma;
        for (d_q, e) in d_q.iter_mut().zip(&scratch.diagonal) {
            value -= 0.5 * square * e * e;
            *d_q -= square * e * e;
        }
        for (d_l, l) in d_l.iter_mut().zip(l) {
            value -= 0.5 * square * l * l;
            *d_l -= square * l;
        }
        value
    }
}

/// `lstm`: the gates of every step are kept.
pub(crate) mod lstm {
    /// What a cell keeps of a step.
    #[derive(Clone, Copy, Default)]
    struct Kept {
        signal: f64,
        hidden: f64,
        cell: f64,
        forget: f64,
        ingate: f64,
        outgate: f64,
        change: f64,
        squashed: f64,
    }

    #[derive(Default)]
    pub(crate) struct Scratch {
        kept: Vec<Kept>,
        last: Vec<f64>,
        hidden: Vec<f64>,
        cell: Vec<f64>,
        signal: Vec<f64>,
        d_hidden: Vec<f64>,
        d_cell: Vec<f64>,
    }

    fn sigmoid(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    pub(crate) fn loss(
        (main, extra): (&[f64], &[f64]),
        (state, sequence): (&[f64], &[f64]),
        b: usize,
        s: &mut Scratch,
        (d_main, d_extra): (&mut [f64], &mut [f64]),
    ) -> f64 {
        let (layers, steps) = (state.len() / (2 * b), sequence.len() / b - 1);
        let size = layers * b;
        s.kept.resize(steps * size, Kept::default());
        s.last.resize(steps * b, 0.0);
        for list in [&mut s.hidden, &mut s.cell, &mut s.d_hidden, &mut s.d_cell] {
            list.clear();
            list.resize(size, 0.0);
        }
        s.signal.resize(b, 0.0);
        for k in 0..layers {
            s.hidden[k * b..(k + 1) * b].copy_from_slice(&state[2 * k * b..][..b]);
            s.cell[k * b..(k + 1) * b].copy_from_slice(&state[(2 * k + 1) * b..][..b]);
        }
        let mut total = 0.0;
        for t in 0..steps {
            for i in 0..b {
                s.signal[i] = sequence[t * b + i] * extra[i];
            }
            for k in 0..layers {
                let w = &main[8 * k * b..8 * (k + 1) * b];
                let kept = &mut s.kept[t * size + k * b..][..b];
                let (hiddens, cells) = (&mut s.hidden[k * b..][..b], &mut s.cell[k * b..][..b]);
                for i in 0..b {
                    let (signal, hidden, cell) = (s.signal[i], hiddens[i], cells[i]);
                    let forget = sigmoid(signal * w[i] + w[4 * b + i]);
                    let ingate = sigmoid(hidden * w[b + i] + w[5 * b + i]);
                    let outgate = sigmoid(signal * w[2 * b + i] + w[6 * b + i]);
                    let change = (hidden * w[3 * b + i] + w[7 * b + i]).tanh();
                    cells[i] = cell * forget + ingate * change;
                    let squashed = cells[i].tanh();
                    kept[i] = Kept {
                        signal,
                        hidden,
                        cell,
                        forget,
                        ingate,
                        outgate,
                        change,
                        squashed,
                    };
                    hiddens[i] = outgate * squashed;
                    s.signal[i] = hiddens[i];
                }
            }
            let (mut sum, mut gold) = (2.0, 0.0);
            for i in 0..b {
                let predicted = s.signal[i] * extra[b + i] + extra[2 * b + i];
                s.last[t * b + i] = s.signal[i];
                sum += predicted.exp();
                total += sequence[(t + 1) * b + i] * predicted;
                gold += sequence[(t + 1) * b + i];
            }
            total -= gold * sum.ln();
        }
        d_main.fill(0.0);
        d_extra.fill(0.0);
        let scale = -1.0 / (steps * b) as f64;
        for t in (0..steps).rev() {
            let (last, golden) = (&s.last[t * b..][..b], &sequence[(t + 1) * b..][..b]);
            let (mut sum, mut gold) = (2.0, 0.0);
            for i in 0..b {
                s.signal[i] = (last[i] * extra[b + i] + extra[2 * b + i]).exp();
                sum += s.signal[i];
                gold += golden[i];
            }
            for i in 0..b {
                let d = scale * (golden[i] - gold * s.signal[i] / sum);
                d_extra[b + i] += d * last[i];
                d_extra[2 * b + i] += d;
                s.signal[i] = d * extra[b + i];
            }
            for k in (0..layers).rev() {
                let w = &main[8 * k * b..8 * (k + 1) * b];
                let d_w = &mut d_main[8 * k * b..8 * (k + 1) * b];
                let kept = &s.kept[t * size + k * b..][..b];
                for i in 0..b {
                    let c = &kept[i];
                    let d_out = s.signal[i] + s.d_hidden[k * b + i];
                    let d_outgate = d_out * c.squashed * c.outgate * (1.0 - c.outgate);
                    let d_next =
                        s.d_cell[k * b + i] + d_out * c.outgate * (1.0 - c.squashed * c.squashed);
                    let d_forget = d_next * c.cell * c.forget * (1.0 - c.forget);
                    let d_ingate = d_next * c.change * c.ingate * (1.0 - c.ingate);
                    let d_change = d_next * c.ingate * (1.0 - c.change * c.change);
                    s.d_cell[k * b + i] = d_next * c.forget;
                    s.d_hidden[k * b + i] = d_ingate * w[b + i] + d_change * w[3 * b + i];
                    s.signal[i] = d_forget * w[i] + d_outgate * w[2 * b + i];
                    d_w[i] += d_forget * c.signal;
                    d_w[b + i] += d_ingate * c.hidden;
                    d_w[2 * b + i] += d_outgate * c.signal;
                    d_w[3 * b + i] += d_change * c.hidden;
                    d_w[4 * b + i] += d_forget;
                    d_w[5 * b + i] += d_ingate;
                    d_w[6 * b + i] += d_outgate;
                    d_w[7 * b + i] += d_change;
                }
            }
            for i in 0..b {
                d_extra[i] += s.signal[i] * sequence[t * b + i];
            }
        }
        total * scale
    }
}

/// `ode`: the states of every step and stage are kept.
pub(crate) mod ode {
    fn slope(x: &[f64], y: &[f64], dy: &mut [f64]) {
        dy[0] = x[0];
        for ((dy, x), y) in dy[1..].iter_mut().zip(&x[1..]).zip(y) {
            *dy = x * y;
        }
    }

    /// Adds what flows back through `slope` to `d_x` and `d_y`.
    fn slope_back(x: &[f64], y: &[f64], u: &[f64], d_x: &mut [f64], d_y: &mut [f64]) {
        d_x[0] += u[0];
        for i in 1..x.len() {
            d_x[i] += u[i] * y[i - 1];
            d_y[i - 1] += u[i] * x[i];
        }
    }

    /// The last component and its gradient; `kept` holds four vectors a step.
    pub(crate) fn last_component(
        x: &[f64],
        steps: usize,
        kept: &mut Vec<f64>,
        d_x: &mut [f64],
    ) -> f64 {
        let n = x.len();
        let h = 2.0 / steps as f64;
        kept.resize((4 * steps + 1) * n, 0.0);
        let mut k = [(); 4].map(|()| vec![0.0; n]);
        let mut y = vec![0.0; n];
        for step in 0..steps {
            let stage = &mut kept[4 * step * n..4 * (step + 1) * n];
            stage[..n].copy_from_slice(&y);
            for s in 0..4 {
                if s > 0 {
                    let along = if s == 3 { h } else { 0.5 * h };
                    for i in 0..n {
                        stage[s * n + i] = y[i] + along * k[s - 1][i];
                    }
                }
                slope(x, &stage[s * n..(s + 1) * n], &mut k[s]);
            }
            for i in 0..n {
                y[i] += h * (k[0][i] + 2.0 * k[1][i] + 2.0 * k[2][i] + k[3][i]) / 6.0;
            }
        }
        d_x.fill(0.0);
        let mut d_y = vec![0.0; n];
        let mut d_stage = vec![0.0; n];
        d_y[n - 1] = 1.0;
        for step in (0..steps).rev() {
            let stage = &kept[4 * step * n..4 * (step + 1) * n];
            for (k, weight) in k.iter_mut().zip([1.0, 2.0, 2.0, 1.0]) {
                for i in 0..n {
                    k[i] = h * weight / 6.0 * d_y[i];
                }
            }
            for s in (0..4).rev() {
                let y = &stage[s * n..(s + 1) * n];
                if s == 0 {
                    slope_back(x, y, &k[0], d_x, &mut d_y);
                } else {
                    d_stage.fill(0.0);
                    slope_back(x, y, &k[s], d_x, &mut d_stage);
                    let along = if s == 3 { h } else { 0.5 * h };
                    for i in 0..n {
                        d_y[i] += d_stage[i];
                        k[s - 1][i] += along * d_stage[i];
                    }
                }
            }
        }
        y[n - 1]
    }
}

/// `ba`: the two rows of the Jacobian of an observation, by one run and two pullbacks through the
/// projection.
pub(crate) fn reprojection(
    camera: &[f64; 11],
    point: &[f64; 3],
    weight: f64,
    seen: &[f64; 2],
) -> ([f64; 2], [[f64; 15]; 2]) {
    let cross = |a: [f64; 3], b: [f64; 3]| {
        [
            a[1] * b[2] - a[2] * b[1],
            a[2] * b[0] - a[0] * b[2],
            a[0] * b[1] - a[1] * b[0],
        ]
    };
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let by = [camera[0], camera[1], camera[2]];
    let offset: [f64; 3] = std::array::from_fn(|k| point[k] - camera[3 + k]);
    let angle = dot(by, by).sqrt();
    let turns = angle != 0.0;
    let (sin, cos) = angle.sin_cos();
    let inverse = if turns { 1.0 / angle } else { 0.0 };
    let axis = by.map(|r| r * inverse);
    let (side, along) = (cross(axis, offset), dot(axis, offset));
    let turned: [f64; 3] = if turns {
        std::array::from_fn(|k| offset[k] * cos + side[k] * sin + axis[k] * along * (1.0 - cos))
    } else {
        let side = cross(by, offset);
        std::array::from_fn(|k| offset[k] + side[k])
    };
    let depth = 1.0 / turned[2];
    let (u, v) = (turned[0] * depth, turned[1] * depth);
    let square = u * u + v * v;
    let stretch = 1.0 + camera[9] * square + camera[10] * square * square;
    let bend = 2.0 * camera[9] + 4.0 * camera[10] * square;
    let error = [
        u * stretch * camera[6] + camera[7] - seen[0],
        v * stretch * camera[6] + camera[8] - seen[1],
    ];
    let rows = std::array::from_fn(|row| {
        let this = if row == 0 { u } else { v };
        let focal = weight * camera[6];
        let d_u = focal * (bend * this * u + if row == 0 { stretch } else { 0.0 });
        let d_v = focal * (bend * this * v + if row == 1 { stretch } else { 0.0 });
        let d = [d_u * depth, d_v * depth, -(d_u * u + d_v * v) * depth];
        let (d_by, d_offset): ([f64; 3], [f64; 3]) = if turns {
            let d_axis_dot = dot(d, axis);
            let d_along = d_axis_dot * (1.0 - cos);
            let d_side = d.map(|d| d * sin);
            let from_side = cross(offset, d_side);
            let d_axis: [f64; 3] = std::array::from_fn(|k| {
                d[k] * along * (1.0 - cos) + from_side[k] + d_along * offset[k]
            });
            let d_angle = -sin * dot(d, offset) + cos * dot(d, side) + sin * along * d_axis_dot
                - dot(d_axis, axis) * inverse;
            let to_offset = cross(d_side, axis);
            (
                std::array::from_fn(|k| d_axis[k] * inverse + d_angle * axis[k]),
                std::array::from_fn(|k| d[k] * cos + to_offset[k] + d_along * axis[k]),
            )
        } else {
            let to_offset = cross(d, by);
            (
                cross(offset, d),
                std::array::from_fn(|k| d[k] + to_offset[k]),
            )
        };
        let mut jacobian = [0.0; 15];
        for k in 0..3 {
            jacobian[k] = d_by[k];
            jacobian[3 + k] = -d_offset[k];
            jacobian[11 + k] = d_offset[k];
        }
        jacobian[6] = weight * this * stretch;
        jacobian[7 + row] = weight;
        jacobian[9] = focal * this * square;
        jacobian[10] = focal * this * square * square;
        jacobian[14] = error[row];
        jacobian
    });
    (error.map(|e| e * weight), rows)
}
