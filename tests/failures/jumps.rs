//! Every jump out of every kind of loop.

use crate::common::strategies::programs;

programs! {
    fn continue_in_for_range(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        for i in 0..x.len() {
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                continue;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn break_in_for_range(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        for i in 0..x.len() {
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                break;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn return_in_for_range(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        for i in 0..x.len() {
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                return s * s;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn continue_in_for_reversed(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        for i in (0..x.len()).rev() {
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                continue;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn break_in_for_reversed(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        for i in (0..x.len()).rev() {
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                break;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn return_in_for_reversed(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        for i in (0..x.len()).rev() {
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                return s * s;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn continue_in_while(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        let mut next = 0;
        while next < x.len() {
            let i = next;
            next += 1;
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                continue;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn break_in_while(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        let mut next = 0;
        while next < x.len() {
            let i = next;
            next += 1;
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                break;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn return_in_while(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        let mut next = 0;
        while next < x.len() {
            let i = next;
            next += 1;
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                return s * s;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn continue_in_loop(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        let mut next = 0;
        loop {
            let i = next;
            next += 1;
            if i >= x.len() {
                break;
            }
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                continue;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn break_in_loop(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        let mut next = 0;
        loop {
            let i = next;
            next += 1;
            if i >= x.len() {
                break;
            }
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                break;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn return_in_loop(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        let mut next = 0;
        loop {
            let i = next;
            next += 1;
            if i >= x.len() {
                break;
            }
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                return s * s;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn continue_in_iterator(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        for (i, &v) in x.iter().enumerate() {
            s += v * 0.01;
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                continue;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn break_in_iterator(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        for (i, &v) in x.iter().enumerate() {
            s += v * 0.01;
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                break;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn return_in_iterator(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        for (i, &v) in x.iter().enumerate() {
            s += v * 0.01;
            let z = s * x[i];
            s = z.sin() + y[i];
            if i % 3 == 1 || s > 1.7 {
                s = s.cos() * x[i] + z;
                return s * s;
            }
            s += (z * y[i]).sin();
        }
        s * 1.5
    }

    fn continue_in_nested(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        'rows: for i in 0..x.len() {
            for j in 0..3 {
                let z = s * x[i];
                s = z.sin() + y[i];
                if j > 0 && i % 3 == 1 || s > 1.7 {
                    s = s.cos() * x[i] + z;
                    continue 'rows;
                }
                s += (z * y[i]).sin();
            }
            s *= 1.1;
        }
        s * 1.5
    }

    fn break_in_nested(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        'rows: for i in 0..x.len() {
            for j in 0..3 {
                let z = s * x[i];
                s = z.sin() + y[i];
                if j > 0 && i % 3 == 1 || s > 1.7 {
                    s = s.cos() * x[i] + z;
                    break 'rows;
                }
                s += (z * y[i]).sin();
            }
            s *= 1.1;
        }
        s * 1.5
    }

    fn return_in_nested(x: &[f64], y: &[f64]) -> f64 {
        let mut s = 0.3;
        'rows: for i in 0..x.len() {
            for j in 0..3 {
                let z = s * x[i];
                s = z.sin() + y[i];
                if j > 0 && i % 3 == 1 || s > 1.7 {
                    s = s.cos() * x[i] + z;
                    return s * s;
                }
                s += (z * y[i]).sin();
            }
            s *= 1.1;
        }
        s * 1.5
    }
}
