//! Hand tracking: how far points are from the surface of a posed hand.

use cotangent::prelude::*;
use serde_json::{Value, json};

use super::input::numbers;
use super::task::{Task, task, unknown};

type Matrix = [[f64; 4]; 4];

/// A bone: what it hangs from, where it is in the base pose, and the inverse of that.
struct Bone {
    parent: Option<usize>,
    base: Matrix,
    inverse: Matrix,
}

/// The model of a hand. A vertex follows a few bones, each with a weight.
pub(crate) struct Hand {
    bones: Vec<Bone>,
    vertices: Vec<[f64; 4]>,
    followed: Vec<Vec<(usize, f64)>>,
    triangles: Vec<[usize; 3]>,
    mirrored: bool,
}

#[differentiable]
fn product(a: &[[f64; 4]; 4], b: &[[f64; 4]; 4]) -> [[f64; 4]; 4] {
    let mut c = [[0.0; 4]; 4];
    for i in 0..4 {
        for j in 0..4 {
            c[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j] + a[i][3] * b[3][j];
        }
    }
    c
}

/// A turn about x, then y, then z.
#[differentiable]
fn turned(x: f64, y: f64, z: f64) -> [[f64; 4]; 4] {
    let (sx, cx) = (x.sin(), x.cos());
    let (sy, cy) = (y.sin(), y.cos());
    let (sz, cz) = (z.sin(), z.cos());
    [
        [cy * cz, sx * sy * cz - cx * sz, cx * sy * cz + sx * sz, 0.0],
        [cy * sz, sx * sy * sz + cx * cz, cx * sy * sz - sx * cz, 0.0],
        [-sy, sx * cy, cx * cy, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
}

/// The rotation by an angle-axis vector.
#[differentiable]
fn rotation(by: [f64; 3]) -> [[f64; 3]; 3] {
    let angle = (by[0] * by[0] + by[1] * by[1] + by[2] * by[2]).sqrt();
    if angle < 1e-4 {
        return [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    }
    let (x, y, z) = (by[0] / angle, by[1] / angle, by[2] / angle);
    let (s, c) = (angle.sin(), angle.cos());
    let t = 1.0 - c;
    [
        [x * x * t + c, x * y * t - z * s, x * z * t + y * s],
        [x * y * t + z * s, y * y * t + c, y * z * t - x * s],
        [x * z * t - y * s, y * z * t + x * s, z * z * t + c],
    ]
}

/// The vertices of the posed hand. The pose is a global rotation, a translation, and four angles for
/// each finger.
#[differentiable]
fn posed(theta: &[f64], #[no_diff] hand: &Hand) -> Vec<[f64; 3]> {
    let mut absolute: Vec<[[f64; 4]; 4]> = Vec::new();
    let mut transforms: Vec<[[f64; 4]; 4]> = Vec::new();
    for b in 0..hand.bones.len() {
        // The first bone is the wrist; of the four of a finger, the last three bend, the first of
        // these in two directions.
        let at = 2 + 4 * b.div_ceil(4);
        let turn = match (b + 3) % 4 {
            _ if b == 0 || b > 20 => turned(0.0, 0.0, 0.0),
            1 => turned(theta[at], 0.0, theta[at + 1]),
            2 => turned(theta[at + 2], 0.0, 0.0),
            3 => turned(theta[at + 3], 0.0, 0.0),
            _ => turned(0.0, 0.0, 0.0),
        };
        let relative = product(&hand.bones[b].base, &turn);
        let whole = match hand.bones[b].parent {
            Some(parent) => product(&absolute[parent], &relative),
            None => relative,
        };
        transforms.push(product(&whole, &hand.bones[b].inverse));
        absolute.push(whole);
    }
    let turn = rotation([theta[0], theta[1], theta[2]]);
    let mut positions = Vec::new();
    for v in 0..hand.vertices.len() {
        let mut p = [0.0; 3];
        for (bone, weight) in &hand.followed[v] {
            for i in 0..3 {
                let row = transforms[*bone][i];
                let vertex = hand.vertices[v];
                p[i] += weight
                    * (row[0] * vertex[0] + row[1] * vertex[1] + row[2] * vertex[2] + row[3] * vertex[3]);
            }
        }
        if hand.mirrored {
            p[0] = -p[0];
        }
        positions.push([
            turn[0][0] * p[0] + turn[0][1] * p[1] + turn[0][2] * p[2] + theta[3],
            turn[1][0] * p[0] + turn[1][1] * p[1] + turn[1][2] * p[2] + theta[4],
            turn[2][0] * p[0] + turn[2][1] * p[1] + turn[2][2] * p[2] + theta[5],
        ]);
    }
    positions
}

/// How far each point is from its place on the hand: a vertex, or, where there are `us`, a point of
/// a triangle. A shift moves all of the latter at once, so that its derivative is that of every
/// point by its own place.
#[differentiable(wrt(shift, theta))]
fn distances(
    shift: [f64; 2],
    theta: &[f64],
    us: &[[f64; 2]],
    places: &[usize],
    points: &[[f64; 3]],
    #[no_diff] hand: &Hand,
) -> Vec<f64> {
    let positions = posed(theta, hand);
    let mut distances = vec![0.0; 3 * points.len()];
    for i in 0..points.len() {
        for k in 0..3 {
            distances[3 * i + k] = points[i][k]
                - if us.is_empty() {
                    positions[places[i]][k]
                } else {
                    let corners = no_diff!(hand.triangles[places[i]]);
                    let (u, v) = (us[i][0] + shift[0], us[i][1] + shift[1]);
                    u * positions[corners[0]][k]
                        + v * positions[corners[1]][k]
                        + (1.0 - u - v) * positions[corners[2]][k]
                };
        }
    }
    distances
}

struct State {
    hand: Hand,
    theta: Vec<f64>,
    us: Vec<[f64; 2]>,
    places: Vec<usize>,
    points: Vec<[f64; 3]>,
    distances: Vec<f64>,
    jacobian: Option<cotangent::Matrix<f64>>,
}

fn objective(s: &mut State) {
    s.distances = distances([0.0; 2], &s.theta, &s.us, &s.places, &s.points, &s.hand);
}

fn jacobian(s: &mut State) {
    s.jacobian = Some(distances::jacobian(
        [0.0; 2], &s.theta, &s.us, &s.places, &s.points, &s.hand,
    ));
}

/// A list of lists of `N` numbers each.
fn rows<const N: usize>(input: &Value, name: &str) -> Result<Vec<[f64; N]>, String> {
    let flat = numbers(input, name)?;
    let (rows, rest) = flat.as_chunks::<N>();
    match rest {
        [] => Ok(rows.to_vec()),
        _ => Err(format!("`{name}` is not made of lists of {N} numbers")),
    }
}

/// A list of integers; what is negative is none.
fn integers(input: &Value, name: &str) -> Result<Vec<Option<usize>>, String> {
    let found = numbers(input, name)?.into_iter();
    Ok(found.map(|number| (number >= 0.0).then_some(number as usize)).collect())
}

/// A list of indices.
fn indices(input: &Value, name: &str) -> Result<Vec<usize>, String> {
    let found: Option<Vec<usize>> = integers(input, name)?.into_iter().collect();
    found.ok_or_else(|| format!("`{name}` has a negative index"))
}

fn hand(model: &Value) -> Result<Hand, String> {
    let matrices = |name| -> Result<Vec<Matrix>, String> {
        let rows: Vec<[f64; 4]> = rows(model, name)?;
        let (matrices, _) = rows.as_chunks::<4>();
        Ok(matrices.to_vec())
    };
    let parents = integers(model, "parents")?.into_iter();
    let (bases, inverses) = (matrices("base_relatives")?, matrices("inverse_base_absolutes")?);
    let bones: Vec<Bone> = parents
        .zip(bases.into_iter().zip(inverses))
        .map(|(parent, (base, inverse))| Bone { parent, base, inverse })
        .collect();
    let weights = numbers(model, "weights")?;
    let vertices = rows(model, "base_positions")?;
    if bones.is_empty() || weights.len() != vertices.len() * bones.len() {
        return Err("`weights` has not one number for each bone and vertex".to_string());
    }
    let nonzero = |weights: &[f64]| {
        let all = weights.iter().copied().enumerate();
        all.filter(|&(_, weight)| weight != 0.0).collect()
    };
    let triangles = indices(model, "triangles")?;
    Ok(Hand {
        followed: weights.chunks(bones.len()).map(nonzero).collect(),
        bones,
        vertices,
        triangles: triangles.as_chunks::<3>().0.to_vec(),
        mirrored: model["is_mirrored"].as_bool().unwrap_or(false),
    })
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let data = &input["data"];
    let state = State {
        hand: hand(&data["model"])?,
        theta: numbers(input, "theta")?,
        us: rows(input, "us")?,
        places: indices(data, "correspondences")?,
        points: rows(data, "points")?,
        distances: Vec::new(),
        jacobian: None,
    };
    let among = if state.us.is_empty() {
        state.hand.vertices.len()
    } else {
        state.hand.triangles.len()
    };
    let fits = state.theta.len() == 26
        && state.places.len() == state.points.len()
        && (state.us.is_empty() || state.us.len() == state.points.len())
        && state.places.iter().all(|&place| place < among);
    if !fits {
        return Err("the pose, the points and their places do not fit each other".to_string());
    }
    match function {
        "objective" => task(state, objective, |s| json!(s.distances)),
        "jacobian" => task(state, jacobian, |s| {
            // Without places on triangles nothing depends on a shift.
            let first = if s.us.is_empty() { 2 } else { 0 };
            let rows = s.jacobian.iter().flat_map(|matrix| {
                (0..matrix.rows()).map(move |row| json!(matrix.row(row)[first..]))
            });
            Value::Array(rows.collect())
        }),
        _ => unknown("ht", function),
    }
}
