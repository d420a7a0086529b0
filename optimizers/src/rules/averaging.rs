//! What the schedule-free rules share: their warmup, and the weight of an iterate in the average.
//! Defazio et al., "The Road Less Scheduled", 2024.

/// The factor of a linear warmup of `steps` in a step; `ahead` is 1 for the weight of the iterate,
/// which optax (`from_zero`) counts one step further than the update.
pub(super) fn warmup(steps: u64, from_zero: bool, step: u64, ahead: u64) -> f64 {
    if steps == 0 {
        return 1.0;
    }
    let done = if from_zero { step - 1 + ahead } else { step };
    (done as f64 / steps as f64).min(1.0)
}

/// Takes the iterate of this rate into the average: `memory` is the sum of the weights, the largest
/// rate so far and the share of this iterate.
pub(super) fn weigh(memory: &mut [f64], rate: f64, power: f64) {
    memory[1] = memory[1].max(rate);
    let weight = memory[1].powf(power);
    memory[0] += weight;
    memory[2] = if memory[0] > 0.0 {
        weight / memory[0]
    } else {
        0.0
    };
}
