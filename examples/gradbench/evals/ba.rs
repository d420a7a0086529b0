//! Bundle adjustment: how far cameras see points from where they were observed.

use cotangent::prelude::*;
use serde_json::{Value, json};

use super::input::{numbers, size};
use super::task::{Task, task, unknown};

/// Rotates a point by an angle-axis vector (Rodrigues).
#[differentiable]
fn rotate(by: [f64; 3], point: [f64; 3]) -> [f64; 3] {
    let square = by[0] * by[0] + by[1] * by[1] + by[2] * by[2];
    if square != 0.0 {
        let angle = square.sqrt();
        let (sin, cos) = (angle.sin(), angle.cos());
        let axis = [by[0] / angle, by[1] / angle, by[2] / angle];
        let along =
            (axis[0] * point[0] + axis[1] * point[1] + axis[2] * point[2]) * (1.0 - cos);
        [
            point[0] * cos + (axis[1] * point[2] - axis[2] * point[1]) * sin + axis[0] * along,
            point[1] * cos + (axis[2] * point[0] - axis[0] * point[2]) * sin + axis[1] * along,
            point[2] * cos + (axis[0] * point[1] - axis[1] * point[0]) * sin + axis[2] * along,
        ]
    } else {
        [
            point[0] + by[1] * point[2] - by[2] * point[1],
            point[1] + by[2] * point[0] - by[0] * point[2],
            point[2] + by[0] * point[1] - by[1] * point[0],
        ]
    }
}

/// The weighted distance, in the image, of a projected point from where it was seen. A camera is
/// its rotation, centre, focal length, principal point and two radial distortions.
#[differentiable(wrt(camera, point, weight))]
pub(crate) fn reprojection(
    camera: [f64; 11],
    point: [f64; 3],
    weight: f64,
    seen: [f64; 2],
) -> [f64; 2] {
    let turned = rotate(
        [camera[0], camera[1], camera[2]],
        [
            point[0] - camera[3],
            point[1] - camera[4],
            point[2] - camera[5],
        ],
    );
    let u = turned[0] / turned[2];
    let v = turned[1] / turned[2];
    let square = u * u + v * v;
    let stretch = 1.0 + camera[9] * square + camera[10] * square * square;
    [
        weight * (u * stretch * camera[6] + camera[7] - seen[0]),
        weight * (v * stretch * camera[6] + camera[8] - seen[1]),
    ]
}

/// What keeps a weight from vanishing.
#[differentiable]
fn weight_error(weight: f64) -> f64 {
    1.0 - weight * weight
}

struct State {
    cameras: Vec<[f64; 11]>,
    points: Vec<[f64; 3]>,
    weights: Vec<f64>,
    seen: Vec<[f64; 2]>,
    errors: Vec<[f64; 2]>,
    weight_errors: Vec<f64>,
    jacobian: Sparse,
}

/// A sparse matrix, row by row.
#[derive(Default)]
struct Sparse {
    starts: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<f64>,
}

impl Sparse {
    fn clear(&mut self) {
        self.starts.clear();
        self.starts.push(0);
        self.columns.clear();
        self.values.clear();
    }

    /// The row of an observation: eleven columns of its camera, three of its point, its weight.
    fn push_block(&mut self, at: [usize; 3], camera: &[f64; 11], point: &[f64; 3], weight: f64) {
        self.columns.extend(at[0]..at[0] + 11);
        self.columns.extend(at[1]..at[1] + 3);
        self.columns.push(at[2]);
        self.values.extend_from_slice(camera);
        self.values.extend_from_slice(point);
        self.values.push(weight);
        self.starts.push(self.columns.len());
    }

    fn push(&mut self, column: usize, value: f64) {
        self.columns.push(column);
        self.values.push(value);
        self.starts.push(self.columns.len());
    }
}

fn objective(s: &mut State) {
    for i in 0..s.weights.len() {
        let camera = s.cameras[i % s.cameras.len()];
        let point = s.points[i % s.points.len()];
        s.errors[i] = reprojection(camera, point, s.weights[i], s.seen[i]);
        s.weight_errors[i] = weight_error(s.weights[i]);
    }
}

fn jacobian(s: &mut State) {
    let (n, m) = (s.cameras.len(), s.points.len());
    s.jacobian.clear();
    for i in 0..s.weights.len() {
        let (camera, point) = (s.cameras[i % n], s.points[i % m]);
        let at = [11 * (i % n), 11 * n + 3 * (i % m), 11 * n + 3 * m + i];
        for seed in [[1.0, 0.0], [0.0, 1.0]] {
            let (_, (d_camera, d_point, d_weight)) =
                reprojection::vjp(camera, point, s.weights[i], s.seen[i], seed);
            s.jacobian.push_block(at, &d_camera, &d_point, d_weight);
        }
    }
    for i in 0..s.weights.len() {
        let slope = weight_error::grad(s.weights[i]);
        s.jacobian.push(11 * n + 3 * m + i, slope);
    }
}

/// The first thirty entries and the last one.
fn ends<T: Copy>(list: &[T]) -> Vec<T> {
    let mut ends = list[..30].to_vec();
    ends.extend(list.last());
    ends
}

fn array<const N: usize>(input: &Value, name: &str) -> Result<[f64; N], String> {
    let found = numbers(input, name)?;
    let wrong = |_| format!("`{name}` has not {N} numbers");
    found.try_into().map_err(wrong)
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let (n, m, p) = (size(input, "n")?, size(input, "m")?, size(input, "p")?);
    if n == 0 || m == 0 || p == 0 {
        return Err("there must be a camera, a point and an observation".to_string());
    }
    let weight = input["w"].as_f64().ok_or("`w` is not a number")?;
    let state = State {
        cameras: vec![array(input, "cam")?; n],
        points: vec![array(input, "x")?; m],
        weights: vec![weight; p],
        seen: vec![array(input, "feat")?; p],
        errors: vec![[0.0; 2]; p],
        weight_errors: vec![0.0; p],
        jacobian: Sparse::default(),
    };
    match function {
        "objective" => task(state, objective, |s| {
            let count = s.errors.len();
            json!({
                "reproj_error": { "elements": s.errors[0], "repeated": count },
                "w_err": { "element": s.weight_errors[0], "repeated": count },
            })
        }),
        "jacobian" => task(state, jacobian, |s| {
            let Sparse {
                starts,
                columns,
                values,
            } = &s.jacobian;
            json!({ "rows": ends(starts), "cols": ends(columns), "vals": ends(values) })
        }),
        _ => unknown("ba", function),
    }
}
