//! The ways in which the reverse pass goes through loops and branches: each program is compiled
//! twice, once with everything on the tape, and both gradients must agree with each other and with
//! central differences.

#![allow(
    clippy::needless_range_loop,
    clippy::assign_op_pattern,
    clippy::mut_range_bound,
    clippy::manual_is_multiple_of,
    reason = "the programs under test are written by index"
)]

mod common;

use common::strategies::programs;
use cotangent::prelude::*;

programs! {
    // A value without derivative is carried from turn to turn.
    fn polynomial(x: &[f64], y: &[f64]) -> f64 {
        let mut total = 0.0;
        for i in 0..y.len() {
            let t = -0.5 + i as f64 * 0.3;
            let mut inner = if t > 0.0 { 1.0 } else { -1.0 };
            let mut power = 1.0;
            for j in 0..x.len() {
                inner -= x[j] * power;
                power *= t;
            }
            total += inner * inner * y[i];
        }
        total * 0.5
    }

    // What a turn declares, with a branch in it.
    fn locals(x: &[f64], y: &[f64]) -> f64 {
        let mut sum = 0.25;
        for i in 0..x.len() {
            let a = x[i] * y[i];
            let mut b = a.sin() + x[i];
            if i % 2 == 0 {
                b = b * b * a;
            } else {
                b *= y[i];
            }
            sum += b * a;
        }
        sum * sum
    }

    // Elements that exist in some turns only, and one that is only written.
    fn guarded_elements(x: &[f64], y: &[f64]) -> f64 {
        let mut a = [0.5; 4];
        let mut b = vec![0.25; x.len()];
        for round in 0..2 {
            for i in 0..x.len() {
                if i < 4 {
                    a[i] = a[i] * x[i] + y[i];
                }
            }
            for i in 0..x.len() {
                b[i] = x[i] * y[i] + 0.5 * a[i % 4];
            }
            for i in 1..x.len() {
                a[i % 4] += b[i] * b[i - 1] * round as f64;
            }
        }
        let mut sum = 0.0;
        for i in 0..4 {
            sum += a[i] * a[i];
        }
        sum
    }

    // Factors that change nothing.
    fn unchanged(x: &[f64], y: &[f64]) -> f64 {
        let mut sum = 0.5;
        for i in 0..x.len() {
            let one = x[i] * 1.0;
            sum = if i % 2 == 0 { sum * (1.0_f64) } else { one / 1.0 };
            sum *= one * y[i];
        }
        sum
    }

    // Sums into an element that several turns share, and one that is read behind the loop.
    fn shared_elements(x: &[f64], y: &[f64]) -> f64 {
        let mut bins = [0.5; 3];
        for i in 0..x.len() {
            bins[i % 3] += x[i] * x[i] * y[i];
        }
        let mut product = 1.0;
        for i in 0..3 {
            product *= bins[i];
        }
        product
    }

    // An array of which every turn changes its own element.
    fn own_elements(x: &[f64], y: &[f64]) -> f64 {
        let mut a = [1.5; 8];
        for round in 0..3 {
            for i in 0..x.len() {
                a[i] = a[i] * x[i] + y[i] * a[i].sin();
            }
            for i in (0..y.len()).rev() {
                a[i] *= y[i] + round as f64;
            }
        }
        let mut sum = 0.0;
        for i in 0..8 {
            sum += a[i] * a[i];
        }
        sum
    }

    // Own elements at a distance, several arrays, and one at two distances.
    fn distant_elements(x: &[f64], y: &[f64]) -> f64 {
        let mut a = [0.8; 16];
        let mut b = [0.4; 16];
        let n = x.len();
        for k in 0..2 {
            let at = 7 * k;
            for i in 0..n {
                let old = a[at + i];
                a[at + i] = old * x[i] + b[i + 1] * y[i];
                b[i + 1] = a[at + i].sin();
            }
            for i in 0..n {
                a[i] = a[i] * b[i] + 0.5;
                b[i + k] = b[i + k] * y[i];
            }
        }
        let mut sum = 0.0;
        for i in 0..16 {
            sum += a[i] * b[i];
        }
        sum
    }

    // The neighbour's element makes turns depend on each other.
    fn neighbours(x: &[f64], y: &[f64]) -> f64 {
        let mut a = [0.5; 9];
        for i in 0..x.len() {
            a[i + 1] = a[i] * x[i] + y[i];
        }
        for i in 0..x.len() {
            a[i] = a[i + 1] * a[i];
        }
        let mut sum = 0.0;
        for i in 0..9 {
            sum += a[i] * a[i];
        }
        sum
    }

    // A loop through which no derivative flows, inside of one that is taped.
    fn inert_loop(x: &[f64], y: &[f64]) -> f64 {
        let mut z = 1.0;
        let mut scale = 1.0;
        for i in 0..x.len() {
            for k in 0..i {
                scale *= 0.9;
                if k > 2 {
                    break;
                }
            }
            for _ in 0..3 {
                scale += 0.01;
            }
            z = z * x[i] * scale + y[i] * scale * scale;
        }
        z * scale
    }

    // The bound of a range changes behind its loop, and in it.
    fn changing_bounds(x: &[f64], y: &[f64]) -> f64 {
        let mut n = x.len();
        let mut z = 0.5;
        for i in 0..n {
            z = z * x[i] + y[i];
            n = i;
        }
        for i in 0..n {
            z += z * x[i];
        }
        n = 2;
        for i in 0..=n {
            z *= 1.0 + i as f64 * z * 0.1;
        }
        z
    }

    // Conditions that the reverse pass can evaluate again, and some that it can't.
    fn conditions(x: &[f64], y: &[f64]) -> f64 {
        let mut z = 1.0;
        let mut flag = true;
        for i in 0..x.len() {
            let a = x[i] * z;
            if a > 0.4 {
                z = z * a * 0.3 + y[i];
            }
            if flag {
                z *= x[i];
                flag = false;
            } else {
                flag = z > 0.3;
            }
            if i % 3 == 1 {
                continue;
            }
            z += a * a;
        }
        z
    }

    // A maximum, and the sum over differences from it.
    fn log_sum_exp(x: &[f64], y: &[f64]) -> f64 {
        let mut largest = 0.1;
        for i in 0..x.len() {
            if x[i] > largest {
                largest = x[i];
            }
        }
        let mut sum = 1.0;
        for i in 0..x.len() {
            sum += (x[i] - largest).exp() * y[i];
        }
        sum.ln() + largest
    }

    // Exponentials for all turns at once, of which the last one is read behind the loop, in a loop
    // that is run again for every element of another list.
    fn exponentials_in_rows(x: &[f64], y: &[f64]) -> f64 {
        let mut total = 0.3;
        let mut e = 0.7;
        for j in 0..y.len() {
            let mut sum = 1.5;
            for i in 0..x.len() {
                e = (x[i] * y[j] - 0.5).exp();
                sum += e;
            }
            total += sum.ln() * e;
        }
        total
    }

    // One exponential that could be computed for all turns at once, and one that could not.
    fn exponentials_of_turns(x: &[f64], y: &[f64]) -> f64 {
        let mut z: f64 = 0.4;
        for i in 0..x.len() {
            let early = (x[i] * 0.5).exp();
            let late = (z * 0.2).tanh();
            z = early * 0.1 + late * x[i];
        }
        z * y.len() as f64
    }

    // Values that functions of the prelude keep, in a recurrence and in branches.
    fn kept_by_callees(x: &[f64], y: &[f64]) -> f64 {
        let mut z: f64 = 0.4;
        for i in 0..x.len() {
            let gate = sigmoid(z * x[i] - 0.3);
            if gate > 0.45 {
                z = z * gate + sigmoid(x[i]) * 0.5;
            } else {
                z -= gate * softplus(z);
            }
        }
        for j in 0..y.len() {
            z += sigmoid(y[j] * z);
        }
        z
    }

    // Steps, an inclusive range, and one that runs backwards.
    fn ranges(x: &[f64], y: &[f64]) -> f64 {
        let mut z = 0.7;
        for i in (0..x.len()).step_by(2) {
            z = z * x[i] + 1.0;
        }
        for i in (0..x.len()).rev() {
            z = z * y[i] + x[i];
        }
        for i in 1..=x.len() {
            z = z * 0.5 + x[i - 1] * z;
        }
        z
    }

    // A sum over turns with inner loops, behind which only linear code stands: runs at once.
    fn sum_of_squares(x: &[f64], y: &[f64]) -> f64 {
        let mut total = 0.5;
        let mut weight = 1.0;
        let scale = 2.0 + y.len() as f64;
        for i in 0..y.len() {
            let mut z = y[i];
            let mut row = [0.0; 7];
            for k in 0..x.len() {
                row[k] = x[k] * weight + z;
                z += row[k].sin() * x[k] * weight;
            }
            let mut inner = 0.0;
            for k in 0..x.len() {
                let factor = row[k] * z;
                inner += factor * factor;
            }
            total += inner * weight;
            if z > 0.5 {
                total -= z * z;
            }
            weight *= 0.9;
        }
        let offset = 3.0 * scale;
        total * 0.5 / scale + offset
    }

    // The sum is read behind the loop by code that is not linear: the loop is taped.
    fn sum_that_is_squared(x: &[f64], y: &[f64]) -> f64 {
        let mut total = 0.0;
        for i in 0..x.len() {
            let mut z = 1.0;
            for k in 0..2 {
                z = z * x[i] + y[i] * k as f64;
            }
            total += z;
        }
        total * total
    }

    // Independent work behind the loop moves to its front; the sum goes on behind it.
    fn work_behind(x: &[f64], y: &[f64]) -> f64 {
        let mut total = 0.1;
        let mut penalty = 0.0;
        for i in 0..x.len() {
            for j in 0..=i {
                let d = x[i] - x[j];
                total += d * d * x[j];
            }
        }
        for i in 0..y.len() {
            penalty += y[i] * y[i] * y[i];
        }
        let root = (1.0 + penalty * penalty).sqrt();
        total -= 0.25 * penalty;
        total = total * 0.5;
        total + root
    }

    // The middle of the body is a branch, and the middle of its arm a loop.
    fn branch_around(x: &[f64], y: &[f64]) -> f64 {
        let offset = 0.3;
        if x.len() % 2 == 0 {
            let mut sum = 0.0;
            for i in 0..x.len() {
                let mut p = 1.0;
                for _ in 0..2 {
                    p *= x[i] + offset;
                }
                sum += p;
            }
            sum * 2.0
        } else {
            let mut product = 1.0;
            for i in 0..y.len() {
                product *= y[i];
            }
            product * x[0]
        }
    }

    // Nested sums: the inner one runs at once within the outer one.
    fn nested_sums(x: &[f64], y: &[f64]) -> f64 {
        let mut total = 0.0;
        let mut sign = 1.0;
        for i in 0..x.len() {
            let mut quad = 0.0;
            for r in 0..y.len() {
                let mut z = x[i] * y[r];
                for c in 0..r {
                    z += x[c] * (y[c] - x[i]);
                }
                quad += z * z;
            }
            total += sign * (x[i] - 0.5 * quad);
            sign = -sign;
        }
        total
    }

    // What the loop changes is read in front of it in the reverse pass.
    fn restored_behind(x: &[f64], y: &[f64]) -> f64 {
        let mut a = 1.3;
        let mut weight = 2.0;
        for i in 0..y.len() {
            a = a * y[i] + weight * weight;
            weight *= 0.8;
        }
        let mut total = a * a * weight;
        for i in 0..x.len() {
            let mut z = x[i];
            for _ in 0..2 {
                z = z * weight + a * z;
            }
            total += z * weight;
            weight += 0.5;
        }
        total * 3.0
    }
}

