//! The functions that programs call, and the printing over one type of number.

use std::fmt::Write;

/// The functions that programs call.
pub const HELPERS: &str = "
fn bend(x: F, y: F) -> F {
    if x > y { x * y } else { (x * C(0.5)).sin() + y * y * C(0.25) }
}

fn dot(a: &[F], b: &[F]) -> F {
    let mut s = C(0.0);
    for (u, v) in a.iter().zip(b) { s += u * v; }
    s
}

fn stir(v: &mut [F], k: F) -> F {
    let mut last = k;
    for i in 0..v.len() {
        if v[i] > C(0.9) { return last; }
        last = (last * v[i]).sin();
        v[i] = last + k;
    }
    last
}

fn nest(v: &[F], k: F, depth: usize) -> F {
    if depth == 0 || v.is_empty() { return k * C(0.5); }
    let inner = nest(&v[1..], (k * v[0]).sin(), depth - 1);
    (inner * v[0]).cos() + k
}

fn twist(x: F, y: F) -> (F, F) {
    let z = (x * y).sin();
    (z + x, z * y)
}

fn turned(v: [F; 3], k: F) -> [F; 3] {
    let mut w = v;
    w[0] = (v[1] * k).sin();
    w[1] *= w[0];
    [w[2], w[0], w[1]]
}
";

/// The text over one type of number. Constants lose their mark, or get that of the type.
pub fn over(text: &str, ty: &str, constant: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['F', 'C']) {
        let before = rest[..at].chars().next_back().unwrap_or(' ');
        let after = rest[at + 1..].chars().next().unwrap_or(' ');
        out.push_str(&rest[..at]);
        let alone = !before.is_alphanumeric();
        match (&rest[at..=at], after) {
            ("F", after) if alone && !after.is_alphanumeric() => out.push_str(ty),
            ("C", '(') if alone && constant.is_empty() => {
                let end = rest[at..].find(')').map_or(rest.len(), |end| at + end);
                let _ = write!(out, "{}_f64", &rest[at + 1..end]);
                rest = &rest[end..];
                continue;
            }
            ("C", '(') if alone => out.push_str(constant),
            (letter, _) => out.push_str(letter),
        }
        rest = &rest[at + 1..];
    }
    out + rest
}

/// The functions with their attribute.
pub fn marked(helpers: &str) -> String {
    helpers.replace("\nfn ", "\n#[differentiable]\npub fn ")
}
