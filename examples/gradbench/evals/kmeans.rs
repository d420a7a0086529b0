//! k-means clustering by Newton's method.

use cotangent::prelude::*;
use serde_json::Value;

use super::input::numbers;
use super::task::{Task, task, unknown};

/// The sum over points of the squared distance from the nearest centroid, in `d` dimensions.
#[differentiable(wrt(centroids))]
pub(crate) fn cost(points: &[f64], centroids: &[f64], d: usize) -> f64 {
    let mut total = 0.0;
    for i in 0..points.len() / d {
        let mut closest = f64::INFINITY;
        for j in 0..centroids.len() / d {
            let mut distance = 0.0;
            for c in 0..d {
                let difference = points[i * d + c] - centroids[j * d + c];
                distance += difference * difference;
            }
            if distance < closest {
                closest = distance;
            }
        }
        total += closest;
    }
    total
}

struct State {
    points: Vec<f64>,
    centroids: Vec<f64>,
    d: usize,
    ones: Vec<f64>,
    value: f64,
    direction: Vec<f64>,
}

pub(crate) fn eval(function: &str, input: &Value) -> Result<Box<dyn Task>, String> {
    let centroids = numbers(input, "centroids")?;
    let state = State {
        points: numbers(input, "points")?,
        d: input["centroids"][0].as_array().map_or(0, Vec::len),
        ones: vec![1.0; centroids.len()],
        centroids,
        value: 0.0,
        direction: Vec::new(),
    };
    if state.d == 0 || !state.points.len().is_multiple_of(state.d) || !state.centroids.len().is_multiple_of(state.d) {
        return Err("the sizes of `points` and `centroids` do not fit".to_string());
    }
    match function {
        "cost" => task(
            state,
            |s| s.value = cost(&s.points, &s.centroids, s.d),
            |s| s.value.into(),
        ),
        // The Hessian is diagonal, so that its product with ones is its diagonal.
        "dir" => task(
            state,
            |s| {
                let (value, gradient, diagonal) =
                    cost::value_grad_and_hvp(&s.points, &s.centroids, s.d, &s.ones);
                s.value = value;
                s.direction = gradient;
                for (step, curvature) in s.direction.iter_mut().zip(diagonal) {
                    *step /= curvature;
                }
            },
            |s| s.direction.chunks(s.d).map(<[f64]>::to_vec).collect(),
        ),
        _ => unknown("kmeans", function),
    }
}
