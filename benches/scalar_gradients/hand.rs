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