#[differentiable]
fn minor(a: &[f64], n: usize, row: usize, used: usize) -> f64 {
    if row == n {
        1.0
    } else {
        let mut total = 0.0;
        let mut sign = 1.0;
        for column in 0..n {
            if used >> column & 1 == 0 {
                total += sign * a[row * n + column] * minor(a, n, row + 1, used | 1 << column);
                sign = -sign;
            }
        }
        total
    }
}

/// `x^n`, by a recursion with an active argument by value.
#[differentiable]
fn power(x: f64, y: f64, n: usize) -> f64 {
    if n == 0 {
        y
    } else {
        let below = power(x, y * 1.5 + x, n - 1);
        below * x
    }
}

#[test]
fn recursion_runs_at_once() {
    for n in [1, 2, 3, 5] {
        let a: Vec<f64> = (0..n * n)
            .map(|k| ((k * 7919 + 1) as f64 * 0.618_033).fract() - 0.3)
            .collect();
        let (value, gradient) = minor::value_and_grad(&a, n, 0, 0);
        assert_eq!(value, minor(&a, n, 0, 0));
        for k in 0..n * n {
            // The determinant is linear in each entry.
            let with = |entry: f64| {
                let mut a = a.clone();
                a[k] = entry;
                minor(&a, n, 0, 0)
            };
            let slope = with(1.0) - with(0.0);
            assert!(
                (gradient[k] - slope).abs() < 1e-14,
                "{}, not {slope}",
                gradient[k]
            );
        }
        let (value, (dx, dy)) = power::value_and_grad(0.7, 0.4, n);
        let h = 1e-5;
        let along_x = (power(0.7 + h, 0.4, n) - power(0.7 - h, 0.4, n)) / (2.0 * h);
        let along_y = (power(0.7, 0.4 + h, n) - power(0.7, 0.4 - h, n)) / (2.0 * h);
        assert_eq!(value, power(0.7, 0.4, n));
        assert!(
            (dx - along_x).abs() < 1e-8 * (1.0 + dx.abs()),
            "{dx}, not {along_x}"
        );
        assert!(
            (dy - along_y).abs() < 1e-8 * (1.0 + dy.abs()),
            "{dy}, not {along_y}"
        );
    }
}
